package replica

import (
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/history"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

const (
	maxDue   = 64          // commands of the clock in one batch
	dueRetry = time.Second // before what is due is tried again on the same state
)

// dueLookEvery is how old the result of a look for what is due may be on a newer
// state. A floor on which much is moved changes hundreds of times a second, and
// nothing falls due within that time of being made.
const dueLookEvery = 100 * time.Millisecond

// deadlines finds out what has fallen due.
type deadlines struct {
	*core
	timer   *time.Timer
	lastTry dueAttempt
	cache   deadlineCache
}

// dueAttempt says on which state what is due was last submitted, and when.
type dueAttempt struct {
	at   journal.Position
	when time.Time
}

// deadlineCache says that, in the state at a position, nothing falls due before next,
// by the event's clock; 0 means never.
type deadlineCache struct {
	at   journal.Position
	when time.Time // of the look
	next floor.Instant
}

func newDeadlines(c *core) *deadlines { return &deadlines{core: c, timer: time.NewTimer(time.Hour)} }

// commands returns commands for what has fallen due. Every node that has the log open
// makes the same ones, under the same keys, so that one of each is appended.
func (d *deadlines) commands() (commands []*Command) {
	head, _ := d.history.HeadAndLineage()
	if d.lastTry.at == head.At && time.Since(d.lastTry.when) < dueRetry {
		return nil
	}
	due, _ := d.look(head)
	if len(due) == 0 {
		return nil
	}
	d.lastTry = dueAttempt{head.At, time.Now()}
	for _, c := range due[:min(len(due), maxDue)] {
		commands = append(commands, &Command{
			Envelope: floor.Envelope{Key: c.Key(), By: floor.Clock, Unconditional: true, Command: c},
			digest:   wire.PayloadDigest(c),
			Done:     func(Verdict) {}, // nobody waits for it
		})
	}
	return commands
}

// armTimer sets the timer to when the next thing falls due.
func (d *deadlines) armTimer() {
	head, _ := d.history.HeadAndLineage()
	due, next := d.look(head)
	wait := time.Hour
	switch {
	case len(due) > 0:
		wait = dueRetry
	case next != 0:
		wait = time.Duration(head.State.Clock().WallAt(next)-instant(d.now())) * time.Millisecond
	}
	if d.cache.at != head.At {
		wait = min(wait, dueLookEvery)
	}
	d.timer.Reset(min(max(wait, time.Millisecond), time.Hour))
}

// look returns State.Due of the newest state, or of one of a moment ago.
func (d *deadlines) look(head *history.Version) (due []floor.ApplyDue, next floor.Instant) {
	now := head.State.Clock().At(instant(d.now()))
	fresh := d.cache.at == head.At || time.Since(d.cache.when) < dueLookEvery
	if fresh && (d.cache.next == 0 || now < d.cache.next) {
		return nil, d.cache.next
	}
	if due, next = head.State.Due(now); len(due) == 0 {
		d.cache = deadlineCache{head.At, time.Now(), next}
	}
	return due, next
}
