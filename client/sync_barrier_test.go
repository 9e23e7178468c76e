package client

import (
	"testing"

	"github.com/matchfloor/matchfloor/journal"
)

// A view of an earlier epoch has reached nothing of a later one, however high its sequence.
func TestReached_ComparesEpochsFirst(t *testing.T) {
	at := func(epoch, seq uint64, hash byte) journal.Position {
		return journal.Position{Epoch: epoch, Seq: seq, Hash: journal.Hash{hash}}
	}
	asked := at(2, 35, 1)
	for view, want := range map[journal.Position]bool{
		at(2, 35, 1): true, at(2, 36, 7): true, at(3, 1, 7): true,
		at(2, 34, 7): false, at(2, 35, 7): false, at(1, 50, 7): false, at(1, 35, 1): false,
	} {
		if got := reached(view, asked); got != want {
			t.Errorf("reached(%v, %v) = %v", view, asked, got)
		}
	}
}
