package ws

import (
	"bytes"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// A frameWriter writes the frames of one connection. Over TCP without TLS, TryWrite gives
// a frame to the kernel in one call that does not block. What the kernel does not take,
// and all frames over TLS, Write writes with a deadline.
type frameWriter struct {
	rawConn

	mu       sync.Mutex // held during each write; guards the fields below
	finished bool       // a close frame or an incomplete frame was written: nothing may follow
	partial  bool       // pending belongs to the frame with which Write is called next
	pending  []byte     // the rest of a frame whose beginning the kernel has taken; it must be written first
}

// errFinished is returned for writes after a close frame or an incomplete frame.
var errFinished = errors.New("ws: the connection was closed")

// TryWrite writes a text message without blocking, and reports whether the kernel took
// all of it. If not, and without an error, the caller must call Write next with the same
// frame, which writes the rest or all of it. frame is not kept or changed.
func (w *frameWriter) TryWrite(frame []byte) (taken bool, err error) {
	if !w.nonblocking() {
		return false, nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.finished:
		return false, errFinished
	case len(w.pending) > 0:
		return false, nil
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
	w.pending, w.partial = bytes.Clone(b.bytes[n:]), true
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
		w.finished = true
		return err
	}
	w.pending, w.partial = nil, false
	return nil
}

// writeFrame writes what is pending, then the frame, unless the pending bytes are its
// rest. The caller must hold mu.
func (w *frameWriter) writeFrame(frame []byte, deadline time.Time) error {
	if err := w.conn.SetWriteDeadline(deadline); err != nil {
		return err
	}
	parts := net.Buffers{w.pending}
	if !w.partial {
		// Over TLS each buffer becomes a record, so the header shares one with payload.
		b := frameBuffers.Get().(*frameBuffer)
		defer frameBuffers.Put(b)
		first := min(len(frame), writeBufferSize)
		b.bytes = append(appendHeader(append(b.bytes[:0], w.pending...), websocket.TextMessage, len(frame)), frame[:first]...)
		parts = net.Buffers{b.bytes, frame[first:]}
		if first == len(frame) {
			parts = parts[:1]
		}
	}
	if _, err := parts.WriteTo(w.conn); err != nil {
		return err
	}
	// An expired deadline would make the alerts fail that TLS writes by itself.
	return w.conn.SetWriteDeadline(time.Time{})
}

// writePong replies to a ping. It drops the answer if a write is in progress or the kernel's
// buffer is full: the client will ping again. It blocks only over TLS, where it delays
// its own connection's reader. Errors are ignored: the reader will see them.
func (w *frameWriter) writePong(payload []byte) {
	if !w.mu.TryLock() {
		return
	}
	defer w.mu.Unlock()
	switch {
	case w.partial || w.finished:
	case w.nonblocking():
		text := w.pending // the rest of an earlier pong
		if len(text) == 0 {
			text = append(appendHeader(nil, websocket.PongMessage, len(payload)), payload...)
		}
		if n, err := w.trySend(text); n > 0 && err == nil {
			w.pending = bytes.Clone(text[n:])
		}
	default:
		_ = w.writeControl(websocket.PongMessage, payload)
	}
}

// writeClose writes a close frame. Nothing can be written after it. It blocks while a
// Write is in progress.
func (w *frameWriter) writeClose(code int, reason string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.writeControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason))
	w.finished = true
	return err
}

// writeControl writes a control frame, unless it would fall inside another frame or after
// the last. The caller must hold mu.
func (w *frameWriter) writeControl(opcode int, payload []byte) error {
	if w.partial || w.finished {
		return nil
	}
	if err := w.conn.SetWriteDeadline(time.Now().Add(controlTimeout)); err != nil {
		return err
	}
	text := append(appendHeader(w.pending, opcode, len(payload)), payload...)
	if _, err := w.conn.Write(text); err != nil {
		w.finished = true
		return err
	}
	w.pending = nil
	return w.conn.SetWriteDeadline(time.Time{})
}

// writeBufferSize is the initial size in bytes of the pooled buffers in which frames and
// answers to handshakes are assembled.
const writeBufferSize = 4 << 10

// controlTimeout is how long writing a control frame may block.
const controlTimeout = time.Second

// A frameBuffer is memory in which a frame is assembled.
type frameBuffer struct{ bytes []byte }

// frameBuffers are shared by all connections, so an idle one has none.
var frameBuffers = sync.Pool{New: func() any { return &frameBuffer{make([]byte, 0, writeBufferSize)} }}
