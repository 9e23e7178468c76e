package hub

import "sync"

// cache keeps what was encoded lately, each made once however many ask for it at
// the same time. It has two generations: what fills the younger to a bound of
// entries or bytes makes it the older, and the older is dropped.
type cache[K comparable] struct {
	maxEntries, maxBytes int

	mu       sync.Mutex // guards what follows
	young    map[K]*made
	old      map[K]*made
	newBytes int
}

// made is one entry: bytes and their digest, or nothing where it could not be made.
type made struct {
	once sync.Once
	value
}

type value struct {
	frame   []byte
	notice  bool // a patch that brings one
	picture *EncodedView
	ok      bool
}

func (v value) size() int {
	if v.picture != nil {
		return len(v.picture.Body) // which is part of the frame
	}
	return len(v.frame)
}

func newCache[K comparable](entries, bytes int) *cache[K] {
	return &cache[K]{maxEntries: entries, maxBytes: bytes, young: make(map[K]*made)}
}

// get answers the entry of key; whoever is first makes it, the others wait.
func (c *cache[K]) get(key K, produce func() value) value {
	m := c.entry(key)
	m.once.Do(func() {
		m.value = produce()
		c.count(m.size())
	})
	return m.value
}

func (c *cache[K]) entry(key K) *made {
	c.mu.Lock()
	defer c.mu.Unlock()
	m, ok := c.young[key]
	if !ok {
		if m, ok = c.old[key]; !ok {
			m = new(made)
		}
		c.turn()
		c.young[key] = m
	}
	return m
}

func (c *cache[K]) count(bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.newBytes += bytes
}

// turn begins a new generation when the younger is full; mu is held.
func (c *cache[K]) turn() {
	if len(c.young) >= c.maxEntries || c.newBytes >= c.maxBytes {
		c.old, c.young, c.newBytes = c.young, make(map[K]*made), 0
	}
}

// clear forgets everything.
func (c *cache[K]) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.old, c.young, c.newBytes = nil, make(map[K]*made), 0
}
