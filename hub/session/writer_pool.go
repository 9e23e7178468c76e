package session

import (
	"runtime"
	"sync"
)

// WriterPool is a few goroutines that write for all sessions whose clients take their
// frames at once. Each session is in it at most once.
type WriterPool struct {
	mu        sync.Mutex // guards the fields below
	ready     *sync.Cond // a writer waits, or the pool is closed
	scheduled []*writer  // oldest first
	closed    bool
}

// NewWriterPool returns a pool. It calls spawn to start its goroutines, which end after
// Close.
func NewWriterPool(spawn func(func())) *WriterPool {
	p := new(WriterPool)
	p.ready = sync.NewCond(&p.mu)
	// None of them waits for a client, so more than there are processors help only while
	// one waits for a lock.
	for range 2 * runtime.GOMAXPROCS(0) {
		spawn(p.run)
	}
	return p
}

// schedule adds a writer. It returns false if the pool is closed.
func (p *WriterPool) schedule(w *writer) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.scheduled = append(p.scheduled, w)
	p.ready.Signal()
	return true
}

// batchSize is how many writers a goroutine of the pool takes at a time.
const batchSize = 16

// take returns the next writers, in the memory of batch. It blocks while there are none,
// and returns none when the pool is closed and empty.
func (p *WriterPool) take(batch []*writer) []*writer {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.scheduled) == 0 {
		if p.closed {
			return nil
		}
		p.ready.Wait()
	}
	n := min(len(p.scheduled), batchSize)
	batch = append(batch[:0], p.scheduled[:n]...)
	clear(p.scheduled[:n])
	if p.scheduled = p.scheduled[n:]; len(p.scheduled) == 0 {
		p.scheduled = nil
	}
	return batch
}

func (p *WriterPool) run() {
	batch := make([]*writer, 0, batchSize)
	for {
		if batch = p.take(batch); len(batch) == 0 {
			return
		}
		for _, w := range batch {
			w.write()
		}
	}
}

// Close makes the goroutines end when they have written what is scheduled. Sessions that
// have something to send later start a goroutine of their own.
func (p *WriterPool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.ready.Broadcast()
}
