package presence

import (
	"maps"
	"testing"

	"github.com/matchfloor/matchfloor/floor"
)

// What a client acknowledged of a history that was replaced is not recorded, and
// does not push out what was acknowledged of the new one.
func TestReceipts_OlderLineageCountsForNothing(t *testing.T) {
	var r Receipts
	for _, a := range []struct {
		who     floor.ActorID
		lineage int
		seq     uint64
	}{{"attendee:a", 1, 9}, {"attendee:b", 2, 5}, {"attendee:a", 1, 9}, {"attendee:b", 2, 4}} {
		r.add(a.who, a.lineage, a.seq)
	}
	acked, lineage, ok := r.take()
	if want := map[floor.ActorID]uint64{"attendee:b": 5}; !ok || lineage != 2 || !maps.Equal(acked, want) {
		t.Errorf("acknowledged are %v of lineage %d", acked, lineage)
	}
}
