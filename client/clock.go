package client

import (
	"time"

	"github.com/matchfloor/matchfloor/floor"
)

// samples is how many round trips are remembered; the shortest of them counts.
const samples = 8

// jump is the difference, in milliseconds, at which an estimate means that the
// server's clock was set.
const jump floor.Instant = 5000

// clock estimates the server's wall clock, and from it the event's. It reads the
// local clock monotonically, so that setting the computer's time changes nothing.
type clock struct {
	start time.Time // local time is counted from here
	event floor.EventClock
	trips [samples]trip
	n     int // how many trips were added
}

// trip is one estimate: at the local time start the server's clock showed base,
// plus or minus half of duration.
type trip struct {
	base     floor.Instant
	duration time.Duration
}

// add adds a round trip: the answer now arrived at received, to a question that was
// sent at sent.
func (k *clock) add(sent, received time.Time, now floor.Instant) {
	duration := received.Sub(sent)
	middle := received.Sub(k.start) - duration/2
	base := now - floor.Instant(middle.Milliseconds())
	if k.n > 0 && max(base-k.best().base, k.best().base-base) > jump {
		k.n = 0 // the server's clock was set: earlier trips measured the old one
	}
	k.trips[k.n%samples] = trip{base, duration}
	k.n++
}

// wall returns the server's wall time at a local time. Before the first round trip
// it is the local wall time.
func (k *clock) wall(at time.Time) floor.Instant {
	if k.n == 0 {
		return floor.Instant(at.UnixMilli())
	}
	return k.best().base + floor.Instant(at.Sub(k.start).Milliseconds())
}

// best returns the shortest of the trips; there must be at least one.
func (k *clock) best() trip {
	best := k.trips[0]
	for _, t := range k.trips[1:min(k.n, samples)] {
		if t.duration < best.duration {
			best = t
		}
	}
	return best
}
