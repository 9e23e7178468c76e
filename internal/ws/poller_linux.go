package ws

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
)

// A Poller waits for input on all idle connections with one epoll set. The runtime's
// own netpoller waits for the set, so no thread is held. A connection stays in the set
// until it ends, but it is armed only while it is parked, and for one event. The set and
// the goroutine that waits for it exist only while connections are watched.
//
// A set inside another one is unusual, and a kernel or sandbox may lack it. A new Poller is
// therefore checked, and used only if the check succeeds. One that fails later is not used
// again. Whatever the Poller does not watch, a goroutine waits for.
type Poller struct {
	config  Config
	calls   epollCalls
	running sync.WaitGroup // the goroutine of the set

	mu      sync.Mutex // guards the fields below and each connection's parked
	working bool       // the check has succeeded, and the poller has not failed since
	set     *os.File   // the epoll set; nil while no connection is watched
	setFD   int        // descriptor of the set
	// conns are the watched connections, by the id in their events. No id is used
	// twice, so an event of a connection that has ended finds no connection, even if
	// its descriptor's number is in use again.
	conns  map[uint64]*Conn
	lastID uint64 // the last id given
}

// A pollEntry is a connection's state in its poller.
type pollEntry struct {
	id     uint64 // 0: not watched. Set before other goroutines know the connection
	parked bool   // the poller has the reading side; guarded by Poller.mu
}

// epollCalls are the system calls that make a set and take its events.
type epollCalls struct {
	create func(flags int) (fd int, err error)
	wait   func(set int, to []syscall.EpollEvent) (n int, err error) // does not block
}

// kernelEpoll are the calls of the kernel.
var kernelEpoll = epollCalls{syscall.EpollCreate1, tryEpollWait}

// newPoller returns a poller that is not checked, and so watches nothing.
func newPoller(config Config, calls epollCalls) *Poller {
	return &Poller{config: config, calls: calls, conns: make(map[uint64]*Conn)}
}

// Working reports whether the poller watches new connections: it is checked, and has not
// failed.
func (p *Poller) Working() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.working
}

// report calls Config.PollerFailed.
func (p *Poller) report(err error) {
	if p.config.PollerFailed != nil {
		p.config.PollerFailed(err)
	}
}

// watch adds a connection to the set, unarmed. It does nothing if the connection has no
// descriptor, the poller does not work, or the set cannot be made now: a goroutine waits
// for that connection instead. The caller must have the reading side, and keeps it.
func (p *Poller) watch(c *Conn) {
	if c.fd >= 0 {
		_ = p.add(c) // an error is a connection that is not watched
	}
}

// errNotWorking is returned for a connection that a poller does not watch.
var errNotWorking = errors.New("the poller does not work")

// add is watch, for a connection with a descriptor.
func (p *Poller) add(c *Conn) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.working {
		return errNotWorking
	}
	if p.set == nil {
		if err := p.openSet(); err != nil {
			return fmt.Errorf("making an epoll set: %w", err)
		}
	}
	id := p.lastID + 1
	if err := syscall.EpollCtl(p.setFD, syscall.EPOLL_CTL_ADD, int(c.fd), newEvent(id, 0)); err != nil {
		p.closeSetIfEmpty()
		return fmt.Errorf("adding to an epoll set: %w", err)
	}
	c.id, p.lastID, p.conns[id] = id, id, c
	return nil
}

// wantedEvents are the events of a parked connection: input, or the client's end. The
// kernel adds errors by itself.
const wantedEvents = syscall.EPOLLIN | syscall.EPOLLRDHUP

// oneShot disarms an entry after one event. An entry without it would report an end
// even while no event is wanted.
const oneShot = syscall.EPOLLONESHOT

func newEvent(id uint64, wanted uint32) *syscall.EpollEvent {
	return &syscall.EpollEvent{Events: wanted | oneShot, Fd: int32(id), Pad: int32(id >> 32)}
}

func eventID(e syscall.EpollEvent) uint64 { return uint64(uint32(e.Fd)) | uint64(uint32(e.Pad))<<32 }

// openSet makes the set and starts the goroutine that waits for it. The caller must
// hold mu.
func (p *Poller) openSet() error {
	fd, err := p.calls.create(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return err
	}
	// The runtime's netpoller waits only for descriptors that do not block.
	if err := syscall.SetNonblock(fd, true); err != nil {
		_ = syscall.Close(fd)
		return err
	}
	p.set, p.setFD = os.NewFile(uintptr(fd), "epoll"), fd
	set := p.set
	p.running.Go(func() { p.run(set) })
	return nil
}

