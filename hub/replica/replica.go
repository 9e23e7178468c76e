package replica

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/history"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// checkHeadEvery is how often the head of the log is read, also without hints.
const checkHeadEvery = time.Second

// Replica is one log on this node. Run must be called once; the other methods are
// safe for concurrent use.
type Replica struct {
	core  *core
	ready chan struct{} // closed when the log is loaded, or could not be
	err   error         // why it could not be; read only after ready

	refills chan refill // what an operator asks for: see Refill

	// The fields below belong to the goroutine Run, except for batches.busy.
	loader    *loader
	snapshots *snapshots
	follower  *follower
	committer *committer
	recovery  *recovery
	reread    *reread
	lost      *lostCommands
	deadlines *deadlines
	batches   *batcher
}

// New returns a replica of a log. It does nothing until Run is called.
func New(env *Env, log journal.LogID) *Replica {
	c := newCore(env, log)
	s, d := newSnapshots(c), newDeadlines(c)
	f := &follower{core: c, snapshots: s, recent: new(history.RecentRecords), older: make(chan history.OlderRecords, 1)}
	m, l := &committer{core: c, follower: f}, &lostCommands{core: c}
	load := &loader{core: c, snapshots: s}
	heal := &recovery{core: c, follower: f, loader: load, lost: l}
	f.recover = heal.recoverDivergence
	return &Replica{
		core: c, ready: make(chan struct{}), refills: make(chan refill), recovery: heal, reread: &reread{core: c, follower: f}, loader: load, snapshots: s, follower: f, committer: m, lost: l, deadlines: d,
		batches: &batcher{core: c, decider: decider{c}, committer: m, deadlines: d, lost: l},
	}
}

// Run loads the log and follows it until the node stops or the replica may close. It
// notifies s of what happens.
func (r *Replica) Run(s Subscriber) {
	defer r.deadlines.timer.Stop()
	r.core.subscriber = s
	if r.err = r.open(); r.err != nil {
		r.core.LogFailed(r.core.log)
		close(r.ready)
		return
	}
	close(r.ready)
	watching, stop := context.WithCancel(r.core.Context)
	watched := make(chan struct{})
	go func() { defer close(watched); r.core.watch(watching) }()
	r.loop()
	stop()
	<-watched
	r.snapshots.storeLast()
}

// open loads the log.
func (r *Replica) open() error {
	c := r.core
	loaded, err := r.loader.load()
	if isCorrupt(err) {
		c.Logger.Error("the log cannot be opened", "log", c.log, "err", err)
		c.LogReadable(c.log, &corruptError{c.log, err})
	}
	if err != nil {
		return err
	}
	r.follower.install(loaded)
	c.LogReadable(c.log, nil)
	if loaded.cursor.At().Seq == 0 {
		r.follower.readToHead() // it may have to hold records
	}
	// For the journal's clock; it does not matter if the log has moved on meanwhile.
	if err := c.checkHead(); err != nil && !errors.Is(err, journal.ErrPositionMismatch) {
		c.markUnavailable(err)
	}
	return nil
}

func (r *Replica) loop() {
	check := time.NewTicker(checkHeadEvery)
	defer check.Stop()
	for {
		r.batches.drainQueue()
		if !r.hasUnfinished() && r.core.MayClose(r.core.log) {
			return
		}
		r.deadlines.armTimer()
		select {
		case <-r.core.Context.Done():
			r.core.queue.close(unavailable)
			return
		case <-r.core.wake:
			r.follower.takeHints()
		case older := <-r.follower.older:
			r.follower.recent.Prepend(older)
		case request := <-r.refills:
			request.done <- r.recovery.do(request)
		case <-r.deadlines.timer.C:
		case <-check.C:
			r.reread.reread()
			r.committer.resolveUnknownAppend()
			r.follower.readToHead()
		}
	}
}

// hasUnfinished reports whether the replica must not close: the outcome of an append
// is unknown, a lost command is not reported yet, or the log is lost and this node may be
// the only one that holds it.
func (r *Replica) hasUnfinished() bool {
	return r.committer.unresolved != nil || r.lost.pending() || r.core.lost.Load() != nil
}

