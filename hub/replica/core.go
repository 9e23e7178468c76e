package replica

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/history"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// Timeouts of a replica.
const (
	CallTimeout    = 2 * time.Second // of one call of the journal
	CommandTimeout = 2 * time.Second // of a command, from when it is taken from the queue to its verdict
)

// core is what all parts of a replica share. Its methods are safe for concurrent use,
// but for those that change whether the log is available: they belong to the
// replica's goroutine.
type core struct {
	*Env
	log        journal.LogID
	subscriber Subscriber // set before the log is loaded
	history    *history.History
	queue      *queue
	hints      hints
	wake       chan struct{} // one slot: there is something to do
	catchUps   catchUps

	clock            journalClock
	unavailableSince atomic.Int64 // wall time in ms since when the journal does not answer or takes no records; 0 while it does
	refused          refusedAppends
	corrupt          atomic.Pointer[corruptError]
	lost             atomic.Pointer[LostLog] // the log is without the records that it must have
}

func newCore(env *Env, log journal.LogID) *core {
	return &core{
		Env: env, log: log, history: history.New(env.HistorySize), queue: newQueue(env.QueueSize),
		wake: make(chan struct{}, 1), clock: journalClock{node: env.Clock},
	}
}

// catchUps counts the readings of the log to its head, so that a session can wait for
// one that began after a certain moment.
type catchUps struct{ begun, done atomic.Uint64 }

// corruptError is why this version applies no more records of a log.
type corruptError struct {
	log journal.LogID
	err error
}

func (e *corruptError) Error() string { return "replica: log " + string(e.log) + ": " + e.err.Error() }
func (e *corruptError) Unwrap() error { return e.err }

// wakeUp makes the replica's goroutine look for work. It never blocks.
func (c *core) wakeUp() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// requestRead makes the replica's goroutine read the log soon.
func (c *core) requestRead() {
	c.hints.put(nil)
	c.wakeUp()
}

// now returns the wall time, corrected by the journal's clock.
func (c *core) now() time.Time { return c.clock.now() }

// instant returns a wall time as the floor counts it.
func instant(t time.Time) floor.Instant { return floor.Instant(t.UnixMilli()) }

// available reports whether the journal answers and the log can be applied.
func (c *core) available() bool { return c.unavailableSince.Load() == 0 && c.corrupt.Load() == nil }

// mayAppend reports whether commands may be decided: the journal and the log can be used, or
// it is time to try whether the journal takes records again.
func (c *core) mayAppend() bool {
	return c.available() || c.refused.mayTry() && c.corrupt.Load() == nil && c.lost.Load() == nil
}

// markUnavailable notes that the journal does not answer: commands are refused until
// it does.
func (c *core) markUnavailable(err error) {
	c.setUnavailable("the journal does not answer; screens go on, commands are refused for now", err)
	c.refused.forget() // whether it takes records is not known any more
}

// markRefused notes that the journal answers, but does not take records.
func (c *core) markRefused(err error) {
	c.setUnavailable("the journal takes no changes; screens go on, commands are refused for now", err)
	c.refused.add()
}

// markTaken notes that the journal has taken a record.
func (c *core) markTaken() {
	if c.refused.forget() {
		c.markAvailable()
	}
}

// setUnavailable makes commands be refused. It logs message unless they are already.
func (c *core) setUnavailable(message string, err error) {
	if c.Context.Err() != nil {
		return
	}
	if c.unavailableSince.CompareAndSwap(0, c.now().UnixMilli()) {
		c.Logger.Warn(message, "log", c.log, "err", err)
		c.Counters.Outages.Add(1)
		c.subscriber.StatusChanged()
		c.requestRead() // it may have been a single failure
	}
	c.queue.refuseAll(unavailable)
}

// markAvailable notes that the journal answers, and that the log is the one that this
// node follows. If the journal takes no records, the log stays unavailable.
func (c *core) markAvailable() {
	message := "the journal answers again"
	if c.lost.Swap(nil) != nil {
		message = "the log is back"
	}
	if c.refused.hold() {
		return
	}
	if since := c.unavailableSince.Swap(0); since != 0 {
		c.Logger.Info(message, "log", c.log, "away", c.now().Sub(time.UnixMilli(since)).Round(time.Millisecond))
		c.subscriber.StatusChanged()
	}
}

// markCorrupt notes that the log holds what this version cannot apply, or is damaged.
// The replica applies and decides nothing until the log has been repaired: see reread.
// Screens keep their view, and show since when it is old.
func (c *core) markCorrupt(err error) {
	if c.corrupt.CompareAndSwap(nil, &corruptError{c.log, err}) {
		c.Logger.Error("the log cannot be applied any further", "log", c.log, "err", err)
		c.LogReadable(c.log, c.corrupt.Load())
		c.unavailableSince.CompareAndSwap(0, c.now().UnixMilli())
		c.subscriber.StatusChanged()
	}
	c.queue.refuseAll(unavailable)
}

// markLost notes that the log is lost. Screens keep their view and show since when it is
// old; commands are refused for now.
func (c *core) markLost(l *LostLog) {
	if old := c.lost.Load(); old != nil {
		l.Since = old.Since
		if old.Why == l.Why {
			c.lost.Store(l)
			c.queue.refuseAll(unavailable)
			return
		}
	}
	c.lost.Store(l)
	c.Counters.Losses.Add(1)
	c.Logger.Error("the log has lost its records: screens keep their view, commands wait, and this node appends nothing "+
		"to it until it is back, or until an operator runs matchfloor restore or matchfloor recover",
		"log", c.log, "code", "log_lost", "why", l.Why, "held", l.Held, "found", l.Found)
	c.unavailableSince.CompareAndSwap(0, c.now().UnixMilli())
	c.subscriber.StatusChanged()
	c.queue.refuseAll(unavailable)
}

// linkValid reports whether, in a state of this log, a link belongs to who and has
// the given generation. An organiser's link is looked up in the newest state of the
// instance's log.
func (c *core) linkValid(who floor.ActorID, link floor.LinkID, generation int, state *floor.State) bool {
	var found floor.Link
	var ok bool
	if who.Role() == floor.RoleOrganiser && c.log != journal.InstanceLog {
		instance := c.InstanceHistory()
		if instance == nil {
			return false
		}
		head, _ := instance.HeadAndLineage()
		found, ok = head.State.Link(link)
	} else {
		found, ok = state.Link(link)
	}
	return ok && found.Who == who && found.Generation == generation
}

// checkHead returns nil if the log stands durably where the replica does.
func (c *core) checkHead() error {
	ctx, cancel := c.callContext()
	defer cancel()
	begun := time.Now()
	clock, err := c.Journal.CheckHead(ctx, c.log, c.history.Head().At)
	if err == nil {
		c.clock.measure(clock, begun, time.Now())
	}
	return err
}

// errUnreadable means that a record is not one of floor's.
var errUnreadable = errors.New("replica: a record cannot be read")

// isCorrupt reports whether an error means that the log is damaged, or that this
// version cannot apply it.
func isCorrupt(err error) bool {
	var unknown *floor.UnknownChangeError
	return errors.Is(err, journal.ErrCorrupt) || errors.As(err, &unknown) || errors.Is(err, errUnreadable)
}

// countRefusal counts a refused command.
func (c *core) countRefusal(code wire.Code) {
	if wire.Retry(code) {
		c.Counters.Unavailable.Add(1)
	} else {
		c.Counters.Refused.Add(1)
	}
}
