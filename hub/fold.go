package hub

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/history"
	"github.com/matchfloor/matchfloor/hub/presence"
	"github.com/matchfloor/matchfloor/journal"
)

// The pace of a fold.
const (
	headCheck   = time.Second            // how often the log's head is read, whatever hints say
	callTime    = 2 * time.Second        // for one call of the journal
	commandTime = 2 * time.Second        // for a command, from its turn to its answer
	retryPause  = 20 * time.Millisecond  // between sending a batch and sending it again; doubled each time
	retryMost   = 300 * time.Millisecond // the longest such pause
	dueAgain    = time.Second            // before what is due is tried again on the same state
)

// fold is one open log on this node: the goroutine run, which alone moves its
// state forward, and what others read of it.
type fold struct {
	hub      *Hub
	log      journal.LogID
	history  *history.History
	frames   *frames
	audience *audience
	queue    *queue
	wake     chan struct{} // one slot: there is something to do
	hints    mailbox
	live     atomic.Pointer[liveness]
	liveMu   sync.Mutex // orders the makings of live
	presence presence.Tracker
	receipts *presence.Receipts

	ready   chan struct{} // closed when the log is loaded, or could not be
	failed  error         // why it could not be; read only after ready
	away    atomic.Int64  // wall time in ms since when the journal does not answer; 0 while it does
	broken  atomic.Pointer[brokenError]
	offset  atomic.Int64 // of the journal's clock to this node's, in ns
	checks  checks
	putting chan struct{} // one slot: taken while a snapshot is being put
	putSize atomic.Int64  // bytes of the last one; 0 where none is known of
	// putFailed says that the last put, if there was one, stored nothing.
	putFailed atomic.Bool
	busy      atomic.Bool // a batch is being decided

	refs  int       // guarded by hub.mu: sessions and calls that need it
	since time.Time // guarded by hub.mu: when refs came to 0

	// What follows belongs to the goroutine run.
	cursor    *journal.Cursor
	recent    *history.RecentRecords
	losses    []loss   // commands that are to be named as lost
	unsettled *attempt // an append of which nobody knows whether it was stored
	stored    stored
	due       *time.Timer
	dueTried  tried
	calm      calm
	begun     time.Time     // when the last batch did
	by        floor.ActorID // who gave the first command of it
	gathered  time.Time     // when the last batch of several commands began
}

// tried remembers for which state what is due was last submitted.
type tried struct {
	at   journal.Position
	when time.Time
}

// brokenError says why a log is folded no further by this version.
type brokenError struct {
	log journal.LogID
	err error
}

func (e *brokenError) Error() string { return "hub: log " + string(e.log) + ": " + e.err.Error() }
func (e *brokenError) Unwrap() error { return e.err }

func newFold(h *Hub, log journal.LogID) *fold {
	f := &fold{
		hub: h, log: log, history: history.New(h.options.HistorySize), audience: newAudience(),
		queue: newQueue(h.options.QueueSize), wake: make(chan struct{}, 1), ready: make(chan struct{}), putting: make(chan struct{}, 1),
		due: time.NewTimer(time.Hour), recent: history.NewRecentRecords(h.options.HistorySize),
	}
	f.frames = newFrames(h, f.history)
	f.receipts = presence.NewReceipts(h.ctx, h.owned.Go, f)
	f.tellLive()
	return f
}

// run is the fold's goroutine. It ends when the hub closes or nobody has needed
// the log for a while.
func (f *fold) run() {
	defer f.due.Stop()
	if f.failed = f.load(); f.failed != nil {
		f.hub.forget(f)
		close(f.ready)
		return
	}
	close(f.ready)
	watching, stop := context.WithCancel(f.hub.ctx)
	watched := make(chan struct{})
	go func() { defer close(watched); f.watch(watching) }()
	f.loop()
	stop()
	<-watched
	f.putLast()
}

func (f *fold) loop() {
	check := time.NewTicker(headCheck)
	defer check.Stop()
	for {
		f.serve()
		if f.hub.retire(f) {
			return
		}
		f.planDue()
		select {
		case <-f.hub.ctx.Done():
			f.queue.shut(unavailable)
			return
		case <-f.wake:
			f.takeHints()
		case <-f.due.C:
		case <-check.C:
			f.settle()
			f.checkHead()
		}
	}
}

// nudge makes the loop look around; it never blocks.
func (f *fold) nudge() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// now is the wall time, corrected by the journal's clock.
func (f *fold) now() time.Time { return f.hub.clock.now().Add(time.Duration(f.offset.Load())) }

func instant(t time.Time) floor.Instant { return floor.Instant(t.UnixMilli()) }

// setClock corrects the node's clock by what the journal answered to a call that
// lasted from begun until now. Corrections smaller than the call's own
// uncertainty are left alone, so that stamps do not wander.
func (f *fold) setClock(clock, begun time.Time) {
	if clock.IsZero() {
		return
	}
	trip := time.Since(begun)
	offset := clock.Sub(f.hub.clock.at(begun.Add(trip / 2)))
	if wrong := offset - time.Duration(f.offset.Load()); wrong.Abs() > trip+time.Millisecond && trip < time.Second {
		f.offset.Store(int64(offset))
	}
}

// call answers a context for one call of the journal.
func (f *fold) call() (context.Context, context.CancelFunc) {
	return context.WithTimeout(f.hub.ctx, callTime)
}

// lost notes that the journal did not answer: commands are refused until it does.
func (f *fold) lost(err error) {
	if f.hub.ctx.Err() != nil {
		return
	}
	if f.away.CompareAndSwap(0, f.now().UnixMilli()) {
		f.hub.log.Warn("the journal does not answer; screens go on, commands wait", "log", f.log, "err", err)
		f.hub.counters.outages.Add(1)
		f.tellLive()
		f.readOn() // it may have been a moment
	}
	f.queue.refuseAll(unavailable)
}

// back notes that the journal answers.
func (f *fold) back() {
	if since := f.away.Swap(0); since != 0 {
		f.hub.log.Info("the journal answers again", "log", f.log, "away", f.now().Sub(time.UnixMilli(since)).Round(time.Millisecond))
		f.tellLive()
	}
}

// breakDown stops folding: the log holds what this version cannot read, or
// what is damaged. Screens keep what they have, as of now.
func (f *fold) breakDown(err error) {
	if f.broken.CompareAndSwap(nil, &brokenError{f.log, err}) {
		f.hub.log.Error("the log cannot be folded any further", "log", f.log, "err", err)
		f.hub.noteOpening(f.log, f.broken.Load())
		f.away.CompareAndSwap(0, f.now().UnixMilli())
		f.tellLive()
	}
	f.queue.refuseAll(unavailable)
}

// judge deals with an error of a call that read the log.
func (f *fold) judge(err error) {
	var unknown *floor.UnknownChangeError
	switch {
	case errors.Is(err, journal.ErrCorrupt), errors.As(err, &unknown), errors.Is(err, errUnreadable):
		f.breakDown(err)
	case errors.Is(err, journal.ErrDiverged):
		f.startOver(err)
	default:
		f.lost(err)
	}
}
