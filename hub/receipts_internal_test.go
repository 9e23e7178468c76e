package hub

import (
	"maps"
	"testing"

	"github.com/matchfloor/matchfloor/floor"
)

// What a client holds of a history that turned out not to be the log's is not marked,
// and does not push out what is held of the log's own.
func TestHoldOfAnotherHistory(t *testing.T) {
	var r receipts
	for _, h := range []struct {
		who     floor.ActorID
		lineage int
		seq     uint64
	}{{"attendee:a", 1, 9}, {"attendee:b", 2, 5}, {"attendee:a", 1, 9}, {"attendee:b", 2, 4}} {
		r.hold(h.who, h.lineage, h.seq)
	}
	held, lineage, ok := r.take()
	if want := map[floor.ActorID]uint64{"attendee:b": 5}; !ok || lineage != 2 || !maps.Equal(held, want) {
		t.Errorf("held are %v of lineage %d", held, lineage)
	}
}
