package gcpacer

import (
	"context"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A node that allocates fast collects less often, within bounds, starting immediately. A
// node that has become calm collects early, and returns its unused memory once.
func TestPacer_FollowsTheAllocationRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var allocated atomic.Uint64
		var set []int
		freed := 0
		p := &pacer{sample: func() heap { return heap{allocated.Load(), 100 << 20} }, set: func(percent int) { set = append(set, percent) }, free: func() { freed++ }, percent: 100}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go p.run(ctx)
		time.Sleep(time.Second / 2) // between two samples
		for _, step := range []struct {
			perSecond uint64 // allocated
			seconds   int
			percent   int
			freed     int
		}{
			{0, 4, 50, 0},         // calm from the start
			{0, 2, 50, 1},         // and still
			{12 << 20, 2, 96, 1},  // eight seconds of it
			{13 << 20, 10, 96, 1}, // hardly more
			{80 << 20, 4, 256, 1}, // more than maxAhead
			{1 << 20, 6, 80, 1},   // calmer: half as much with each sample
			{1 << 20, 4, 50, 1},
			{7 << 20, 2, 50, 1}, // not for long
			{1 << 20, 4, 50, 1},
			{6 << 20, 20, 50, 2}, // at this pace it collects every eight seconds anyway
		} {
			for range step.seconds {
				allocated.Add(step.perSecond)
				time.Sleep(time.Second)
			}
			synctest.Wait()
			if len(set) == 0 || set[len(set)-1] != step.percent || freed != step.freed {
				t.Errorf("%d MB/s for %d s: set %v, returned memory %d times; want %d and %d", step.perSecond>>20, step.seconds, set, freed, step.percent, step.freed)
			}
		}
		if !slices.Equal(set, []int{50, 96, 256, 160, 80, 50}) {
			t.Errorf("set %v", set)
		}
	})
}

func TestPercentFor_IsBounded(t *testing.T) {
	for _, c := range []struct {
		ahead, live uint64
		percent     int
	}{
		{0, 0, 50},
		{1 << 40, 0, 6400}, // 256 MB, over the minimum of 4 MB
		{1 << 40, 64 << 20, 400},
		{1 << 40, 1 << 30, 100}, // never less than Go's own pace
		{1 << 20, 1 << 30, 50},
	} {
		if got := percentFor(c.ahead, c.live); got != c.percent {
			t.Errorf("%d bytes ahead of %d: %d %%, want %d", c.ahead, c.live, got, c.percent)
		}
	}
}

// Settings of the environment are left alone; otherwise the GC percent of before is
// restored when the pacer stops.
func TestStart_LeavesTheOperatorsSettings(t *testing.T) {
	before := debug.SetGCPercent(77)
	defer debug.SetGCPercent(before)
	for _, env := range []map[string]string{{"GOGC": "77"}, {"GOMEMLIMIT": "1GiB"}, {}} {
		stop := Start(func(name string) string { return env[name] })
		during := debug.SetGCPercent(77)
		stop()
		if want := map[bool]int{true: 77, false: 100}[len(env) > 0]; during != want {
			t.Errorf("%v: it is %d, not %d", env, during, want)
		}
		if after := debug.SetGCPercent(77); after != 77 {
			t.Errorf("%v: it was left at %d", env, after)
		}
	}
	if h := sampleHeap(); h.allocated == 0 || h.live == 0 {
		t.Errorf("the sample of the heap is empty: %+v", h)
	}
}
