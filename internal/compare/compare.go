// Package compare compares two ways to do the same, for benchmarks that decide which of the two
// is kept. It is for tests only.
package compare

import (
	"runtime"
	"slices"
	"testing"
	"time"
)

// turn is about how long one way runs before the other has its turn: so short that other work on
// the machine disturbs few turns, and so long that reading the clock does not count.
const turn = 300 * time.Microsecond

// Run runs ours and other in turns, b.N turns each. It reports the median time of a call of each
// ("ours-ns", "other-ns"), what a call allocates ("ours-B", "other-B"), and the median over all
// pairs of turns of the time of ours divided by the time of other ("ours/other").
//
// Work on the machine that lasts longer than a turn slows down both. So the ratio can be compared
// between two runs and two machines; the times cannot.
func Run(b *testing.B, ours, other func()) {
	b.Helper()
	calls := [2]int{callsPerTurn(ours), callsPerTurn(other)}
	var times [2][]float64 // ns a call
	var ratios []float64
	for i := 0; b.Loop(); i++ {
		var took [2]float64
		for k := range 2 {
			way := (i + k) % 2 // who is first changes
			took[way] = timeOf([]func(){ours, other}[way], calls[way])
			times[way] = append(times[way], took[way])
		}
		ratios = append(ratios, took[0]/took[1])
	}
	b.ReportMetric(0, "ns/op") // an op is a turn of each: its time says nothing
	b.ReportMetric(median(times[0]), "ours-ns")
	b.ReportMetric(median(times[1]), "other-ns")
	b.ReportMetric(median(ratios), "ours/other")
	b.ReportMetric(allocated(ours), "ours-B")
	b.ReportMetric(allocated(other), "other-B")
}

// callsPerTurn returns how many calls of f take about a turn.
func callsPerTurn(f func()) int {
	calls := 1
	for timeOf(f, calls)*float64(calls) < float64(turn) {
		calls *= 2
	}
	return calls
}

// timeOf calls f several times and returns the nanoseconds of a call.
func timeOf(f func(), calls int) float64 {
	begin := time.Now()
	for range calls {
		f()
	}
	return float64(time.Since(begin)) / float64(calls)
}

// allocated returns how many bytes a call of f allocates.
func allocated(f func()) float64 {
	const calls = 100
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range calls {
		f()
	}
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc-before.TotalAlloc) / calls
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// Held returns how many bytes of heap what build returns keeps alive.
func Held(build func() any) float64 {
	var before, after runtime.MemStats
	settle()
	runtime.ReadMemStats(&before)
	kept := build()
	settle()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(kept)
	return float64(int64(after.HeapAlloc) - int64(before.HeapAlloc))
}

// settle frees what is garbage. What a sync.Pool holds is freed by a second collection only.
func settle() {
	runtime.GC()
	runtime.GC()
}
