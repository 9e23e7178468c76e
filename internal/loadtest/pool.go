//go:build linux

package loadtest

import (
	"cmp"
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

// The bounds of the loop of a pool.
const (
	handshakes   = 256                    // under way, unless Conditions say otherwise
	maxEventWait = 5                      // ms, for the next event
	dueInterval  = 100 * time.Millisecond // between two checks of what is due
	readBuffer   = 256 << 10
	maxEvents    = 512
)

// The errors of connections that ended without a close code.
var (
	errHungUp = errors.New("the server hung up")
	errNoPong = errors.New("no pong")
)

// closedWith is the error of a connection that the server closed with a code.
type closedWith uint16

func (c closedWith) Error() string { return fmt.Sprintf("closed with %d", uint16(c)) }

// dialect is what differs between the servers of the targets.
type dialect struct {
	handshake func(*phone) string
	hello     func(*phone) []byte // nil: the client sends no hello, and is live at once
	acks      bool                // the client acknowledges, as the protocol asks
	pings     bool                // the client pings, as the protocol asks
}

// counters are the counts of a pool.
type counters struct {
	frames, bytes, deliveries int // deliveries: snapshots and patches that moved a view
	refused                   int // commands of phones
	broken                    int // connections that the pool did not end itself
	reasons                   map[string]int
}

// pool runs many phones on one goroutine. The loop handles everything that has arrived, for
// all phones, and then rests for a moment, so that the server does not wake it for each
// frame.
type pool struct {
	server  netip.AddrPort
	dialect dialect
	rest    time.Duration
	phones  []*phone

	maxDialing   int
	acksTogether bool

	epoll        int
	toDial       []*phone // phones that wait to be dialed
	dialing      int      // handshakes under way
	buffer       []byte
	scratch      []byte
	out          []byte
	frames       frameCache
	counters     counters
	goal         *goal
	lastDueAt    time.Time
	lastRoundAt  time.Time     // when the last round of the loop began
	longestPause time.Duration // the longest between two rounds since it was last reset
	fault        error         // an error that ends the loop

	mu       sync.Mutex // guards the fields below
	requests []func()   // functions for the loop to run
}

// goal is a condition that all phones of a set are to meet.
type goal struct {
	met       func(*phone) bool
	open      map[*phone]bool
	reachedAt time.Time // when the last phone reached it
	done      chan struct{}
}

func newPool(server netip.AddrPort, d dialect, phones []*phone, o Options) (*pool, error) {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	return &pool{
		server: server, dialect: d, rest: o.LoopPause, phones: phones, epoll: epoll,
		maxDialing: cmp.Or(o.Handshakes, handshakes), acksTogether: o.AcksTogether,
		buffer: make([]byte, readBuffer), frames: make(frameCache), counters: counters{reasons: map[string]int{}},
	}, nil
}

// run runs the loop until ctx ends, and then closes every connection.
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
			// An error means that a signal interrupted the rest, which is only shorter then.
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

// checkGoal removes a phone from the goal if it meets the condition.
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

// handleBroken ends a connection that failed, and schedules the next one after the pause of
// the protocol.
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

// hangUp ends a connection and keeps the view.
func (l *pool) hangUp(p *phone) {
	if p.state == disconnected {
		return
	}
	if p.state < live {
		l.dialing--
	}
	p.state, p.partial, p.unsent, p.readingPaused = disconnected, nil, nil, false
	// Closing removes the descriptor from epoll. An error of closing changes nothing.
	_ = syscall.Close(p.fd)
	p.fd = -1
}

// markLive notes that a connection has delivered its first snapshot or patch.
func (l *pool) markLive(p *phone) {
	if p.state < live {
		p.state = live
		l.dialing--
	}
}

// pauseReading makes a phone stop reading until resumeReading.
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

// watch sets the events of a phone's socket that wake the loop.
func (l *pool) watch(p *phone, events uint32) error {
	e := &syscall.EpollEvent{Events: events, Fd: int32(p.n)}
	return os.NewSyscallError("epoll_ctl", syscall.EpollCtl(l.epoll, syscall.EPOLL_CTL_MOD, p.fd, e))
}

// doDue dials the phones that wait, and every dueInterval does what is due for each phone.
func (l *pool) doDue(now time.Time) {
	later := l.toDial[:0]
	for i, p := range l.toDial {
		if l.dialing >= l.maxDialing {
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

// onLoop runs a function on the loop, and waits until it has returned.
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

// await calls start for each of the phones, and waits until all of them meet the condition
// met. It returns when it began and when the last phone met the condition.
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

// goalError returns how many phones have not reached a goal.
func (l *pool) goalError(g *goal) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	var open int
	var reasons map[string]int
	if l.onLoop(ctx, func() { open, reasons = len(g.open), l.counters.reasons }) != nil {
		return nil
	}
	return fmt.Errorf("%d phones did not reach the goal; connections broke: %v", open, reasons)
}

// pingNow sends a ping, or makes the phone send one as soon as it is connected again.
func (l *pool) pingNow(p *phone) {
	if p.state != live {
		p.lastPing++
		return
	}
	if err := p.ping(l, time.Now()); err != nil {
		l.handleBroken(p, err)
	}
}
