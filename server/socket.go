package server

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"

	"matchfloor/hub"
	"matchfloor/wire"
)

// A connection may send this many frames a second, and this many at once: far
// more than a page needs on its busiest day.
const (
	framesPerSecond = 20
	framesBurst     = 200
)

// closePatience is how long the other side may take to answer a close frame.
const closePatience = 3 * time.Second

// closeWrite is how long a close frame may take to be written.
const closeWrite = time.Second

// socket is one WebSocket. It is the hub's outlet, and reads the client's frames.
// Reading is one goroutine's; writing is the hub's, one call at a time.
type socket struct {
	conn    *websocket.Conn
	frames  *rate.Limiter
	meters  *meters
	command func() error // answers a refusal where the link gives commands too fast
	closing atomic.Bool  // a close frame was sent: what still comes in is dropped
}

var _ hub.Outlet = (*socket)(nil)

// errFlood ends a connection that sends more control frames than it may.
var errFlood = errors.New("server: too many frames")

func newSocket(conn *websocket.Conn, m *meters, command func() error) *socket {
	k := &socket{conn: conn, meters: m, command: command, frames: rate.NewLimiter(framesPerSecond, framesBurst)}
	conn.SetReadLimit(wire.MaxFrame)
	answer := conn.PingHandler()
	conn.SetPingHandler(func(said string) error {
		if !k.frames.Allow() {
			return errFlood
		}
		return answer(said)
	})
	conn.SetPongHandler(func(string) error {
		if !k.frames.Allow() {
			return errFlood
		}
		return nil
	})
	return k
}

// Write implements hub.Outlet.
func (k *socket) Write(frame []byte, deadline time.Time) error {
	if err := k.conn.SetWriteDeadline(deadline); err != nil {
		return err
	}
	return k.conn.WriteMessage(websocket.TextMessage, frame)
}

// Close implements hub.Outlet. The reader ends the connection when the other side
// has answered, or has had the time to: ending it here could take the close frame
// back with whatever the client was just sending.
func (k *socket) Close(code wire.CloseCode) {
	if k.closing.Swap(true) {
		return
	}
	reason := websocket.FormatCloseMessage(int(code), "")
	// A client that cannot be told is cut off by the reader's deadline all the same.
	_ = k.conn.WriteControl(websocket.CloseMessage, reason, time.Now().Add(closeWrite))
	_ = k.conn.SetReadDeadline(time.Now().Add(closePatience))
}

// Cut implements hub.Outlet. What the kernel still holds for a client that does
// not read is dropped with it.
func (k *socket) Cut() {
	k.closing.Store(true)
	raw := k.conn.NetConn()
	if t, ok := raw.(*tls.Conn); ok {
		raw = t.NetConn() // a TLS close would try to write
	}
	if t, ok := raw.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	_ = raw.Close()
}

// turnAway closes a connection that has no session, and waits for the answer.
func (k *socket) turnAway(code wire.CloseCode) {
	k.Close(code)
	for {
		if _, _, err := k.conn.NextReader(); err != nil {
			return
		}
	}
}

// frameBuffers are shared by all connections: an idle one holds none.
var frameBuffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// read passes on frames until the connection ends, which it does once at the
// latest: nothing is read after the first error.
func (k *socket) read(session *hub.Session) {
	for {
		kind, r, err := k.conn.NextReader()
		if err != nil {
			return
		}
		text := frameBuffers.Get().(*bytes.Buffer)
		text.Reset()
		if err := k.message(text, r); err != nil {
			frameBuffers.Put(text)
			return
		}
		if !k.closing.Load() {
			k.take(session, kind, text.Bytes())
		}
		frameBuffers.Put(text)
	}
}

// messageWithin is how long a message that has begun may take to end: its parts
// may be empty, and many.
const messageWithin = 10 * time.Second

// message reads one message to its end.
func (k *socket) message(text *bytes.Buffer, r io.Reader) error {
	if err := k.conn.SetReadDeadline(time.Now().Add(messageWithin)); err != nil {
		return err
	}
	if _, err := text.ReadFrom(r); err != nil {
		return err
	}
	wait := time.Time{}
	if k.closing.Load() {
		wait = time.Now().Add(closePatience)
	}
	if err := k.conn.SetReadDeadline(wait); err != nil || wait.IsZero() && k.closing.Load() {
		return errors.Join(err, k.conn.SetReadDeadline(time.Now().Add(closePatience)))
	}
	return nil
}

// take passes one message on. The decoded frame shares nothing with text.
func (k *socket) take(session *hub.Session, kind int, text []byte) {
	if !k.frames.Allow() {
		session.Fail(wire.CloseTooMany, wire.Problem{Code: wire.CodeTooManyRequests})
		return
	}
	if kind != websocket.TextMessage {
		session.Fail(wire.CloseBadFrame, wire.Problem{Code: wire.CodeBadFrame, Params: map[string]string{"why": wire.WhySyntax}})
		return
	}
	frame, problem := wire.DecodeClient(text)
	switch {
	case problem == nil:
		if frame.Command != nil {
			k.meters.command(*frame.Command, "live")
			if err := k.command(); err != nil {
				session.Refuse(frame.Command.ID, asRefusal(err).problem)
				return
			}
		}
		session.Receive(frame)
	case frame.Command != nil:
		session.Refuse(frame.Command.ID, *problem)
	default:
		session.Fail(wire.CloseBadFrame, *problem)
	}
}
