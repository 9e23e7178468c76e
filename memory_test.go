package main

import (
	"context"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A node that allocates fast collects less often, within bounds, at once; one that
// has become calm collects early, and gives back what it had taken, once.
func TestMemoryFollowsWhatIsAllocated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var allocated atomic.Uint64
		var set []int
		freed := 0
		p := &pacer{look: func() heap { return heap{allocated.Load(), 100 << 20} }, set: func(percent int) { set = append(set, percent) }, free: func() { freed++ }, percent: 100}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go p.run(ctx)
		time.Sleep(time.Second / 2) // between two looks
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
			{80 << 20, 4, 256, 1}, // more than may be taken ahead
			{1 << 20, 6, 80, 1},   // calmer: half as much at each look
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
				t.Errorf("%d MB/s for %d s: set %v, gave back %d times; want %d and %d", step.perSecond>>20, step.seconds, set, freed, step.percent, step.freed)
			}
		}
		if !slices.Equal(set, []int{50, 96, 256, 160, 80, 50}) {
			t.Errorf("set %v", set)
		}
	})
}

func TestMemoryAheadIsBounded(t *testing.T) {
	for _, c := range []struct {
		ahead, held uint64
		percent     int
	}{
		{0, 0, 50},
		{1 << 40, 0, 6400}, // 256 MB, for the 4 MB that the runtime reckons with at least
		{1 << 40, 64 << 20, 400},
		{1 << 40, 1 << 30, 100}, // never less than Go's own pace
		{1 << 20, 1 << 30, 50},
	} {
		if got := percentFor(c.ahead, c.held); got != c.percent {
			t.Errorf("%d bytes ahead of %d: %d %%, want %d", c.ahead, c.held, got, c.percent)
		}
	}
}

// What the environment says of the collector is left alone, and otherwise it is as
// it was when the node has ended.
func TestOperatorsMemorySettingsWin(t *testing.T) {
	before := debug.SetGCPercent(77)
	defer debug.SetGCPercent(before)
	for _, env := range []map[string]string{{"GOGC": "77"}, {"GOMEMLIMIT": "1GiB"}, {}} {
		p := &program{env: func(name string) string { return env[name] }}
		end := p.paceMemory()
		during := debug.SetGCPercent(77)
		end()
		if want := map[bool]int{true: 77, false: 100}[len(env) > 0]; during != want {
			t.Errorf("%v: it is %d, not %d", env, during, want)
		}
		if after := debug.SetGCPercent(77); after != 77 {
			t.Errorf("%v: it was left at %d", env, after)
		}
	}
	if h := lookAtHeap(); h.allocated == 0 || h.held == 0 {
		t.Errorf("nothing is known of the heap: %+v", h)
	}
}
