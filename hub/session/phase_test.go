package session

import (
	"slices"
	"testing"
)

// entered reports whether a phase could be entered from another without a panic.
func entered(from, next phase) (ok bool) {
	defer func() { ok = recover() == nil && ok }()
	p := from
	p.enter(next)
	return p == next
}

func TestPhase_OnlyLegalTransitionsAreMade(t *testing.T) {
	legal := map[phase][]phase{
		awaitingHello: {resuming, closing, closed},
		resuming:      {synced, closing, closed},
		synced:        {resuming, closing, closed},
		closing:       {closed},
	}
	for from := awaitingHello; from <= closed; from++ {
		for next := awaitingHello; next <= closed; next++ {
			if got, want := entered(from, next), slices.Contains(legal[from], next); got != want {
				t.Errorf("from %v to %v: entered is %v, want %v", from, next, got, want)
			}
		}
	}
}
