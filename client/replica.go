package client

import (
	"maps"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// maxHeld is how many frames are held while a snapshot is fetched. The server
// sends fewer without an acknowledgement, so that more mean an error.
const maxHeld = 4 * wire.MaxUnackFrames

// nextStep is what a connection does after a frame.
type nextStep uint8

const (
	proceed   nextStep = iota
	fetch              // GET the path of replica.wanted
	reconnect          // close, connect again and say hello with the held position
)

// replica is a view and the rules by which frames change it: docs/PROTOCOL.md,
// "snapshot" and "patch". It does no input or output; the golden sequences of
// wire/testdata/folds.json test it and the replica of the pages alike.
type replica struct {
	onChange func(ViewChange) // called after each change, with Snapshot, From, To, Set and Drop

	exists bool // there is a view
	at     journal.Position
	cards  wire.Cards // owned by the replica; changed in place

	// The fields below belong to one connection.
	synced   bool             // a snapshot or patch has arrived
	received journal.Position // everything up to here has arrived, held or applied
	wanted   *wire.Snapshot   // is being fetched; nil: none
	held     []wire.Patch     // arrived during the fetch
}

// beginConnection resets what belongs to the connection before.
func (r *replica) beginConnection() {
	r.synced, r.received, r.wanted, r.held = false, r.at, nil, nil
}

// clear forgets the view.
func (r *replica) clear() { *r = replica{onChange: r.onChange} }

// load sets the view without a call of onChange.
func (r *replica) load(at journal.Position, cards wire.Cards) {
	if cards == nil {
		cards = wire.Cards{}
	}
	r.exists, r.at, r.cards = true, at, cards
}

// applySnapshot applies a snapshot frame.
func (r *replica) applySnapshot(s wire.Snapshot) nextStep {
	r.synced, r.received, r.held, r.wanted = true, s.At, nil, nil
	if s.Get != "" {
		r.wanted = &s
		return fetch
	}
	r.replace(s)
	return proceed
}

// applyFetched applies the response to the GET of r.wanted, and then the held
// patches. r.wanted must not be nil.
func (r *replica) applyFetched(s wire.Snapshot) nextStep {
	if s.At.Epoch != r.wanted.At.Epoch || s.At.Seq < r.wanted.At.Seq {
		return reconnect
	}
	held := r.held
	r.wanted, r.held = nil, nil
	r.replace(s)
	if s.At.Seq > r.received.Seq {
		r.received = s.At
	}
	for _, p := range held {
		if step := r.apply(p); step != proceed {
			return step
		}
	}
	return proceed
}

func (r *replica) replace(s wire.Snapshot) {
	from := r.at.Seq
	r.load(s.At, s.Cards)
	r.onChange(ViewChange{Snapshot: true, From: from, To: s.At, Set: r.cards})
}

// applyPatch applies a patch frame, or holds it while a snapshot is fetched.
func (r *replica) applyPatch(p wire.Patch) nextStep {
	r.synced = true
	if r.wanted != nil {
		if len(r.held) == maxHeld {
			return reconnect
		}
		r.held = append(r.held, p)
	} else if step := r.apply(p); step != proceed {
		return step
	}
	if p.To.Seq > r.received.Seq {
		r.received = p.To
	}
	return proceed
}

func (r *replica) apply(p wire.Patch) nextStep {
	switch {
	case !r.exists, p.To.Epoch != r.at.Epoch:
		return reconnect
	case p.To.Seq <= r.at.Seq:
		return proceed // applied before
	case r.at.Seq < p.From:
		return reconnect
	}
	maps.Copy(r.cards, p.Set)
	for _, key := range p.Drop {
		delete(r.cards, key)
	}
	from := r.at.Seq
	r.at = p.To
	r.onChange(ViewChange{From: from, To: p.To, Set: p.Set, Drop: p.Drop})
	return proceed
}

// checkPong compares what has arrived with at, the position up to which the server
// has sent everything.
func (r *replica) checkPong(at journal.Position) nextStep {
	switch {
	case !r.synced:
		return proceed
	case at.Epoch != r.received.Epoch, at.Seq > r.received.Seq, at.Seq == r.received.Seq && at.Hash != r.received.Hash:
		return reconnect
	}
	return proceed
}
