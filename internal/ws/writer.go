package ws

import (
	"bytes"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// A frameWriter writes the frames of one connection. Over TCP without TLS, TryWrite gives
// a frame to the kernel in one call that does not block. What the kernel does not take,
// and all frames over TLS, Write writes with a deadline.
type frameWriter struct {
	rawConn

	// mu is held during each write, which may block until the client reads. A goroutine
	// that serves other connections too must therefore use TryLock. It guards the fields
	// below, but for watched.
	mu       sync.Mutex
	finished bool   // a close frame or an incomplete frame was written: nothing may follow
	broken   bool   // finished without a close frame: the client can be told nothing any more
	watched  bool   // a poller has the connection; set before other goroutines know it
	pending  []byte // the rest of the frame with which Write is called next
}

// The reasons why nothing can be written.
var (
	errFinished = errors.New("ws: the connection was closed")                // after a close frame or an incomplete frame
	errStuck    = errors.New("ws: the client does not read what it is sent") // for stuckTimeout
)

// TryWrite writes a text message without blocking, and reports whether the kernel took
// all of it. If not, and without an error, the caller must call Write next with the same
// frame, which writes the rest or all of it. TryWrite takes nothing while another
// goroutine writes a control frame, which may wait for the client. frame is not kept or
// changed.
func (w *frameWriter) TryWrite(frame []byte) (taken bool, err error) {
	if !w.nonblocking() || !w.mu.TryLock() {
		return false, nil
	}
	defer w.mu.Unlock()
	if w.finished {
		return false, errFinished
	}
	b := frameBuffers.Get().(*frameBuffer)
	defer frameBuffers.Put(b)
	b.bytes = append(appendHeader(b.bytes[:0], websocket.TextMessage, len(frame)), frame...)
	n, err := w.trySend(b.bytes)
	if n == 0 || err != nil {
		return false, err
	}
	if n == len(b.bytes) {
		return true, nil
	}
	w.pending = bytes.Clone(b.bytes[n:])
	return false, nil
}

// Write writes a text message, and blocks until the kernel has taken it or the deadline
// has passed. After an error nothing more can be written, not even a close frame. frame
// is not kept or changed.
func (w *frameWriter) Write(frame []byte, deadline time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.finished {
		return errFinished
	}
	if err := w.writeFrame(frame, deadline); err != nil {
		w.finished, w.broken = true, true
		return err
	}
	w.pending = nil
	return nil
}

// writeFrame writes the pending rest of a frame, or all of it if nothing is pending. The
// caller must hold mu.
func (w *frameWriter) writeFrame(frame []byte, deadline time.Time) error {
	parts := net.Buffers{w.pending}
	if len(w.pending) == 0 {
		// Over TLS each buffer becomes a record, so the header shares one with payload.
		b := frameBuffers.Get().(*frameBuffer)
		defer frameBuffers.Put(b)
		first := min(len(frame), writeBufferSize)
		b.bytes = append(appendHeader(b.bytes[:0], websocket.TextMessage, len(frame)), frame[:first]...)
		parts = net.Buffers{b.bytes, frame[first:]}
		if first == len(frame) {
			parts = parts[:1]
		}
	}
	return w.writeParts(parts, deadline)
}

// writeParts blocks until the kernel has taken parts or the deadline has passed. The
// caller must hold mu.
func (w *frameWriter) writeParts(parts net.Buffers, deadline time.Time) error {
	if err := w.setWriteDeadline(deadline); err != nil {
		return err
	}
	if _, err := parts.WriteTo(w.conn); err != nil {
		return err
	}
	// An expired deadline would make the alerts fail that TLS writes by itself.
	return w.conn.SetWriteDeadline(time.Time{})
}

// writePong replies to a ping. It drops the reply if a write is in progress: the client
// will ping again. It does not block over TCP without TLS, where a goroutine writes what the
// kernel does not take. Otherwise it delays its own connection's reader, and returns errStuck
// if the client does not read for stuckTimeout. All other errors the reader will see.
func (w *frameWriter) writePong(payload []byte) error {
	if !w.mu.TryLock() {
		return nil
	}
	if len(w.pending) > 0 || w.finished {
		w.mu.Unlock()
		return nil
	}
	rest := append(appendHeader(nil, websocket.PongMessage, len(payload)), payload...)
	if !w.nonblocking() {
		defer w.mu.Unlock()
		return w.finishPong(rest)
	}
	n, err := w.trySend(rest)
	if n == len(rest) || err != nil {
		w.mu.Unlock()
		return nil
	}
	go w.awaitPong(rest[n:])
	return nil
}

// awaitPong writes a pong, or its rest, when the client reads. If it does not, the
// connection is aborted. The caller must hold mu; awaitPong unlocks it.
func (w *frameWriter) awaitPong(rest []byte) {
	defer w.mu.Unlock()
	if w.finishPong(rest) != nil {
		w.abort(w.watched)
	}
}

// finishPong blocks until the kernel has taken a pong, or its rest. It returns errStuck if
// that takes longer than stuckTimeout. The caller must hold mu.
func (w *frameWriter) finishPong(rest []byte) error {
	err := w.writeParts(net.Buffers{rest}, time.Now().Add(stuckTimeout))
	if err == nil {
		return nil
	}
	w.finished, w.broken = true, true
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return errStuck
	}
	return nil
}

// writeClose writes a close frame, unless it would fall inside another frame or after the
// last. Nothing can be written after it. It waits for a write in progress. It reports whether
// the kernel has a close frame for the client, of this call or of an earlier one; if not, the
// client has gone or does not read.
func (w *frameWriter) writeClose(code int, reason string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.finished {
		payload := websocket.FormatCloseMessage(code, reason)
		text := append(appendHeader(nil, websocket.CloseMessage, len(payload)), payload...)
		w.broken = len(w.pending) > 0 || w.writeParts(net.Buffers{text}, time.Now().Add(controlTimeout)) != nil
		w.finished = true
	}
	return !w.broken
}

// writeBufferSize is the initial size in bytes of the pooled buffers in which frames and
// answers to handshakes are assembled.
const writeBufferSize = 4 << 10

const (
	// controlTimeout is how long a write may block once the connection is closing.
	controlTimeout = time.Second
	// stuckTimeout is how long writing a pong may block. It is as long as a session gives a
	// frame.
	stuckTimeout = 5 * time.Second
)

// A frameBuffer is memory in which a frame is assembled.
type frameBuffer struct{ bytes []byte }

// frameBuffers are shared by all connections, so an idle one has none.
var frameBuffers = sync.Pool{New: func() any { return &frameBuffer{make([]byte, 0, writeBufferSize)} }}
