package ws

import (
	"os"
	"sync"
	"syscall"
)

// A Poller waits for input on all idle connections with one epoll set. The runtime's
// own netpoller waits for the set, so no thread is held. A connection stays in the set
// until it ends, but it is armed only while it is parked, and for one event. The set and
// the goroutine that waits for it exist only while connections are watched.
type Poller struct {
	config Config

	mu    sync.Mutex // guards the fields below and each connection's parked
	set   *os.File   // the epoll set; nil while no connection is watched
	setFD int        // descriptor of the set
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

// NewPoller returns a poller for connections with the limits of config.
func NewPoller(config Config) *Poller {
	return &Poller{config: config, conns: make(map[uint64]*Conn)}
}

// watch adds a connection to the set, unarmed. It does nothing if the connection has no
// descriptor or the set cannot be made: a goroutine waits for that connection instead.
// The caller must have the reading side, and keeps it.
func (p *Poller) watch(c *Conn) {
	if c.fd < 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.set == nil && p.openSet() != nil {
		return
	}
	id := p.lastID + 1
	if syscall.EpollCtl(p.setFD, syscall.EPOLL_CTL_ADD, int(c.fd), newEvent(id, 0)) != nil {
		p.closeSetIfEmpty()
		return
	}
	c.id, p.lastID, p.conns[id] = id, id, c
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
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return err
	}
	// The runtime's netpoller waits only for descriptors that do not block.
	if err := syscall.SetNonblock(fd, true); err != nil {
		_ = syscall.Close(fd)
		return err
	}
	p.set, p.setFD = os.NewFile(uintptr(fd), "epoll"), fd
	go p.run(p.set)
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
	if c.id == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conns[c.id] == c {
		// This fails only if the kernel has removed the descriptor already.
		_ = syscall.EpollCtl(p.setFD, syscall.EPOLL_CTL_DEL, int(c.fd), nil)
		delete(p.conns, c.id)
		p.closeSetIfEmpty()
	}
}

// eventBatch is how many events are taken from the kernel in one call.
const eventBatch = 128

// run reads each connection that has an event, until set is closed or fails.
func (p *Poller) run(set *os.File) {
	events, n := make([]syscall.EpollEvent, eventBatch), 0
	takeEvents := func(fd uintptr) bool {
		var err error
		n, err = tryEpollWait(int(fd), events)
		return n > 0 || err != nil
	}
	r := acquireReader()
	raw, err := set.SyscallConn()
	for err == nil {
		if err = raw.Read(takeEvents); err == nil {
			for _, c := range p.takeReady(events[:n]) {
				r = c.readReady(r)
			}
		}
	}
	r.release()
	p.fallBack(set)
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

// fallBack starts a goroutine for each connection of a set that failed. If set was
// closed because it was empty, there is none.
func (p *Poller) fallBack(set *os.File) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.set != set {
		return
	}
	for id, c := range p.conns {
		delete(p.conns, id)
		if c.parked {
			c.parked = false
			go c.awaitInput()
		}
	}
	p.closeSetIfEmpty()
}
