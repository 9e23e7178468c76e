package hub

import (
	"time"

	"matchfloor/floor"
	"matchfloor/wire"
)

// maxDue is how many things that fell due go into one batch.
const maxDue = 64

// dueOrders answers orders for what time has brought about. Every node that has
// the event open makes the same, under the same keys, so one of each is appended.
func (f *fold) dueOrders() (orders []*pending) {
	head := f.past.head()
	if f.dueTried.at == head.at && time.Since(f.dueTried.when) < dueAgain {
		return nil
	}
	due, _ := head.state.Due(head.state.Clock().At(instant(f.now())))
	if len(due) == 0 {
		return nil
	}
	f.dueTried = tried{head.at, time.Now()}
	for _, d := range due[:min(len(due), maxDue)] {
		orders = append(orders, &pending{
			order:  floor.Order{Key: d.Key(), By: floor.Clock, NoBase: true, Command: d},
			digest: wire.PayloadDigest(d),
			answer: func(verdict) {}, // nobody waits for the clock's
		})
	}
	return orders
}

// planDue sets the timer to when the next thing falls due.
func (f *fold) planDue() {
	clock := f.past.head().state.Clock()
	now := instant(f.now())
	due, next := f.past.head().state.Due(clock.At(now))
	wait := time.Hour
	switch {
	case len(due) > 0:
		wait = dueAgain
	case next != 0:
		wait = time.Duration(clock.WallAt(next)-now) * time.Millisecond
	}
	f.due.Reset(min(max(wait, time.Millisecond), time.Hour))
}
