// Package limit bounds what clients may do: how often, with rates, and how much at
// the same time, with semaphores. All bounds are of one node.
//
// Each Limiter and each Semaphore has one lock. No method calls out while it holds
// the lock.
package limit

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rate says how often something may be done: PerSecond on average, Burst at once.
type Rate struct {
	PerSecond float64
	Burst     int
}

// refill returns how long an empty bucket takes to be full again.
func (r Rate) refill() time.Duration {
	return time.Duration(float64(r.Burst) / r.PerSecond * float64(time.Second))
}

// NewBucket returns a full token bucket of this rate.
func (r Rate) NewBucket() *rate.Limiter { return rate.NewLimiter(rate.Limit(r.PerSecond), r.Burst) }

// maxKeys is how many keys a limiter remembers. If there are more, it forgets the one idle for
// longest. That key then gets a full bucket, so a client may be allowed too much, never too little.
const maxKeys = 20_000

// Limiter holds one rate for each of many keys. It is safe for concurrent use.
type Limiter struct {
	rate Rate
	now  func() time.Time

	mu       sync.Mutex // guards the fields below
	keys     map[string]*list.Element
	idle     *list.List // of *keyBucket, the longest idle first
	sweeping bool       // a timer is set that calls forget
}

// keyBucket is the bucket of one key.
type keyBucket struct {
	key    string
	bucket *rate.Limiter
	used   time.Time // the last call of Allow, whatever it returned
}

// NewLimiter returns a limiter that reads the time from now.
func NewLimiter(r Rate, now func() time.Time) *Limiter {
	return &Limiter{rate: r, now: now, keys: make(map[string]*list.Element), idle: list.New()}
}

// Allow takes a token from key's bucket. If there is none, it returns false and how
// long to wait for one. A clock that is set back refills nothing.
func (l *Limiter) Allow(key string) (wait time.Duration, ok bool) {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget(now)
	l.scheduleSweep(now)
	bucket := l.bucket(key, now)
	if bucket.AllowN(now, 1) {
		return 0, true
	}
	missing := 1 - bucket.TokensAt(now)
	return time.Duration(missing / l.rate.PerSecond * float64(time.Second)), false
}

// forget drops the keys that were idle long enough for their bucket to be full
// again: a new bucket is the same. The caller must hold mu.
func (l *Limiter) forget(now time.Time) {
	for {
		oldest := l.idle.Front()
		if oldest == nil || now.Sub(oldest.Value.(*keyBucket).used) < l.rate.refill() {
			return
		}
		delete(l.keys, l.idle.Remove(oldest).(*keyBucket).key)
	}
}

// scheduleSweep sets a timer that calls forget once every key remembered now may be
// idle, so that keys are dropped even if Allow is not called again. The caller must
// hold mu.
func (l *Limiter) scheduleSweep(now time.Time) {
	if l.sweeping {
		return
	}
	l.sweeping = true
	time.AfterFunc(l.rate.refill(), func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		later := now.Add(l.rate.refill())
		l.forget(later)
		if l.sweeping = false; len(l.keys) > 0 {
			l.scheduleSweep(later)
		}
	})
}

// bucket returns key's bucket and marks the key as used. The caller must hold mu.
func (l *Limiter) bucket(key string, now time.Time) *rate.Limiter {
	if e, ok := l.keys[key]; ok {
		l.idle.MoveToBack(e)
		e.Value.(*keyBucket).used = now
		return e.Value.(*keyBucket).bucket
	}
	if len(l.keys) >= maxKeys {
		oldest := l.idle.Remove(l.idle.Front()).(*keyBucket)
		delete(l.keys, oldest.key)
	}
	b := &keyBucket{key: key, bucket: l.rate.NewBucket(), used: now}
	l.keys[key] = l.idle.PushBack(b)
	return b.bucket
}

// AddressKey returns the key that an address is limited by. IPv6 addresses count by
// their /64, which is what one customer has.
func AddressKey(ip netip.Addr) string {
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		if network, err := ip.Prefix(64); err == nil {
			return network.String()
		}
	}
	return ip.String()
}
