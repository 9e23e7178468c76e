package hub

import (
	"runtime"
	"sync"
	"time"

	"github.com/matchfloor/matchfloor/wire"
)

// NonblockingTransport is an Outlet that can also write without waiting. The hub then needs
// no goroutine for a client that takes its frames.
type NonblockingTransport interface {
	Transport
	// TryWrite begins to write a frame and never waits. Where the transport did not
	// take the whole of it, taken is false, and the next call is Write with the same
	// frame, which ends what was begun. An error is as one of Write. The frame is
	// shared: it must not be changed or kept.
	TryWrite(frame []byte) (taken bool, err error)
}

// post is a few goroutines that write for all sessions whose clients take what
// they are sent. Each session is in it once at the most.
type post struct {
	mu   sync.Mutex // guards what follows
	more *sync.Cond
	due  []*Session // oldest first
	over bool       // nothing is taken any more
}

func newPost() *post {
	p := new(post)
	p.more = sync.NewCond(&p.mu)
	return p
}

// writers is how many goroutines a post has. None of them waits for a client, so
// more than there are processors only help while one waits for a lock.
func writers() int { return 2 * runtime.GOMAXPROCS(0) }

// put hands a session over; it answers false where nothing is taken any more.
func (p *post) put(s *Session) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return false
	}
	p.due = append(p.due, s)
	p.more.Signal()
	return true
}

// bagful is how many sessions a writer takes at a time.
const bagful = 16

// take answers the next sessions, in bag's memory. It blocks while there are none,
// and answers none at the end.
func (p *post) take(bag []*Session) []*Session {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.due) == 0 {
		if p.over {
			return nil
		}
		p.more.Wait()
	}
	n := min(len(p.due), bagful)
	bag = append(bag[:0], p.due[:n]...)
	clear(p.due[:n])
	if p.due = p.due[n:]; len(p.due) == 0 {
		p.due = nil
	}
	return bag
}

// run writes until the post is closed and empty.
func (p *post) run() {
	bag := make([]*Session, 0, bagful)
	for {
		if bag = p.take(bag); len(bag) == 0 {
			return
		}
		for _, s := range bag {
			s.write()
		}
	}
}

// close has the writers end when they have written for whom they hold.
func (p *post) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	p.more.Broadcast()
}

// startWriter has somebody write what is due, once at a time; mu is held.
func (s *Session) startWriter() {
	if s.writing || s.gone {
		return
	}
	s.writing = true
	if s.quick == nil || !s.hub.post.put(s) {
		s.hub.owned.Go(s.writeAlone)
	}
}

// write sends what is due as long as that needs no waiting, and leaves the rest to
// a goroutine of the session's own: what the client does not take at once, and
// what takes long to make, or to close.
func (s *Session) write() {
	for {
		p := s.next()
		switch p.kind {
		case nothing:
			return
		case hangUp, sendSnapshot:
			s.goOn(p)
			return
		}
		frame := s.encode(p)
		if frame == nil {
			continue // what was due has changed meanwhile
		}
		s.hub.counters.sent(len(frame))
		taken, err := s.quick.TryWrite(frame)
		switch {
		case err != nil:
			s.hub.owned.Go(s.broken)
			return
		case !taken:
			s.goOnAfter(frame)
			return
		}
	}
}

// goOn and goOnAfter are apart from write, in which a closure would put every parcel
// and frame on the heap.
func (s *Session) goOn(p parcel) { s.hub.owned.Go(func() { s.writeOn(p) }) }

// goOnAfter ends a frame that was begun, and then does as writeAlone.
func (s *Session) goOnAfter(frame []byte) {
	s.hub.owned.Go(func() {
		if s.finishFrame(frame) {
			s.writeAlone()
		}
	})
}

// writeAlone sends what is due, one frame after the other, and ends. It has a
// goroutine of its own, so that a socket that has stalled takes no other's turn.
func (s *Session) writeAlone() { s.writeOn(s.next()) }

func (s *Session) writeOn(p parcel) {
	for ; p.kind != nothing; p = s.next() {
		if p.kind == hangUp {
			s.hangUp(p.close)
			return
		}
		frame := s.encode(p)
		if frame == nil {
			continue // what was due has changed meanwhile
		}
		s.hub.counters.sent(len(frame))
		if !s.finishFrame(frame) {
			return
		}
	}
}

// finishFrame waits until the client has taken a frame, and hangs up where it does not.
func (s *Session) finishFrame(frame []byte) bool {
	if err := s.outlet.Write(frame, time.Now().Add(writeTime)); err != nil {
		s.broken()
		return false
	}
	return true
}

// broken hangs up on a client that did not take a frame.
func (s *Session) broken() {
	s.hub.counters.writeErrors.Add(1)
	s.hangUp(wire.CloseBroken)
}
