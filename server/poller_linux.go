package server

import (
	"os"
	"sync"
	"syscall"
)

// parks is whether an idle plain connection costs no goroutine.
const parks = true

// poller waits for all idle connections at once, as the runtime does for
// goroutines that wait for one each: with epoll, and without holding a thread. A
// connection is its own epoll entry for as long as it lives, but armed only while
// it is parked, and for one event. Its goroutine and its epoll set exist only
// while there are connections.
type poller struct {
	mu  sync.Mutex // guards what follows, and each connection's parked
	set *os.File   // the epoll set; nil while nobody is watched
	fd  int        // of the set
	// all are those that are watched, by the number in their events. No number is
	// used twice, so that an event of one that has gone is nobody's.
	all  map[uint64]*socket
	last uint64 // number given
}

// watched is a connection's place in a poller. id is set before the connection is
// anybody else's.
type watched struct {
	id     uint64 // 0: a goroutine waits for it
	parked bool   // nobody reads it: whoever takes the next event does
}

func newPoller() *poller { return &poller{all: make(map[uint64]*socket)} }

// add begins to watch a connection, if it is a plain one and there is a way to;
// otherwise a goroutine will wait for it. The caller has its reading side.
func (p *poller) add(k *socket) {
	if k.fd < 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.set == nil && p.open() != nil {
		return
	}
	id := p.last + 1
	if syscall.EpollCtl(p.fd, syscall.EPOLL_CTL_ADD, k.fd, epollEvent(id, 0)) != nil {
		p.closeIfEmpty()
		return
	}
	k.id, p.last, p.all[id] = id, id, k
}

// interest is what ends a rest: bytes, an end, or an error, which is always told.
const interest = syscall.EPOLLIN | syscall.EPOLLRDHUP

// armed makes an entry tell one event only, and then nothing until it is set anew.
// An entry without interest still would tell an end.
const armed = syscall.EPOLLONESHOT

func epollEvent(id uint64, wanted uint32) *syscall.EpollEvent {
	return &syscall.EpollEvent{Events: wanted | armed, Fd: int32(id), Pad: int32(id >> 32)}
}

func idOf(e syscall.EpollEvent) uint64 { return uint64(uint32(e.Fd)) | uint64(uint32(e.Pad))<<32 }

// open makes the set, and begins to wait for it; mu is held.
func (p *poller) open() error {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return err
	}
	// What does not block, the runtime waits for.
	if err := syscall.SetNonblock(fd, true); err != nil {
		_ = syscall.Close(fd)
		return err
	}
	p.set, p.fd = os.NewFile(uintptr(fd), "epoll"), fd
	go p.run(p.set)
	return nil
}

// closeIfEmpty ends the set when nobody is in it; mu is held.
func (p *poller) closeIfEmpty() {
	if p.set != nil && len(p.all) == 0 {
		// Its goroutine ends by that; nothing else is to be learnt.
		_ = p.set.Close()
		p.set = nil
	}
}

// park makes the caller give up a connection's reading side until an event. It
// answers false where the caller keeps it: the connection is not watched, or is
// being closed. After true the connection may be gone.
func (p *poller) park(k *socket) bool {
	if k.id == 0 {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all[k.id] != k || k.closing.Load() {
		return false
	}
	// Whatever has come since it was read is told at once.
	k.parked = syscall.EpollCtl(p.fd, syscall.EPOLL_CTL_MOD, k.fd, epollEvent(k.id, interest)) == nil
	return k.parked
}

// unpark takes a connection out of its rest; whoever is answered true has its
// reading side.
func (p *poller) unpark(k *socket) bool {
	if k.id == 0 {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	was := k.parked
	k.parked = false
	return was
}

// remove ends the watching of a connection, which the caller is about to close.
func (p *poller) remove(k *socket) {
	if k.id == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all[k.id] == k {
		// It fails only where the kernel has let go of it already.
		_ = syscall.EpollCtl(p.fd, syscall.EPOLL_CTL_DEL, k.fd, nil)
		delete(p.all, k.id)
		p.closeIfEmpty()
	}
}

// eventsAtOnce is how many events are taken from the kernel in one call.
const eventsAtOnce = 128

// run hears each connection that has an event, until set is closed.
func (p *poller) run(set *os.File) {
	events, n := make([]syscall.EpollEvent, eventsAtOnce), 0
	look := func(fd uintptr) bool {
		var err error
		n, err = eventsNow(int(fd), events)
		return n > 0 || err != nil
	}
	in := incomingOf(nil)
	raw, err := set.SyscallConn()
	for err == nil {
		if err = raw.Read(look); err == nil {
			for _, k := range p.ready(events[:n]) {
				in = k.hear(in)
			}
		}
	}
	in.free()
	p.giveUp(set)
}

// ready answers whose rest is over by some events.
func (p *poller) ready(events []syscall.EpollEvent) (over []*socket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range events {
		if k := p.all[idOf(e)]; k != nil && k.parked {
			k.parked = false
			over = append(over, k)
		}
	}
	return over
}

// giveUp makes goroutines wait for the connections of a set that cannot be waited
// for any more. Of one that was closed there are none.
func (p *poller) giveUp(set *os.File) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.set != set {
		return
	}
	for id, k := range p.all {
		delete(p.all, id)
		if k.parked {
			k.parked = false
			go k.await()
		}
	}
	p.closeIfEmpty()
}
