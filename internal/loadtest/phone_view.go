//go:build linux

package loadtest

import (
	"fmt"
	"maps"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// view is what a phone holds. While a run is measured only its position moves, and
// the frames are kept: its cards are made of them when they are asked for.
type view struct {
	kept   bool
	at     journal.Position
	cards  wire.Cards
	behind []*frame // taken, and not in cards yet
}

// take moves the view on by a snapshot or patch, by the rules of docs/PROTOCOL.md.
// moved is false for what the view has already. The error says what is missing.
func (v *view) take(f *frame) (moved bool, err error) {
	if s := f.Snapshot; s != nil {
		if s.Get != "" {
			return false, fmt.Errorf("a phone's view is too large for a frame")
		}
		v.kept, v.at, v.behind = true, s.At, append(v.behind[:0], f)
		return true, nil
	}
	p := f.Patch
	switch {
	case !v.kept, p.To.Epoch != v.at.Epoch:
		return false, fmt.Errorf("a patch to %v where %v is held", p.To, v.at)
	case p.To.Seq <= v.at.Seq:
		return false, nil
	case v.at.Seq < p.From:
		return false, fmt.Errorf("a patch from %d where %d is held", p.From, v.at.Seq)
	}
	v.at, v.behind = p.To, append(v.behind, f)
	return true, nil
}

// fold answers the view's cards.
func (v *view) fold() (wire.Cards, error) {
	for _, f := range v.behind {
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
	v.behind = nil
	return v.cards, nil
}
