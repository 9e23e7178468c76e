package history_test

import (
	"testing"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/history"
)

// A reader must see the old history or the new one as a whole, and never the
// beginning, where nobody has a link: sessions would end.
func TestHistory_ResetIsAtomicForReaders(t *testing.T) {
	const long = 500
	var steps []history.Step
	for i := range uint64(long) {
		s := history.Step{Affected: floor.Affected{Keys: []floor.CardRef{{Subject: floor.Everyone, Key: "clock/clock"}}}}
		s.Version.At.Seq = i + 1
		steps = append(steps, s)
	}
	h := history.New(2 * long)
	h.Reset(history.Version{}, steps)
	replaced, seen := make(chan struct{}), make(chan uint64, 1)
	go func() {
		least := uint64(long)
		for {
			least = min(least, h.Head().At.Seq)
			select {
			case <-replaced:
				seen <- least
				return
			default:
			}
		}
	}()
	for range 200 {
		h.Reset(history.Version{}, steps)
	}
	close(replaced)
	if least := <-seen; least != long {
		t.Errorf("record %d of %d was seen as the newest", least, long)
	}
	if _, lineage := h.HeadAndLineage(); lineage != 201 {
		t.Errorf("%d lineages", lineage)
	}
}
