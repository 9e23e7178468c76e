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
// take, and all that goes over TLS, is written by the library, with a deadline.
type outlet struct {
	conn *websocket.Conn
	raw  syscall.RawConn // nil over TLS

	mu   sync.Mutex // held while anything is written
	rest []byte     // of a frame that the kernel has taken the beginning of
}

var _ hub.QuickOutlet = (*socket)(nil)

// begin sets the connection that is written to.
func (o *outlet) begin(conn *websocket.Conn) {
	o.conn = conn
	kernel := conn.NetConn()
	if b, ok := kernel.(*budgeted); ok {
		kernel = b.Conn
	}
	if tcp, ok := kernel.(*net.TCPConn); ok {
		// Without it everything is written by the library.
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
	w := rawWriters.Get().(*rawWriter)
	defer rawWriters.Put(w)
	w.text = appendHead(w.text[:0], len(frame))
	w.text = append(w.text, frame...)
	if err := errors.Join(o.raw.Write(w.do), w.err); err != nil {
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
	if err := k.conn.SetWriteDeadline(deadline); err != nil {
		return err
	}
	if err := o.write(frame, deadline); err != nil {
		return err
	}
	if len(o.rest) == 0 {
		k.sent()
	}
	o.rest = nil
	// A deadline that has passed would stand in the way of WriteNow.
	return o.conn.NetConn().SetWriteDeadline(time.Time{})
}

// write writes a frame, or the rest of it; mu is held.
func (o *outlet) write(frame []byte, deadline time.Time) error {
	if len(o.rest) == 0 {
		return o.conn.WriteMessage(websocket.TextMessage, frame)
	}
	raw := o.conn.NetConn()
	if err := raw.SetWriteDeadline(deadline); err != nil {
		return err
	}
	_, err := raw.Write(o.rest)
	return err
}

// answerPing answers a client's ping, unless something is being written: another
// ping will come.
func (o *outlet) answerPing(said string) error {
	if !o.mu.TryLock() {
		return nil
	}
	defer o.mu.Unlock()
	err := o.control(websocket.PongMessage, []byte(said))
	if errors.Is(err, websocket.ErrCloseSent) || errors.As(err, new(net.Error)) {
		return nil // the reader will see for itself
	}
	return err
}

// sayClose says that the connection ends, and why.
func (o *outlet) sayClose(code wire.CloseCode) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.control(websocket.CloseMessage, websocket.FormatCloseMessage(int(code), ""))
}

// control writes a control frame where that does not fall into another frame; mu
// is held.
func (o *outlet) control(kind int, said []byte) error {
	if len(o.rest) > 0 {
		return nil
	}
	err := o.conn.WriteControl(kind, said, time.Now().Add(controlWrite))
	return errors.Join(err, o.conn.NetConn().SetWriteDeadline(time.Time{}))
}

// controlWrite is how long a control frame may take to be written.
const controlWrite = time.Second

// sent counts a frame that is to be acknowledged.
func (k *socket) sent() {
	if k.unacked.Load() < framesBurst {
		k.unacked.Add(1)
	}
}

// appendHead appends the head of an unmasked text frame of n bytes.
func appendHead(to []byte, n int) []byte {
	const whole = 0x80 | websocket.TextMessage
	switch {
	case n < 126:
		return append(to, whole, byte(n))
	case n <= 0xffff:
		return binary.BigEndian.AppendUint16(append(to, whole, 126), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(to, whole, 127), uint64(n))
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
