//go:build linux

package loadtest

import (
	"fmt"
	"maps"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// phoneView is what a phone holds. While a run is measured only its position moves, and
// the frames are kept: its cards are made of them when they are asked for.
type phoneView struct {
	exists  bool
	at      journal.Position
	cards   wire.Cards
	pending []*frame // taken, and not in cards yet
}

// apply moves the view on by a snapshot or patch, by the rules of docs/PROTOCOL.md.
// moved is false for what the view has already. The error says what is missing.
func (v *phoneView) apply(f *frame) (moved bool, err error) {
	if s := f.Snapshot; s != nil {
		if s.Get != "" {
			return false, fmt.Errorf("a phone's view is too large for a frame")
		}
		v.exists, v.at, v.pending = true, s.At, append(v.pending[:0], f)
		return true, nil
	}
	p := f.Patch
	switch {
	case !v.exists, p.To.Epoch != v.at.Epoch:
		return false, fmt.Errorf("a patch to %v where %v is held", p.To, v.at)
	case p.To.Seq <= v.at.Seq:
		return false, nil
	case v.at.Seq < p.From:
		return false, fmt.Errorf("a patch from %d where %d is held", p.From, v.at.Seq)
	}
	v.at, v.pending = p.To, append(v.pending, f)
	return true, nil
}

// materialize answers the view's cards.
func (v *phoneView) materialize() (wire.Cards, error) {
	for _, f := range v.pending {
		if f.Snapshot != nil {
			whole, err := wire.DecodeServer([]byte(f.text))
			if err != nil {
				return nil, err
			}
			v.cards = whole.Snapshot.Cards
			continue
		}
		if v.cards == nil {
			v.cards = wire.Cards{}
		}
		maps.Copy(v.cards, f.Patch.Set)
		for _, key := range f.Patch.Drop {
			delete(v.cards, key)
		}
	}
	v.pending = nil
	return v.cards, nil
}