// Ready returns a channel that is closed when the log has been loaded, or could not
// be; see Err.
func (r *Replica) Ready() <-chan struct{} { return r.ready }

// Err returns why the log could not be loaded, or nil. It must be called only after
// Ready is closed.
func (r *Replica) Err() error { return r.err }

// Log returns the log's name.
func (r *Replica) Log() journal.LogID { return r.core.log }

// History returns the versions of the log.
func (r *Replica) History() *history.History { return r.core.history }

// Now returns the wall time, corrected by the journal's clock.
func (r *Replica) Now() time.Time { return r.core.now() }

// LinkValid reports whether a credential holds in a state of this log: link belongs to
// who and has the given generation. An organiser's link is looked up in the instance's
// newest state.
func (r *Replica) LinkValid(who floor.ActorID, link floor.LinkID, generation int, state *floor.State) bool {
	return r.core.linkValid(who, link, generation, state)
}

// Submit adds a command to the queue, or returns why it cannot. It never blocks.
func (r *Replica) Submit(c *Command) *wire.Problem {
	code := wire.Code("")
	switch {
	case len(c.Envelope.Key) == 0 || len(c.Envelope.Key) > journal.MaxKey:
		code = wire.CodeBadValue
	case r.core.Draining.Load():
		code = wire.CodeDraining
	case !r.core.mayAppend():
		code = wire.CodeUnavailable
	default:
		c.digest = wire.PayloadDigest(c.Envelope.Command)
		if c.Envelope.NotAfter != 0 {
			c.notAfter = r.core.clock.moment(c.Envelope.NotAfter)
		}
		code = r.core.queue.add(c)
	}
	if code != "" {
		r.core.countRefusal(code)
		return &wire.Problem{Code: code}
	}
	r.core.wakeUp()
	return nil
}

// Waiting returns the number of commands in the queue.
func (r *Replica) Waiting() int { return r.core.queue.len() }

// Idle reports whether no command waits or is being decided.
func (r *Replica) Idle() bool { return r.core.queue.len() == 0 && !r.batches.busy.Load() }

// Corrupt reports whether the log holds what this version cannot apply.
func (r *Replica) Corrupt() bool { return r.core.corrupt.Load() != nil }

// UnavailableSince returns the wall time, in ms, since when the journal does not
// answer or takes no records, or the log is corrupt; 0 if none of these is so.
func (r *Replica) UnavailableSince() floor.Instant {
	return floor.Instant(r.core.unavailableSince.Load())
}

// Lost returns how the log is lost, or nil if it is not.
func (r *Replica) Lost() *LostLog { return r.core.lost.Load() }

// WakeUp makes the replica check soon whether it may close. It never blocks.
func (r *Replica) WakeUp() { r.core.wakeUp() }

// RequestRead makes the replica read the log to its head soon. It never blocks.
func (r *Replica) RequestRead() { r.core.requestRead() }

// NextCatchUp returns the number of the first catch-up that begins from now on: a
// reading of the log to its head.
func (r *Replica) NextCatchUp() uint64 { return r.core.catchUps.begun.Load() + 1 }

// CaughtUp reports whether the catch-up of a number, or a later one, has ended.
func (r *Replica) CaughtUp(number uint64) bool { return r.core.catchUps.done.Load() >= number }

// WaitForSeq blocks until the newest version is at seq or later, and makes the replica
// read the log. It returns an error if that takes longer than CallTimeout, or ctx ends.
func (r *Replica) WaitForSeq(ctx context.Context, seq uint64) error {
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	for requested := false; ; requested = true {
		changed := r.core.history.Changed()
		head, _ := r.core.history.HeadAndLineage()
		if head.At.Seq >= seq {
			return nil
		}
		if !requested {
			r.core.requestRead()
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("this node stands at %d, not %d", head.At.Seq, seq)
		}
	}
}
