package hub

import (
	"context"
	"sync"
	"time"
)

// readEvery is the least time between the beginnings of two readings of one log that
// callers of LinearizableState have asked for, however many they are.
const readEvery = 100 * time.Millisecond

// sharedReads lets the callers that want a log read to its head share the readings. A
// caller waits for one that begins after its call, so it learns of everything that the
// journal held before. There is at most one reading at a time.
type sharedReads struct {
	read func() error      // reads the log to its head
	run  func(func()) bool // starts a goroutine, or returns false if the hub is closed
	ctx  context.Context   // ends with the hub

	mu      sync.Mutex  // guards the fields below; no other lock is taken while it is held
	next    *sharedRead // the next reading; nil if nobody waits for one
	running bool        // a goroutine does the readings
}

// sharedRead is one reading.
type sharedRead struct {
	done chan struct{} // closed at its end
	err  error         // read only after done
}

// wait blocks until a reading that begins after the call has ended, or ctx ends, and
// returns the error of either.
func (s *sharedReads) wait(ctx context.Context) error {
	reading, first := s.join()
	if first && !s.run(s.readAll) {
		return ErrDraining
	}
	select {
	case <-reading.done:
		return reading.err
	case <-ctx.Done():
		return ctx.Err()
	case <-s.ctx.Done():
		return ErrDraining
	}
}

// join returns the next reading. It reports true if the caller must start readAll.
func (s *sharedReads) join() (reading *sharedRead, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil {
		s.next = &sharedRead{done: make(chan struct{})}
	}
	first = !s.running
	s.running = true
	return s.next, first
}

// take returns the next reading, which nobody can join from then on, or nil if nobody
// waits for one: then the caller must end.
func (s *sharedReads) take() *sharedRead {
	s.mu.Lock()
	defer s.mu.Unlock()
	reading := s.next
	s.next, s.running = nil, reading != nil
	return reading
}

// readAll does readings until nobody waits for one.
func (s *sharedReads) readAll() {
	pause := time.NewTicker(readEvery)
	defer pause.Stop()
	for reading := s.take(); reading != nil; reading = s.take() {
		reading.err = s.read()
		close(reading.done)
		select {
		case <-pause.C:
		case <-s.ctx.Done():
		}
	}
}
