package session

import "sync"

// cache holds what was encoded lately. Each entry is made once, also if many ask for
// it at the same time. It has two generations: when the younger one has reached a bound
// of entries or bytes it becomes the older one, and the older one is dropped.
type cache[K comparable] struct {
	maxEntries, maxBytes int

	mu    sync.Mutex // guards the fields below
	young map[K]*cacheEntry
	old   map[K]*cacheEntry
	bytes int // of the younger generation
}

// cacheEntry is one entry, made once.
type cacheEntry struct {
	once sync.Once
	encoded
}

// encoded is an encoded patch or view.
type encoded struct {
	frame  []byte       // nil for a view that is too large for a frame
	notice bool         // it is a patch that brings a notice
	view   *EncodedView // nil for a patch
	ok     bool         // false if it could not be made
}

func (e encoded) size() int {
	if e.view != nil {
		return len(e.view.Body) // which is part of the frame
	}
	return len(e.frame)
}

func newCache[K comparable](entries, bytes int) *cache[K] {
	return &cache[K]{maxEntries: entries, maxBytes: bytes, young: make(map[K]*cacheEntry)}
}

// get returns the entry of key. The first caller makes it; the others block until it
// is made.
func (c *cache[K]) get(key K, encode func() encoded) encoded {
	e := c.entry(key)
	e.once.Do(func() {
		e.encoded = encode()
		c.count(e.size())
	})
	return e.encoded
}

func (c *cache[K]) entry(key K) *cacheEntry {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.young[key]
	if !ok {
		if e, ok = c.old[key]; !ok {
			e = new(cacheEntry)
		}
		c.age()
		c.young[key] = e
	}
	return e
}

func (c *cache[K]) count(bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bytes += bytes
}

// age begins a new generation if the younger one is full; mu is held.
func (c *cache[K]) age() {
	if len(c.young) >= c.maxEntries || c.bytes >= c.maxBytes {
		c.old, c.young, c.bytes = c.young, make(map[K]*cacheEntry), 0
	}
}

// clear drops all entries.
func (c *cache[K]) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.old, c.young, c.bytes = nil, make(map[K]*cacheEntry), 0
}
