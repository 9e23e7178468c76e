package limit

import "sync"

// Semaphore bounds how much is in use at the same time, in all and by key. It never
// blocks. It is safe for concurrent use.
type Semaphore struct {
	total, perKeyMax int

	mu     sync.Mutex     // guards the fields below
	inUse  int            // in all
	perKey map[string]int // in use, by key; only keys with some
}

// NewSemaphore returns a semaphore that lets total be in use at a time, and at most perKey of them
// for one key.
func NewSemaphore(total, perKey int) *Semaphore {
	return &Semaphore{total: total, perKeyMax: perKey, perKey: make(map[string]int)}
}

// Acquire takes one for key. If that is impossible it takes nothing and reports
// why: all are in use (full), or the key has as many as it may (keyFull). The
// caller must call Release once for each that it has acquired.
func (s *Semaphore) Acquire(key string) (full, keyFull bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inUse >= s.total {
		return true, false
	}
	if s.perKey[key] >= s.perKeyMax {
		return false, true
	}
	s.inUse++
	s.perKey[key]++
	return false, false
}

// AcquireFunc is Acquire, and returns the func that releases. The caller must call
// it once. It is nil if nothing was acquired.
func (s *Semaphore) AcquireFunc(key string) (release func(), full, keyFull bool) {
	if full, keyFull = s.Acquire(key); full || keyFull {
		return nil, full, keyFull
	}
	return func() { s.Release(key) }, false, false
}

// Release gives back one that was acquired for key.
func (s *Semaphore) Release(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inUse--
	if s.perKey[key]--; s.perKey[key] <= 0 {
		delete(s.perKey, key)
	}
}

// InUse returns how many are in use.
func (s *Semaphore) InUse() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inUse
}
