package sqlitejournal

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal"
)

// BenchmarkAppend reports how an append of one record of 300 bytes compares to
// writing and syncing the same bytes to a plain file in the same directory, the
// two taken in turn: x_fsync is the ratio of their times.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{1, 32} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) { benchmarkAppend(b, size) })
	}
}

func benchmarkAppend(b *testing.B, size int) {
	dir := b.TempDir()
	j := openTest(b, dir)
	raw, err := os.Create(filepath.Join(dir, "raw"))
	if err != nil {
		b.Fatal(err)
	}
	defer raw.Close()
	body := make([]byte, 300)
	at := journal.Genesis(theLog, 1)
	var appending, syncing time.Duration
	for i := 0; b.Loop(); i++ {
		batch := make([]journal.Record, size)
		for n := range batch {
			batch[n] = journal.Record{Key: journal.CommandKey(fmt.Sprint(i, "-", n)), Body: body}
		}
		start := time.Now()
		end := journal.Chain(at, batch)
		if result, err := j.Append(b.Context(), theLog, at, batch, time.Time{}); err != nil || result.Outcome != journal.Appended {
			b.Fatal(result, err)
		}
		appending += time.Since(start)
		at = end
		start = time.Now()
		for range batch {
			if _, err := raw.Write(body); err != nil {
				b.Fatal(err)
			}
		}
		if err := raw.Sync(); err != nil {
			b.Fatal(err)
		}
		syncing += time.Since(start)
	}
	b.ReportMetric(float64(at.Seq)/appending.Seconds(), "records/s")
	b.ReportMetric(float64(appending)/float64(syncing), "x_fsync")
	b.ReportMetric(0, "ns/op")
}
