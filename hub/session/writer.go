package session

import (
	"time"

	"github.com/matchfloor/matchfloor/wire"
)

// writeTimeout is how long one frame may take to be written.
const writeTimeout = 5 * time.Second

// writer writes what a session has to send. At most one goroutine is in its methods
// other than schedule.
type writer struct {
	session     *Session
	transport   Transport
	nonblocking NonblockingTransport // the transport, if it is one
	active      bool                 // a goroutine writes, or is about to; guarded by session.mu
}

// schedule makes a goroutine write what is due, unless one does already; session.mu is
// held.
func (w *writer) schedule() {
	if w.active || w.session.phase == closed {
		return
	}
	w.active = true
	env := w.session.event.env
	if w.nonblocking == nil || !env.Writers.schedule(w) {
		env.Go(w.writeBlocking)
	}
}

// write writes what is due while that needs no waiting. The rest it leaves to a goroutine
// of the session's own: what the client does not take at once, and what takes long to
// make, or to close.
func (w *writer) write() {
	for {
		op := w.session.next()
		switch op.kind {
		case nothing:
			return
		case hangUp, sendSnapshot:
			w.spawn(op)
			return
		}
		frame := w.session.encode(op)
		if frame == nil {
			continue // what was due has changed meanwhile
		}
		w.session.event.env.Counters.countFrame(len(frame))
		taken, err := w.nonblocking.TryWrite(frame)
		switch {
		case err != nil:
			w.session.event.env.Go(w.fail)
			return
		case !taken:
			w.spawnRest(frame)
			return
		}
	}
}

// spawn starts a goroutine that continues with op. spawn and spawnRest are separate functions
// because a closure inside write would move every op and frame to the heap.
func (w *writer) spawn(op writeOp) { w.session.event.env.Go(func() { w.writeFrom(op) }) }

// spawnRest starts a goroutine that completes a frame and then writes what is due.
func (w *writer) spawnRest(frame []byte) {
	w.session.event.env.Go(func() {
		if w.writeFrame(frame) {
			w.writeBlocking()
		}
	})
}

// writeBlocking writes what is due, one frame after the other, and returns. It has a
// goroutine of its own, so that a stalled client delays no other.
func (w *writer) writeBlocking() { w.writeFrom(w.session.next()) }

func (w *writer) writeFrom(op writeOp) {
	for ; op.kind != nothing; op = w.session.next() {
		if op.kind == hangUp {
			w.hangUp(op.close)
			return
		}
		frame := w.session.encode(op)
		if frame == nil {
			continue // what was due has changed meanwhile
		}
		w.session.event.env.Counters.countFrame(len(frame))
		if !w.writeFrame(frame) {
			return
		}
	}
}

// writeFrame blocks until the client has taken a frame. If it does not, the connection is
// closed.
func (w *writer) writeFrame(frame []byte) bool {
	if err := w.transport.Write(frame, time.Now().Add(writeTimeout)); err != nil {
		w.fail()
		return false
	}
	return true
}

// fail closes the connection to a client that did not take a frame.
func (w *writer) fail() {
	w.session.event.env.Counters.WriteErrors.Add(1)
	w.hangUp(wire.CloseBroken)
}

// hangUp closes the connection, with the session's close code if it has one. The writer
// must end with it.
func (w *writer) hangUp(code wire.CloseCode) {
	s := w.session
	s.mu.Lock()
	if s.closeCode != 0 {
		code = s.closeCode
	}
	open := s.phase != closed
	if open {
		s.phase.enter(closed)
	}
	w.active = false
	s.mu.Unlock()
	if open {
		s.event.env.Counters.countClose(code)
		w.transport.Close(code)
		s.release()
	}
}
