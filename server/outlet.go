package server

import (
	"encoding/binary"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/gorilla/websocket"

	"matchfloor/hub"
	"matchfloor/wire"
)

// outlet is the writing side of a WebSocket. On a plain TCP connection a frame is
// given to the kernel at once, in one call and without waiting; what it does not
// take, and all that goes over TLS, is written with a deadline.
type outlet struct {
	conn net.Conn
	raw  syscall.RawConn // nil over TLS

	mu    sync.Mutex // held while anything is written; guards what follows
	rest  []byte     // of a frame that the kernel has taken the beginning of
	ended bool       // a close frame, or half a frame, was the last: nothing follows it
}

var _ hub.QuickOutlet = (*socket)(nil)

// errEnded is why nothing is written any more.
var errEnded = errors.New("server: the connection was closed")

// begin sets the connection that is written to.
func (o *outlet) begin(conn net.Conn) {
	o.conn = conn
	if tcp, ok := conn.(*net.TCPConn); ok {
		// Without it every frame is waited for.
		o.raw, _ = tcp.SyscallConn()
	}
}

// WriteNow implements hub.QuickOutlet.
func (k *socket) WriteNow(frame []byte) (taken bool, err error) {
	o := &k.outlet
	if o.raw == nil {
		return false, nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended {
		return false, errEnded
	}
	w := rawWriters.Get().(*rawWriter)
	defer rawWriters.Put(w)
	w.text = appendHead(w.text[:0], websocket.TextMessage, len(frame))
	w.text = append(w.text, frame...)
	err = o.raw.Write(w.do)
	if err = errors.Join(err, w.err); err != nil {
		return false, err
	}
	if w.n == 0 {
		return false, nil
	}
	k.sent()
	if w.n == len(w.text) {
		return true, nil
	}
	o.rest = append([]byte(nil), w.text[w.n:]...)
	return false, nil
}

// Write implements hub.Outlet.
func (k *socket) Write(frame []byte, deadline time.Time) error {
	o := &k.outlet
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended {
		return errEnded
	}
	begun := len(o.rest) > 0
	if err := o.write(frame, deadline); err != nil {
		o.ended = true
		return err
	}
	if o.rest = nil; !begun {
		k.sent()
	}
	return nil
}

// write writes a frame, or the rest of it; mu is held.
func (o *outlet) write(frame []byte, deadline time.Time) error {
	if err := o.conn.SetWriteDeadline(deadline); err != nil {
		return err
	}
	parts := net.Buffers{o.rest}
	if len(o.rest) == 0 {
		// Over TLS each part becomes a record: the head does not go alone.
		w := rawWriters.Get().(*rawWriter)
		defer rawWriters.Put(w)
		first := min(len(frame), writeBuffer)
		w.text = append(appendHead(w.text[:0], websocket.TextMessage, len(frame)), frame[:first]...)
		parts = net.Buffers{w.text, frame[first:]}
		if first == len(frame) {
			parts = parts[:1]
		}
	}
	if _, err := parts.WriteTo(o.conn); err != nil {
		return err
	}
	// A deadline that has passed would stand in the way of WriteNow.
	return o.conn.SetWriteDeadline(time.Time{})
}

// answerPing answers a client's ping, unless something is being written: another
// ping will come. The error is none that ends the connection: its reader will see
// for itself.
func (o *outlet) answerPing(said []byte) {
	if o.mu.TryLock() {
		defer o.mu.Unlock()
		_ = o.control(websocket.PongMessage, said)
	}
}

// sayClose says that the connection ends, and why.
func (o *outlet) sayClose(code wire.CloseCode, why string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	err := o.control(websocket.CloseMessage, websocket.FormatCloseMessage(int(code), why))
	o.ended = true
	return err
}

// control writes a control frame where that does not fall into another frame; mu
// is held.
func (o *outlet) control(kind int, said []byte) error {
	if len(o.rest) > 0 || o.ended {
		return nil
	}
	if err := o.conn.SetWriteDeadline(time.Now().Add(controlWrite)); err != nil {
		return err
	}
	if _, err := o.conn.Write(append(appendHead(nil, kind, len(said)), said...)); err != nil {
		o.ended = true
		return err
	}
	return o.conn.SetWriteDeadline(time.Time{})
}

// controlWrite is how long a control frame may take to be written.
const controlWrite = time.Second

// sent counts a frame that is to be acknowledged.
func (k *socket) sent() {
	if k.unacked.Load() < int32(paceFrames.Burst) {
		k.unacked.Add(1)
	}
}

// appendHead appends the head of an unmasked frame of n bytes, which is a whole
// message.
func appendHead(to []byte, kind, n int) []byte {
	first := finalBit | byte(kind)
	switch {
	case n < 126:
		return append(to, first, byte(n))
	case n <= 0xffff:
		return binary.BigEndian.AppendUint16(append(to, first, 126), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(to, first, 127), uint64(n))
}

// rawWriter is one write to the kernel; do is made once, so that a write costs no memory.
type rawWriter struct {
	text []byte
	n    int
	err  error
	do   func(fd uintptr) bool
}

// rawWriters are shared: a connection holds none.
var rawWriters = sync.Pool{New: func() any {
	w := &rawWriter{text: make([]byte, 0, writeBuffer)}
	w.do = func(fd uintptr) bool {
		w.n, w.err = sendNow(fd, w.text)
		if errors.Is(w.err, syscall.EAGAIN) || errors.Is(w.err, syscall.EINTR) {
			w.err = nil
		}
		return true // whatever the outcome: nothing is waited for
	}
	return w
}}
