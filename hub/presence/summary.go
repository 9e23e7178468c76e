package presence

import (
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// maxNamed is how many people a status frame names, in the background and offline
// together.
const maxNamed = 300

// wireNames are the states as a status frame names them.
var wireNames = [...]string{Offline: "gone", Background: "asleep", Online: "live"}

// summarize returns the parts of a status frame that are about people: how many
// there are in each state, and of those who have not acknowledged a notice, who is
// not online. partial says that the other nodes are not heard, so that nothing is
// known of people who are not connected to this one.
func summarize(state *floor.State, people map[floor.ActorID]whereabouts, partial bool) (f wire.StatusFrame) {
	f.Partial, f.Here = partial, make(map[string]int)
	for _, w := range people {
		f.Here[wireNames[w.state]]++
	}
	f.Gone, f.Asleep = make(map[floor.ActorID]floor.Instant), make(map[floor.ActorID]floor.Instant)
	var background []floor.ActorID
	for who := range state.PendingReaders() {
		switch w, known := people[who]; {
		case w.state == Background:
			background = append(background, who)
		case w.state == Online, partial && !known:
		case len(f.Gone) < maxNamed:
			f.Gone[who] = w.since
		default:
			f.More++
		}
	}
	for _, who := range background {
		if len(f.Gone)+len(f.Asleep) == maxNamed {
			f.More++
			continue
		}
		f.Asleep[who] = people[who].since
	}
	return f
}
