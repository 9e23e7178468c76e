package hub

import (
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/history"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// maxDue is how many things that fell due go into one batch.
const maxDue = 64

// dueOrders answers orders for what time has brought about. Every node that has
// the event open makes the same, under the same keys, so one of each is appended.
func (f *fold) dueOrders() (orders []*pending) {
	head := f.history.Head()
	if f.dueTried.at == head.At && time.Since(f.dueTried.when) < dueAgain {
		return nil
	}
	due, _ := f.whatIsDue(head)
	if len(due) == 0 {
		return nil
	}
	f.dueTried = tried{head.At, time.Now()}
	for _, d := range due[:min(len(due), maxDue)] {
		orders = append(orders, &pending{
			order:  floor.Envelope{Key: d.Key(), By: floor.Clock, Unconditional: true, Command: d},
			digest: wire.PayloadDigest(d),
			answer: func(verdict) {}, // nobody waits for the clock's
		})
	}
	return orders
}

// planDue sets the timer to when the next thing falls due.
func (f *fold) planDue() {
	head := f.history.Head()
	due, next := f.whatIsDue(head)
	wait := time.Hour
	switch {
	case len(due) > 0:
		wait = dueAgain
	case next != 0:
		wait = time.Duration(head.State.Clock().WallAt(next)-instant(f.now())) * time.Millisecond
	}
	if f.calm.at != head.At {
		wait = min(wait, dueLook)
	}
	f.due.Reset(min(max(wait, time.Millisecond), time.Hour))
}

// dueLook is how long the newest state may be another before it is looked through
// for what is due: a floor on which much is moved changes hundreds of times a
// second, and nothing that falls due does so within that time of being made.
const dueLook = 100 * time.Millisecond

// calm says that on the state at a position, which was looked through at a time,
// nothing falls due before an instant of the event's clock; 0: ever.
type calm struct {
	at   journal.Position
	when time.Time
	next floor.Instant
}

// whatIsDue answers State.Due of the newest state, or of one of a moment ago.
func (f *fold) whatIsDue(head history.Version) (due []floor.ApplyDue, next floor.Instant) {
	now := head.State.Clock().At(instant(f.now()))
	still := f.calm.at == head.At || time.Since(f.calm.when) < dueLook
	if still && (f.calm.next == 0 || now < f.calm.next) {
		return nil, f.calm.next
	}
	if due, next = head.State.Due(now); len(due) == 0 {
		f.calm = calm{head.At, time.Now(), next}
	}
	return due, next
}
