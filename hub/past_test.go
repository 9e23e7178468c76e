package hub

import (
	"testing"

	"github.com/matchfloor/matchfloor/floor"
)

// Whoever looks while a history is replaced by another sees the one or the other, and
// never the beginning, where nobody has a link: sessions would be over by it.
func TestAnotherHistoryIsSeenWhole(t *testing.T) {
	const long = 500
	var steps []step
	for i := range uint64(long) {
		m := moment{}
		m.at.Seq = i + 1
		steps = append(steps, step{moment: m, touched: floor.Affected{Keys: []floor.CardRef{{Subject: floor.Everyone, Key: "clock/clock"}}}})
	}
	p := newPast(2 * long)
	p.reset(moment{}, steps)
	replaced, seen := make(chan struct{}), make(chan uint64, 1)
	go func() {
		least := uint64(long)
		for {
			least = min(least, p.head().at.Seq)
			select {
			case <-replaced:
				seen <- least
				return
			default:
			}
		}
	}()
	for range 200 {
		p.reset(moment{}, steps)
	}
	close(replaced)
	if least := <-seen; least != long {
		t.Errorf("record %d of %d was seen as the newest", least, long)
	}
	if p.lineage != 201 {
		t.Errorf("%d histories", p.lineage)
	}
}
