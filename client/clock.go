package client

import (
	"time"

	"github.com/matchfloor/matchfloor/floor"
)

// samples is how many round trips are remembered, of which the shortest counts.
const samples = 8

// jump is the difference by which an estimate belies the others, in milliseconds.
const jump floor.Instant = 5000

// clock estimates the server's wall clock, and from it the event's. It reads the
// local clock monotonically: setting the computer's time changes nothing.
type clock struct {
	start time.Time // where local time is counted from
	event floor.EventClock
	trips [samples]trip
	n     int // how many were taken
}

// trip is one estimate: at the local time zero the server's clock showed base,
// give or take half of took.
type trip struct {
	base floor.Instant
	took time.Duration
}

// took takes an answer that says now, to a question that was asked at sent.
func (k *clock) took(sent, received time.Time, now floor.Instant) {
	took := received.Sub(sent)
	middle := received.Sub(k.start) - took/2
	base := now - floor.Instant(middle.Milliseconds())
	if k.n > 0 && max(base-k.best().base, k.best().base-base) > jump {
		k.n = 0 // the server's clock was set: what was measured before is of the old one
	}
	k.trips[k.n%samples] = trip{base, took}
	k.n++
}

// wall answers the server's time at a local time; before the first answer it is
// the local clock.
func (k *clock) wall(at time.Time) floor.Instant {
	if k.n == 0 {
		return floor.Instant(at.UnixMilli())
	}
	return k.best().base + floor.Instant(at.Sub(k.start).Milliseconds())
}

// best answers the shortest of the trips; there is at least one.
func (k *clock) best() trip {
	best := k.trips[0]
	for _, t := range k.trips[1:min(k.n, samples)] {
		if t.took < best.took {
			best = t
		}
	}
	return best
}
