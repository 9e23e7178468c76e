package presence

import (
	"time"

	"github.com/matchfloor/matchfloor/floor"
)

// State is the state of a person's connection. Of two states that are reported for
// one person the greater one holds.
type State uint8

// The states of a connection. The numbers are part of what nodes send each other.
const (
	Unknown    State = iota // never connected, as far as is known
	Offline                 // was connected, and is not
	Background              // connected, with the page hidden
	Online                  // connected, with the page visible
)

// connected reports whether a person in this state is connected.
func (s State) connected() bool { return s > Offline }

// whereabouts is one person's state, since a wall time in whole seconds.
type whereabouts struct {
	state State
	since floor.Instant
}

// merge returns what holds if two nodes report w and o for one person.
func (w whereabouts) merge(o whereabouts) whereabouts {
	if o.state > w.state || o.state == w.state && o.since > w.since {
		return o
	}
	return w
}

// wholeSeconds returns a wall time rounded down to seconds, the precision of all
// times in this package.
func wholeSeconds(t time.Time) floor.Instant { return floor.Instant(t.Unix() * 1000) }
