//go:build linux

package loadtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/matchfloor/matchfloor/wire"
)

// The pace of a pool's loop.
const (
	maxDialing   = 256                    // handshakes under way
	maxEventWait = 5                      // ms, for the next event
	dueInterval  = 100 * time.Millisecond // at what is due
	readBuffer   = 256 << 10
	maxEvents    = 512
)

// Why a connection ended.
var (
	errHungUp = errors.New("the server hung up")
	errNoPong = errors.New("no pong")
)

// closedWith is a close frame's code.
type closedWith uint16

func (c closedWith) Error() string { return fmt.Sprintf("closed with %d", uint16(c)) }

// dialect is what differs between servers.
type dialect struct {
	handshake func(*phone) string
	hello     func(*phone) []byte // nil: nothing is said, and nothing awaited
	acks      bool                // acknowledgements and pings, as the protocol asks
}

// counters is what a pool has counted.
type counters struct {
	frames, bytes, deliveries int // deliveries: snapshots and patches that moved a view
	refused                   int // commands of phones
	broken                    int // connections that were not ended here
	reasons                   map[string]int
}

// pool is many phones on one goroutine: it takes whatever has come, for all, and
// then rests for a moment, so that the server is not charged with waking it for
// each frame.
type pool struct {
	server  netip.AddrPort
	dialect dialect
	rest    time.Duration
	phones  []*phone

	epoll        int
	toDial       []*phone // that wait to be dialed
	dialing      int      // handshakes under way
	buffer       []byte
	scratch      []byte
	out          []byte
	frames       frameCache
	counters     counters
	goal         *goal
	lastDueAt    time.Time
	lastRoundAt  time.Time     // when the loop came round last
	longestPause time.Duration // the longest between two rounds since it was last reset
	fault        error         // what no phone could do anything about

	mu       sync.Mutex // guards what follows
	requests []func()   // to be done by the loop
}

// goal is something that all phones of a set are to come to.
type goal struct {
	met       func(*phone) bool
	open      map[*phone]bool
	reachedAt time.Time // when the last came to it
	done      chan struct{}
}

func newPool(server netip.AddrPort, d dialect, phones []*phone, rest time.Duration) (*pool, error) {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	return &pool{
		server: server, dialect: d, rest: rest, phones: phones, epoll: epoll,
		buffer: make([]byte, readBuffer), frames: make(frameCache), counters: counters{reasons: map[string]int{}},
	}, nil
}

// run is the loop; it ends with ctx, and closes every connection.
func (l *pool) run(ctx context.Context) error {
	events := make([]syscall.EpollEvent, maxEvents)
	for ctx.Err() == nil && l.fault == nil {
		n, err := syscall.EpollWait(l.epoll, events, maxEventWait)
		if err != nil && err != syscall.EINTR {
			l.fault = os.NewSyscallError("epoll_wait", err)
			break
		}
		for _, e := range events[:max(n, 0)] {
			l.handleEvent(l.phones[e.Fd])
		}
		now := time.Now()
		if !l.lastRoundAt.IsZero() {
			l.longestPause = max(l.longestPause, now.Sub(l.lastRoundAt))
		}
		l.lastRoundAt = now
		l.runRequests()
		l.doDue(now)
		if l.rest > 0 && n < maxEvents {
			// An error is a signal that came early: the rest is only shorter.
			_ = syscall.Nanosleep(&syscall.Timespec{Nsec: int64(l.rest)}, nil)
		}
	}
	for _, p := range l.phones {
		l.hangUp(p)
	}
	return errors.Join(l.fault, os.NewSyscallError("close", syscall.Close(l.epoll)))
}

func (l *pool) handleEvent(p *phone) {
	if p.state == disconnected {
		return
	}
	if err := p.handleReady(l, time.Now()); err != nil {
		l.handleBroken(p, err)
	}
	l.checkGoal(p)
}

// checkGoal strikes a phone off the goal when it has come to it.
func (l *pool) checkGoal(p *phone) {
	g := l.goal
	if g == nil || !g.open[p] || !g.met(p) {
		return
	}
	if delete(g.open, p); len(g.open) == 0 {
		g.reachedAt, l.goal = time.Now(), nil
		close(g.done)
	}
}

// handleBroken ends a connection that failed, and has the phone come back after the
// pause that the protocol asks for.
func (l *pool) handleBroken(p *phone, err error) {
	l.hangUp(p)
	l.counters.broken++
	l.counters.reasons[err.Error()]++
	var code closedWith
	come := wire.ComeUsual
	if errors.As(err, &code) {
		come = wire.CloseCode(code).Comeback()
	}
	switch come {
	case wire.ComeNow, wire.ComeSignIn:
		p.dialAt = time.Now()
	case wire.ComeSoon:
		p.dialAt = time.Now().Add(rand.N(2 * time.Second))
	case wire.ComeLater:
		p.dialAt = time.Now().Add(5*time.Second + rand.N(10*time.Second))
	case wire.ComeNever, wire.ComeReload:
		return
	default:
		p.dialAt = time.Now().Add(rand.N(500 * time.Millisecond))
	}
	l.toDial = append(l.toDial, p)
}

