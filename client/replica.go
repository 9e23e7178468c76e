package client

import (
	"maps"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// maxHeld is how many frames are held while a snapshot is fetched. The server
// keeps to fewer unacknowledged ones, so more means that something is wrong.
const maxHeld = 4 * wire.MaxUnackFrames

// next is what a connection does after a frame.
type next uint8

const (
	goOn   next = iota
	fetch       // GET fold.wanted
	resume      // connect anew and say hello with what is held
)

// fold is a view and the rules by which frames change it. It is a value in
// memory and nothing else: the golden folds of wire/testdata hold it.
type fold struct {
	tell func(ViewChange) // called after each change, with From, To, Set and Drop

	kept  bool // there is a view
	at    journal.Position
	cards wire.Cards // owned; changed in place

	// What follows is of one connection.
	came   bool             // a snapshot or patch has come
	got    journal.Position // up to here everything has come, held or applied
	wanted *wire.Snapshot   // it is being fetched
	held   []wire.Patch     // what came meanwhile
}

// connected forgets what belongs to the connection before.
func (f *fold) connected() {
	f.came, f.got, f.wanted, f.held = false, f.at, nil, nil
}

// drop forgets everything.
func (f *fold) drop() { *f = fold{tell: f.tell} }

// keep takes a view that was held before.
func (f *fold) keep(at journal.Position, cards wire.Cards) {
	if cards == nil {
		cards = wire.Cards{}
	}
	f.kept, f.at, f.cards = true, at, cards
}

// snapshot takes a snapshot frame.
func (f *fold) snapshot(s wire.Snapshot) next {
	f.came, f.got, f.held, f.wanted = true, s.At, nil, nil
	if s.Get != "" {
		f.wanted = &s
		return fetch
	}
	f.replace(s)
	return goOn
}

// fetched takes the answer to the GET of f.wanted, and then what was held.
func (f *fold) fetched(s wire.Snapshot) next {
	if s.At.Epoch != f.wanted.At.Epoch || s.At.Seq < f.wanted.At.Seq {
		return resume
	}
	held := f.held
	f.wanted, f.held = nil, nil
	f.replace(s)
	if s.At.Seq > f.got.Seq {
		f.got = s.At
	}
	for _, p := range held {
		if n := f.apply(p); n != goOn {
			return n
		}
	}
	return goOn
}

func (f *fold) replace(s wire.Snapshot) {
	from := f.at.Seq
	f.keep(s.At, s.Cards)
	f.tell(ViewChange{Snapshot: true, From: from, To: s.At, Set: f.cards})
}

// patch takes a patch frame.
func (f *fold) patch(p wire.Patch) next {
	f.came = true
	if f.wanted != nil {
		if len(f.held) == maxHeld {
			return resume
		}
		f.held = append(f.held, p)
	} else if n := f.apply(p); n != goOn {
		return n
	}
	if p.To.Seq > f.got.Seq {
		f.got = p.To
	}
	return goOn
}

func (f *fold) apply(p wire.Patch) next {
	switch {
	case !f.kept, p.To.Epoch != f.at.Epoch:
		return resume
	case p.To.Seq <= f.at.Seq:
		return goOn
	case f.at.Seq < p.From:
		return resume
	}
	maps.Copy(f.cards, p.Set)
	for _, key := range p.Drop {
		delete(f.cards, key)
	}
	from := f.at.Seq
	f.at = p.To
	f.tell(ViewChange{From: from, To: p.To, Set: p.Set, Drop: p.Drop})
	return goOn
}

// pong takes the position up to which the server says that it has sent everything.
func (f *fold) pong(at journal.Position) next {
	switch {
	case !f.came:
		return goOn
	case at.Epoch != f.got.Epoch, at.Seq > f.got.Seq, at.Seq == f.got.Seq && at.Hash != f.got.Hash:
		return resume
	}
	return goOn
}

// ViewChange tells an observer of one frame that changed the view. Its cards are
// the client's own: they must not be changed.
type ViewChange struct {
	Snapshot bool   // the view was replaced
	From     uint64 // the sequence that was held before
	To       journal.Position
	Bytes    int        // of the frame, or of the body that was fetched for it
	Received time.Time  // when the whole of it had arrived
	Set      wire.Cards // of a snapshot: the whole view
	Drop     []floor.CardKey
}
