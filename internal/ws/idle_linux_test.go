package ws

import (
	"runtime"
	"testing"
	"unsafe"
)

// BenchmarkIdleConn measures the memory of an idle connection over TCP without TLS, with
// and without a poller. Run it with -benchtime=1000x.
func BenchmarkIdleConn(b *testing.B) {
	b.Run("poller", func(b *testing.B) { measureIdle(b, workingPoller(b)) })
	b.Run("goroutines", func(b *testing.B) { measureIdle(b, &Poller{config: testConfig}) })
}

// measureIdle reports the heap and the stacks that an idle connection takes with its client,
// and the size of a Conn.
func measureIdle(b *testing.B, p *Poller) {
	before := memoryInUse()
	for range b.N {
		c, _ := tcpConn(b, p, &recorder{})
		c.Watch()
		c.Start()
	}
	b.ReportMetric(float64(memoryInUse()-before)/float64(b.N), "B/pair")
	b.ReportMetric(float64(unsafe.Sizeof(Conn{})), "B/Conn")
}

// memoryInUse returns the bytes of the live heap and of stacks.
func memoryInUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}
