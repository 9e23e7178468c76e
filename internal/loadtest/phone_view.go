//go:build linux

package loadtest

import (
	"fmt"
	"maps"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// phoneView is a phone's view. During a run only its position moves, and the frames are
// kept. The cards are materialized when they are needed.
type phoneView struct {
	exists  bool
	at      journal.Position
	cards   wire.Cards
	pending []*frame // applied, but not in cards yet
}

// apply applies a snapshot or patch by the rules of docs/PROTOCOL.md. moved is false for a
// patch that was applied before. The error says what is missing.
func (v *phoneView) apply(f *frame) (moved bool, err error) {
	if s := f.Snapshot; s != nil {
		if s.Get != "" {
			return false, fmt.Errorf("the phone's view is too large for a frame, and phones do not fetch")
		}
		v.exists, v.at, v.pending = true, s.At, append(v.pending[:0], f)
		return true, nil
	}
	p := f.Patch
	switch {
	case !v.exists, p.To.Epoch != v.at.Epoch:
		return false, fmt.Errorf("a patch to %v does not continue the view at %v", p.To, v.at)
	case p.To.Seq <= v.at.Seq:
		return false, nil
	case v.at.Seq < p.From:
		return false, fmt.Errorf("a patch from %d does not continue the view at %d", p.From, v.at.Seq)
	}
	v.at, v.pending = p.To, append(v.pending, f)
	return true, nil
}

// materialize returns the view's cards.
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
