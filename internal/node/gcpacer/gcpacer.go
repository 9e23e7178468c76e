// Package gcpacer sets how often a serving node collects garbage, if its operator asks for it with
// --pace-gc. By itself Go collects whenever the heap has doubled: while much happens on the floor
// that is every second or two, and takes a sixth of the processor time; while little happens it
// keeps twice the memory that a node needs.
package gcpacer

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	collectEvery = 8 * time.Second // approximate interval of collections on a busy node
	maxAhead     = 256 << 20       // bytes that may be allocated between two collections, or the live heap if that is more
	calmPercent  = 50              // GC percent of a calm node
	calmSamples  = 3               // in a row, before memory is returned to the system
	sampleEvery  = 2 * time.Second
	minHeapOfGo  = 4 << 20 // bytes; the runtime calculates with at least this heap
	defaultOfGo  = 100     // GC percent
)

// heap is a sample of the process's memory, in bytes.
type heap struct {
	allocated uint64 // since the start of the process
	live      uint64 // after the last collection: objects, stacks and globals
}

// pacer sets the GC percent: by how much the heap grows before it is collected.
type pacer struct {
	sample func() heap
	set    func(percent int)
	free   func() // returns unused memory to the system

	last    uint64 // allocated, in the last sample
	ahead   uint64 // bytes allocated in collectEvery, by the recent samples
	percent int    // set last
	calm    int    // samples in a row for which calmPercent was enough
}

// Start paces the collector until the caller calls stop, which restores the GC percent
// of before and waits for the pacer to end. If GOGC or GOMEMLIMIT is set in the
// environment, Start changes nothing.
func Start(getenv func(string) string) (stop func()) {
	if getenv("GOGC") != "" || getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	before := debug.SetGCPercent(defaultOfGo)
	p := &pacer{sample: sampleHeap, set: func(percent int) { debug.SetGCPercent(percent) }, free: debug.FreeOSMemory, percent: defaultOfGo}
	go func() {
		defer close(ended)
		p.run(ctx)
		debug.SetGCPercent(before)
	}()
	return func() { cancel(); <-ended }
}

func (p *pacer) run(ctx context.Context) {
	p.last = p.sample().allocated
	ticker := time.NewTicker(sampleEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			p.adjust(p.sample())
		}
	}
}

// adjust follows a rise of the allocation rate immediately, and a fall by half with each
// sample. It returns memory to the system once when the node has become calm.
func (p *pacer) adjust(now heap) {
	ahead := (now.allocated - p.last) * uint64(collectEvery/sampleEvery)
	p.last, p.ahead = now.allocated, max(ahead, p.ahead/2)
	percent := percentFor(p.ahead, now.live)
	if percent*5 < p.percent*4 || percent*5 > p.percent*6 { // by a fifth or more: each change stops the world for a moment
		p.percent = percent
		p.set(percent)
	}
	if p.calm++; percent > calmPercent {
		p.calm = 0
	}
	if p.calm == calmSamples {
		p.free()
	}
}

// percentFor returns the GC percent with which a heap of live bytes can take ahead more
// bytes before it is collected, within bounds.
func percentFor(ahead, live uint64) int {
	live = max(live, minHeapOfGo)
	ahead = min(ahead, max(maxAhead, live))
	return max(int(100*ahead/live), calmPercent)
}

func sampleHeap() heap {
	s := []metrics.Sample{
		{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"},
	}
	metrics.Read(s)
	return heap{s[0].Value.Uint64(), s[1].Value.Uint64() + s[2].Value.Uint64() + s[3].Value.Uint64()}
}
