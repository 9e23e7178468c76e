package server

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"github.com/matchfloor/matchfloor/floor"
)

// pace is how often something may be done: PerSecond on average, Burst at once.
type pace struct {
	PerSecond float64
	Burst     int
}

// bucket is what has been taken of a pace; the zero bucket is full. Whoever uses
// it holds others off.
type bucket struct {
	gone float64   // at last
	last time.Time // something was taken
}

// take takes one at the time now. Where the bucket is empty it takes nothing and
// answers false.
func (b *bucket) take(p pace, now time.Time) bool {
	_, ok := b.wait(p, now)
	return ok
}

// wait is take, and answers how long until there is one again where there is none.
func (b *bucket) wait(p pace, now time.Time) (wait time.Duration, ok bool) {
	// A clock that goes back fills nothing.
	back := p.PerSecond * max(0, now.Sub(b.last).Seconds())
	gone := max(0, b.gone-back) + 1
	if over := gone - float64(p.Burst); over > 0 {
		return time.Duration(over / p.PerSecond * float64(time.Second)), false
	}
	b.gone, b.last = gone, now
	return 0, true
}

// The paces. They are per credential, because a whole venue shares one address;
// only wrong secrets are counted by address, and right ones pass whatever else
// came from there. All are per node.
var (
	paceStaff   = pace{100, 300}     // commands of organisers, moderators and runners, per link
	paceOwn     = pace{2, 30}        // commands of everyone else, per link
	paceReads   = pace{2, 20}        // snapshots and lists, per link
	paceLive    = pace{1, 20}        // openings of the live connection, per link
	paceUploads = pace{1.0 / 10, 5}  // workbooks, per link
	paceExports = pace{1.0 / 30, 10} // lists of links, each of which leaves a record, per link
	paceSignIns = pace{1, 30}        // sign-ins with the right secret, per link
	paceWrong   = pace{1.0 / 2, 120} // sign-ins with a wrong secret, per address
)

// paces are the limiters of a server.
type paces struct{ staff, own, reads, live, visits, uploads, exports, signIns, wrong *limiter }

func newPaces() paces {
	return paces{
		staff: newLimiter(paceStaff), own: newLimiter(paceOwn), reads: newLimiter(paceReads), live: newLimiter(paceLive), visits: newLimiter(paceVisits),
		uploads: newLimiter(paceUploads), exports: newLimiter(paceExports), signIns: newLimiter(paceSignIns), wrong: newLimiter(paceWrong),
	}
}

// commands answers the limiter of a role's commands, by whichever way they come.
func (p paces) commands(role floor.Role) *limiter {
	switch role {
	case floor.RoleOrganiser, floor.RoleModerator, floor.RoleRunner:
		return p.staff
	}
	return p.own
}

// maxPaced is how many keys a limiter remembers. Beyond them the one that was
// idle longest is forgotten, which can only be too generous.
const maxPaced = 20_000

// limiter holds one pace for many keys.
type limiter struct {
	pace pace

	mu       sync.Mutex // guards what follows
	keys     map[string]*list.Element
	idle     *list.List // of *paced, the longest idle first
	sweeping bool       // a timer is set that will forget
}

type paced struct {
	key    string
	bucket bucket
	used   time.Time // the last time, whether or not it was given something
}

func newLimiter(p pace) *limiter {
	return &limiter{pace: p, keys: make(map[string]*list.Element), idle: list.New()}
}

// allow takes one from key's bucket at the time now. Where it is empty it answers
// false and how long to wait; nothing is taken then.
func (l *limiter) allow(key string, now time.Time) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget(now)
	l.sweepLater(now)
	return l.bucket(key, now).wait(l.pace, now)
}

// refill is how long an empty bucket takes to be full again.
func (p pace) refill() time.Duration {
	return time.Duration(float64(p.Burst) / float64(p.PerSecond) * float64(time.Second))
}

// forget lets those go that have been idle for so long that their bucket is full
// again: a new one is the same. It is called with mu held.
func (l *limiter) forget(now time.Time) {
	for {
		oldest := l.idle.Front()
		if oldest == nil || now.Sub(oldest.Value.(*paced).used) < l.pace.refill() {
			return
		}
		delete(l.keys, l.idle.Remove(oldest).(*paced).key)
	}
}

// sweepLater forgets when all that is remembered now may be idle, also where
// nobody asks any more; mu is held.
func (l *limiter) sweepLater(now time.Time) {
	if l.sweeping {
		return
	}
	l.sweeping = true
	time.AfterFunc(l.pace.refill(), func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		later := now.Add(l.pace.refill())
		l.forget(later)
		if l.sweeping = false; len(l.keys) > 0 {
			l.sweepLater(later)
		}
	})
}

// bucket is called with mu held.
func (l *limiter) bucket(key string, now time.Time) *bucket {
	if e, ok := l.keys[key]; ok {
		l.idle.MoveToBack(e)
		e.Value.(*paced).used = now
		return &e.Value.(*paced).bucket
	}
	if len(l.keys) >= maxPaced {
		oldest := l.idle.Remove(l.idle.Front()).(*paced)
		delete(l.keys, oldest.key)
	}
	p := &paced{key: key, used: now}
	l.keys[key] = l.idle.PushBack(p)
	return &p.bucket
}

// addressKey answers what counts as one address: an IPv6 customer has a whole /64.
func addressKey(ip netip.Addr) string {
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		if network, err := ip.Prefix(64); err == nil {
			return network.String()
		}
	}
	return ip.String()
}

// slots is a count with a ceiling: of sockets, of uploads.
type slots struct {
	max int

	mu   sync.Mutex     // guards what follows
	all  int            // taken
	each map[string]int // taken, by key
}

func newSlots(n int) *slots { return &slots{max: n, each: make(map[string]int)} }

// take takes a slot for key, of which it may hold up to own. It answers a func
// that gives it back, which may be called once, or why there is none.
func (s *slots) take(key string, own int) (giveBack func(), full, many bool) {
	if full, many = s.occupy(key, own); full || many {
		return nil, full, many
	}
	return func() { s.give(key) }, false, false
}

// occupy is take for whoever calls give themselves, once.
func (s *slots) occupy(key string, own int) (full, many bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= s.max {
		return true, false
	}
	if s.each[key] >= own {
		return false, true
	}
	s.all++
	s.each[key]++
	return false, false
}

// give gives a slot of key's back.
func (s *slots) give(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.each[key]--; s.each[key] <= 0 {
		delete(s.each, key)
	}
}

// taken answers how many slots are in use.
func (s *slots) taken() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all
}
