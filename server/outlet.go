package server

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/wire"
)

// outlet is the writing side of a WebSocket. On a plain TCP connection a frame is
// given to the kernel at once, in one call and without waiting; what it does not
// take, and all that goes over TLS, is written with a deadline.
type outlet struct {
	conn net.Conn

	mu    sync.Mutex // held while anything is written; guards what follows
	ended bool       // a close frame, or half a frame, was the last: nothing follows it
	begun bool       // rest is of the frame that Write is called with next
	rest  []byte     // of what the kernel has taken the beginning of: it comes before all else

	open sync.Mutex // held while fd is used beside conn, which is never for long
	fd   int        // of a plain TCP connection; -1 of another, and once it is closed
}

var _ hub.NonblockingTransport = (*socket)(nil)

// errEnded is why nothing is written any more.
var errEnded = errors.New("server: the connection was closed")

// begin sets the connection that is written to.
func (o *outlet) begin(conn net.Conn) {
	o.conn, o.fd = conn, -1
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return
	}
	if raw, err := tcp.SyscallConn(); err == nil {
		// It fails where the connection has been closed, and leaves it at that.
		_ = raw.Control(func(fd uintptr) { o.fd = int(fd) })
	}
}

// shut closes conn, or what lies under it, so that nobody uses its number any more,
// which may be another connection's at once.
func (o *outlet) shut(conn net.Conn) {
	o.open.Lock()
	o.fd = -1
	o.open.Unlock()
	// What can go wrong with that is the client's.
	_ = conn.Close()
}

// send gives the kernel what it takes of text at once.
func (o *outlet) send(text []byte) (n int, err error) {
	o.open.Lock()
	defer o.open.Unlock()
	if o.fd < 0 {
		return 0, net.ErrClosed
	}
	n, err = sendNow(o.fd, text)
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR) {
		err = nil
	}
	return n, err
}

// quick reports whether the connection is one that can be written to without waiting.
func (o *outlet) quick() bool {
	_, tcp := o.conn.(*net.TCPConn)
	return tcp && sendsNow
}

// TryWrite implements hub.NonblockingTransport.
func (k *socket) TryWrite(frame []byte) (taken bool, err error) {
	o := &k.outlet
	if !o.quick() {
		return false, nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.ended:
		return false, errEnded
	case len(o.rest) > 0:
		return false, nil
	}
	w := writings.Get().(*writing)
	defer writings.Put(w)
	w.text = append(appendHead(w.text[:0], websocket.TextMessage, len(frame)), frame...)
	n, err := o.send(w.text)
	if n == 0 || err != nil {
		return false, err
	}
	if k.sent(); n == len(w.text) {
		return true, nil
	}
	o.rest, o.begun = bytes.Clone(w.text[n:]), true
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
	if err := o.write(frame, deadline); err != nil {
		o.ended = true
		return err
	}
	if !o.begun {
		k.sent()
	}
	o.rest, o.begun = nil, false
	return nil
}

// write writes what is left, and the frame unless that is the rest of it; mu is held.
func (o *outlet) write(frame []byte, deadline time.Time) error {
	if err := o.conn.SetWriteDeadline(deadline); err != nil {
		return err
	}
	parts := net.Buffers{o.rest}
	if !o.begun {
		// Over TLS each part becomes a record: the head does not go alone.
		w := writings.Get().(*writing)
		defer writings.Put(w)
		first := min(len(frame), writeBuffer)
		w.text = append(appendHead(append(w.text[:0], o.rest...), websocket.TextMessage, len(frame)), frame[:first]...)
		parts = net.Buffers{w.text, frame[first:]}
		if first == len(frame) {
			parts = parts[:1]
		}
	}
	if _, err := parts.WriteTo(o.conn); err != nil {
		return err
	}
	// A deadline that has passed would stand in the way of what TLS itself answers.
	return o.conn.SetWriteDeadline(time.Time{})
}

// answerPing answers a client's ping, unless something is being written, or the
// kernel takes nothing: another ping will come. No reader waits for that but one
// over TLS, which waits for its own connection only. An error is none that ends the
// connection: its reader will see for itself.
func (o *outlet) answerPing(said []byte) {
	if !o.mu.TryLock() {
		return
	}
	defer o.mu.Unlock()
	switch {
	case o.begun || o.ended:
	case o.quick():
		text := o.rest // the answer to a ping before
		if len(text) == 0 {
			text = append(appendHead(nil, websocket.PongMessage, len(said)), said...)
		}
		if n, err := o.send(text); n > 0 && err == nil {
			o.rest = bytes.Clone(text[n:])
		}
	default:
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
	if o.begun || o.ended {
		return nil
	}
	if err := o.conn.SetWriteDeadline(time.Now().Add(controlWrite)); err != nil {
		return err
	}
	text := append(appendHead(o.rest, kind, len(said)), said...)
	if _, err := o.conn.Write(text); err != nil {
		o.ended = true
		return err
	}
	o.rest = nil
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

// writing is where a frame is put together.
type writing struct{ text []byte }

// writings are shared: a connection holds none.
var writings = sync.Pool{New: func() any { return &writing{make([]byte, 0, writeBuffer)} }}
