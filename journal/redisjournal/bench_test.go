package redisjournal

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
)

// BenchmarkAppend compares an append of records of 300 bytes to adding the same bytes to a stream
// of the same Redis, also synced, in turn: x_xadd is the ratio of their times.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{1, 32} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) { benchmarkAppend(b, size) })
	}
}

func benchmarkAppend(b *testing.B, size int) {
	j := openTest(b, redistest.Start(b).URL, Options{})
	body := make([]byte, 300)
	at := journal.Genesis(theLog, 1)
	var appending, adding time.Duration
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
		_, err := j.client.Pipelined(b.Context(), func(p redis.Pipeliner) error {
			for range batch {
				p.XAdd(b.Context(), &redis.XAddArgs{Stream: "raw", Values: []any{"b", body}})
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		adding += time.Since(start)
	}
	b.ReportMetric(float64(at.Seq)/appending.Seconds(), "records/s")
	b.ReportMetric(float64(appending)/float64(adding), "x_xadd")
	b.ReportMetric(0, "ns/op")
}