// hangUp ends a connection; the view stays.
func (l *pool) hangUp(p *phone) {
	if p.state == disconnected {
		return
	}
	if p.state < live {
		l.dialing--
	}
	p.state, p.partial, p.unsent, p.readingPaused = disconnected, nil, nil, false
	// The descriptor leaves epoll with its close, of which nothing can be made if it fails.
	_ = syscall.Close(p.fd)
	p.fd = -1
}

// markLive notes that a connection has brought what it was made for.
func (l *pool) markLive(p *phone) {
	if p.state < live {
		p.state = live
		l.dialing--
	}
}

// pauseReading makes a phone stop reading, and unstall go on.
func (l *pool) pauseReading(p *phone) {
	if p.state == disconnected || p.readingPaused {
		return
	}
	p.readingPaused = true
	if err := syscall.EpollCtl(l.epoll, syscall.EPOLL_CTL_DEL, p.fd, nil); err != nil {
		l.fault = os.NewSyscallError("epoll_ctl", err)
	}
}

func (l *pool) resumeReading(p *phone) {
	if !p.readingPaused {
		return
	}
	p.readingPaused = false
	e := &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(p.n)}
	if err := syscall.EpollCtl(l.epoll, syscall.EPOLL_CTL_ADD, p.fd, e); err != nil {
		l.fault = os.NewSyscallError("epoll_ctl", err)
	}
}

// watch says for what the loop wakes for a phone.
func (l *pool) watch(p *phone, events uint32) error {
	e := &syscall.EpollEvent{Events: events, Fd: int32(p.n)}
	return os.NewSyscallError("epoll_ctl", syscall.EpollCtl(l.epoll, syscall.EPOLL_CTL_MOD, p.fd, e))
}

// doDue dials who waits, and now and then does what is due.
func (l *pool) doDue(now time.Time) {
	later := l.toDial[:0]
	for i, p := range l.toDial {
		if l.dialing >= maxDialing {
			later = append(later, l.toDial[i:]...)
			break
		}
		if p.dialAt.After(now) || p.state != disconnected {
			later = append(later, p)
			continue
		}
		l.dial(p)
	}
	l.toDial = later
	if now.Sub(l.lastDueAt) < dueInterval {
		return
	}
	l.lastDueAt = now
	for _, p := range l.phones {
		if err := p.doDue(l, now); err != nil {
			l.handleBroken(p, err)
		}
		l.checkGoal(p)
	}
}

func (l *pool) dial(p *phone) {
	fd, err := dial(l.server, p.n)
	if err == nil {
		e := &syscall.EpollEvent{Events: syscall.EPOLLOUT, Fd: int32(p.n)}
		err = os.NewSyscallError("epoll_ctl", syscall.EpollCtl(l.epoll, syscall.EPOLL_CTL_ADD, fd, e))
	}
	if err != nil {
		l.fault = fmt.Errorf("phone %d: %w", p.n, err)
		return
	}
	p.fd, p.state = fd, dialing
	l.dialing++
}

func (l *pool) runRequests() {
	l.mu.Lock()
	asked := l.requests
	l.requests = nil
	l.mu.Unlock()
	for _, do := range asked {
		do()
	}
}

// onLoop has the loop do something and waits until it has.
func (l *pool) onLoop(ctx context.Context, what func()) error {
	done := make(chan struct{})
	l.mu.Lock()
	l.requests = append(l.requests, func() { defer close(done); what() })
	l.mu.Unlock()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// await begins what start says, and waits until all of phones have come to met.
// It answers when it began and when the last was there.
func (l *pool) await(ctx context.Context, phones []*phone, start func(*phone), met func(*phone) bool) (from, to time.Time, err error) {
	g := &goal{met: met, open: make(map[*phone]bool, len(phones)), done: make(chan struct{})}
	for _, p := range phones {
		g.open[p] = true
	}
	if err := l.onLoop(ctx, func() {
		l.goal = g
		from = time.Now()
		for _, p := range phones {
			start(p)
			l.checkGoal(p)
		}
	}); err != nil {
		return from, to, err
	}
	select {
	case <-g.done:
		return from, g.reachedAt, nil
	case <-ctx.Done():
		return from, to, errors.Join(context.Cause(ctx), l.goalError(g))
	}
}

// goalError says how many had not come to a goal.
func (l *pool) goalError(g *goal) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	var open int
	var reasons map[string]int
	if l.onLoop(ctx, func() { open, reasons = len(g.open), l.counters.reasons }) != nil {
		return nil
	}
	return fmt.Errorf("%d phones did not come so far; connections broke: %v", open, reasons)
}

// pingNow pings, or has the phone ping as soon as it is back.
func (l *pool) pingNow(p *phone) {
	if p.state != live {
		p.lastPing++
		return
	}
	if err := p.ping(l, time.Now()); err != nil {
		l.handleBroken(p, err)
	}
}
