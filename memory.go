package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// How a serving node trades memory for processor time. Go's own pace collects
// whenever the heap has doubled: on a floor where much is moved that is every
// second or two, and a sixth of the processor; on a calm one it keeps twice the
// memory that a node needs.
const (
	collectEvery = 8 * time.Second // roughly how often a busy node collects
	mostAhead    = 256 << 20       // bytes that it may allocate in between, at most, where that is more than it holds
	calmPercent  = 50              // of what it holds, for a calm one
	calmLooks    = 3               // in a row, before memory is given back
	paceLook     = 2 * time.Second
)

// heap is what of the process's memory is known at one time, in bytes.
type heap struct {
	allocated uint64 // since the start
	held      uint64 // live after the last collection: objects, stacks and globals
}

// pacer sets after what growth of the heap memory is collected.
type pacer struct {
	look func() heap
	set  func(percent int)
	free func() // gives memory that is not needed back to the system

	last    uint64 // allocated, at the last look
	ahead   uint64 // bytes allocated in collectEvery, as of late
	percent int
	calm    int // looks in a row at which calmPercent was enough
}

// paceMemory paces the collector until end is called, which waits for it. Where the
// environment says how memory is to be collected it is left alone.
func (p *program) paceMemory() (end func()) {
	if p.env("GOGC") != "" || p.env("GOMEMLIMIT") != "" {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	before := debug.SetGCPercent(100)
	pace := &pacer{look: lookAtHeap, set: func(percent int) { debug.SetGCPercent(percent) }, free: debug.FreeOSMemory, percent: 100}
	go func() {
		defer close(ended)
		pace.run(ctx)
		debug.SetGCPercent(before)
	}()
	return func() { cancel(); <-ended }
}

func (p *pacer) run(ctx context.Context) {
	p.last = p.look().allocated
	look := time.NewTicker(paceLook)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
			p.adjust(p.look())
		}
	}
}

// adjust follows a rise of what is allocated at once, and a fall by half at each
// look. A node that stays calm gives back what it had taken, once.
func (p *pacer) adjust(now heap) {
	ahead := (now.allocated - p.last) * uint64(collectEvery/paceLook)
	p.last, p.ahead = now.allocated, max(ahead, p.ahead/2)
	percent := percentFor(p.ahead, now.held)
	if percent*5 < p.percent*4 || percent*5 > p.percent*6 { // each setting stops the world for a moment
		p.percent = percent
		p.set(percent)
	}
	if p.calm++; percent > calmPercent {
		p.calm = 0
	}
	if p.calm == calmLooks {
		p.free()
	}
}

// percentFor answers by how many percent a heap may grow from held before it is
// collected, so that it can take ahead bytes, within bounds.
func percentFor(ahead, held uint64) int {
	held = max(held, 4<<20) // as the runtime has it
	ahead = min(ahead, max(mostAhead, held))
	return max(int(100*ahead/held), calmPercent)
}

func lookAtHeap() heap {
	s := []metrics.Sample{
		{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"},
	}
	metrics.Read(s)
	return heap{s[0].Value.Uint64(), s[1].Value.Uint64() + s[2].Value.Uint64() + s[3].Value.Uint64()}
}
