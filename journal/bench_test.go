package journal_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal"
)

// BenchmarkAppend compares an append in memory of one record of 300 bytes to chaining the
// record, which every node does before: x_chain is the ratio of their times.
func BenchmarkAppend(b *testing.B) {
	m := journal.NewMemory(time.Now)
	body := make([]byte, 300)
	at := journal.Genesis(theLog, 1)
	var appending, chaining time.Duration
	for i := 0; b.Loop(); i++ {
		batch := []journal.Record{{Key: journal.CommandKey(fmt.Sprint(i)), Body: body}}
		start := time.Now()
		end := journal.Chain(at, batch)
		chaining += time.Since(start)
		if result, err := m.Append(b.Context(), theLog, at, batch, time.Time{}); err != nil || result.Outcome != journal.Appended {
			b.Fatal(result, err)
		}
		appending += time.Since(start)
		at = end
	}
	b.ReportMetric(float64(at.Seq)/appending.Seconds(), "records/s")
	b.ReportMetric(float64(appending)/float64(chaining), "x_chain")
	b.ReportMetric(0, "ns/op")
}