// closeSetIfEmpty closes the set if it has no connection. The caller must hold mu.
func (p *Poller) closeSetIfEmpty() {
	if p.set != nil && len(p.conns) == 0 {
		// This ends run. An error would change nothing.
		_ = p.set.Close()
		p.set = nil
	}
}

// park moves a connection's reading side from the caller to the poller, and reports
// whether it did. It does not if the connection is not watched or is closing. After
// true the connection may have ended already.
func (p *Poller) park(c *Conn) bool {
	if c.id == 0 {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conns[c.id] != c || c.closing.Load() {
		return false
	}
	// Input that has arrived since the last read causes an event at once.
	c.parked = syscall.EpollCtl(p.setFD, syscall.EPOLL_CTL_MOD, int(c.fd), newEvent(c.id, wantedEvents)) == nil
	return c.parked
}

// unpark moves a connection's reading side from the poller to the caller, and reports
// whether it did.
func (p *Poller) unpark(c *Conn) bool {
	if c.id == 0 {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	was := c.parked
	c.parked = false
	return was
}

// unwatch removes a connection from the set. The caller must have the reading side, and
// must close the connection next.
func (p *Poller) unwatch(c *Conn) {
	if c.id != 0 {
		_ = p.remove(c) // this fails only if the kernel has removed the descriptor already
	}
}

// remove is unwatch, for a connection that was watched.
func (p *Poller) remove(c *Conn) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conns[c.id] != c {
		return nil
	}
	err := syscall.EpollCtl(p.setFD, syscall.EPOLL_CTL_DEL, int(c.fd), nil)
	delete(p.conns, c.id)
	p.closeSetIfEmpty()
	return err
}

// eventBatch is how many events are taken from the kernel in one call.
const eventBatch = 128

// run reads each connection that has an event, until set is closed or fails.
func (p *Poller) run(set *os.File) {
	events, n := make([]syscall.EpollEvent, eventBatch), 0
	var failure error
	takeEvents := func(fd uintptr) bool {
		n, failure = p.calls.wait(int(fd), events)
		for failure == syscall.EINTR {
			n, failure = p.calls.wait(int(fd), events)
		}
		return n > 0 || failure != nil
	}
	r := acquireReader()
	raw, err := set.SyscallConn()
	for err == nil {
		if err = raw.Read(takeEvents); err == nil {
			err = failure
		}
		if err == nil {
			for _, c := range p.takeReady(events[:n]) {
				r = c.readReady(r)
			}
		}
	}
	r.release()
	p.fallBack(set, err)
}

// readReady reads once from a connection whose reading side the poller has just given
// up to the caller, and does not block. Short texts, which are nearly all that phones
// send, are passed on here: a goroutine for each would cost more than the text itself.
// For other input, incomplete input and an end it starts a goroutine, which may block
// and gets r. It returns the reader for the next connection.
func (c *Conn) readReady(r *frameReader) *frameReader {
	c.attach(r)
	if !r.readShortTexts() {
		go c.serve(r)
		return acquireReader()
	}
	r.reset()
	c.idle()
	return r
}

// takeReady returns the parked connections that have an event. The caller gets their
// reading sides.
func (p *Poller) takeReady(events []syscall.EpollEvent) (ready []*Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range events {
		if c := p.conns[eventID(e)]; c != nil && c.parked {
			c.parked = false
			ready = append(ready, c)
		}
	}
	return ready
}

// fallBack starts a goroutine for each connection of a set that failed with err, and stops
// the use of the poller: a set that has failed once is not trusted again. If set was closed
// because it was empty, fallBack does nothing.
func (p *Poller) fallBack(set *os.File, err error) {
	if p.releaseAll(set) {
		p.report(fmt.Errorf("waiting for an epoll set: %w", err))
	}
}

// releaseAll gives each connection of set to a goroutine, and reports whether set was in
// use.
func (p *Poller) releaseAll(set *os.File) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.set != set {
		return false
	}
	p.working = false
	for id, c := range p.conns {
		delete(p.conns, id)
		if c.parked {
			c.parked = false
			go c.awaitInput()
		}
	}
	p.closeSetIfEmpty()
	return true
}
