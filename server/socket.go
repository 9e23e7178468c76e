package server

import (
	"bytes"
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

// A connection may send this many frames a second, and this many at once, beside
// those that are expected of it: far more than a page needs on its busiest day.
const (
	framesPerSecond = 20
	framesBurst     = 200
)

// closePatience is how long the other side may take to answer a close frame.
const closePatience = 3 * time.Second

// socket is one WebSocket. It is the hub's outlet, and reads the client's frames.
// Reading is one goroutine's; writing is the hub's, one call at a time.
type socket struct {
	outlet
	frames  *rate.Limiter
	meters  *meters
	command func() error // answers a refusal where the link gives commands too fast
	unacked atomic.Int64 // frames sent for which no ack has come, framesBurst at most; see expected
	closing atomic.Bool  // a close frame was sent: what still comes in is dropped
	linger  bool         // the reader's: see lingers
}

// errFlood ends a connection that sends more control frames than it may.
var errFlood = errors.New("server: too many frames")

func newSocket(conn *websocket.Conn, m *meters, command func() error) *socket {
	k := &socket{meters: m, command: command, frames: rate.NewLimiter(framesPerSecond, framesBurst)}
	k.begin(conn)
	conn.SetReadLimit(wire.MaxFrame)
	conn.SetPingHandler(func(said string) error {
		if !k.frames.Allow() {
			return errFlood
		}
		return k.answerPing(said)
	})
	conn.SetPongHandler(func(string) error {
		if !k.frames.Allow() {
			return errFlood
		}
		return nil
	})
	return k
}

// Close implements hub.Outlet. The reader ends the connection when the other side
// has answered, or has had the time to: ending it here could take the close frame
// back with whatever the client was just sending.
func (k *socket) Close(code wire.CloseCode) {
	if k.closing.Swap(true) {
		return
	}
	// A client that cannot be told is cut off by the reader's deadline all the same.
	_ = k.sayClose(code)
	_ = k.conn.SetReadDeadline(closeBy())
}

// closeBy answers when patience with a client that was told of the end is over.
func closeBy() time.Time { return time.Now().Add(closePatience) }

// Cut implements hub.Outlet. What the kernel still holds for a client that does
// not read is dropped with it.
func (k *socket) Cut() {
	k.closing.Store(true)
	raw := bare(k.conn.NetConn())
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
			k.failed(err)
			return
		}
		text := frameBuffers.Get().(*bytes.Buffer)
		text.Reset()
		if err := k.message(text, r); err != nil {
			frameBuffers.Put(text)
			k.failed(err)
			return
		}
		if !k.closing.Load() {
			k.takeShallow(session, kind, text.Bytes())
		}
		frameBuffers.Put(text)
	}
}

// takeShallow is take on a stack that stays small. An ack, which comes for every
// few frames, needs none to speak of; whatever else a client says is rare, and is
// read on a stack that is given back.
func (k *socket) takeShallow(session *hub.Session, kind int, text []byte) {
	if bytes.HasPrefix(text, []byte(`{"ack":`)) {
		k.take(session, kind, text)
		return
	}
	taken := make(chan struct{})
	go func() {
		defer close(taken)
		k.take(session, kind, text)
	}()
	<-taken
}

// messageWithin is how long a message that has begun may take to end.
const messageWithin = 10 * time.Second

// message reads one message to its end.
func (k *socket) message(text *bytes.Buffer, r io.Reader) error {
	if err := k.conn.SetReadDeadline(time.Now().Add(messageWithin)); err != nil {
		return err
	}
	k.budget(messageBytes)
	if _, err := text.ReadFrom(r); err != nil {
		return err
	}
	k.budget(0)
	wait := time.Time{}
	if k.closing.Load() {
		wait = closeBy()
	}
	if err := k.conn.SetReadDeadline(wait); err != nil || wait.IsZero() && k.closing.Load() {
		return errors.Join(err, k.conn.SetReadDeadline(closeBy()))
	}
	return nil
}

// expected reports whether a frame does not count as one too many, however many
// come: a command within its link's own pace, and an ack, of which every frame
// that was sent allows one. A console on a busy floor acknowledges 25 a second.
func (k *socket) expected(frame wire.FromClient, problem *wire.Problem, tooFast error) bool {
	switch {
	case problem != nil, tooFast != nil:
		return false
	case frame.Ack != nil && k.unacked.Load() > 0:
		k.unacked.Add(-1)
		return true
	}
	return frame.Command != nil
}

// take passes one message on. The decoded frame shares nothing with text.
func (k *socket) take(session *hub.Session, kind int, text []byte) {
	if kind != websocket.TextMessage {
		session.Fail(wire.CloseBadFrame, wire.Problem{Code: wire.CodeBadFrame, Params: map[string]string{"why": wire.WhySyntax}})
		return
	}
	frame, problem := wire.DecodeClient(text)
	var tooFast error
	if problem == nil && frame.Command != nil {
		k.meters.command(*frame.Command, "live")
		tooFast = k.command()
	}
	switch {
	case !k.expected(frame, problem, tooFast) && !k.frames.Allow():
		session.Fail(wire.CloseTooMany, wire.Problem{Code: wire.CodeTooManyRequests})
	case tooFast != nil:
		session.Refuse(frame.Command.ID, asRefusal(tooFast).problem)
	case problem == nil:
		session.Receive(frame)
	case frame.Command != nil:
		session.Refuse(frame.Command.ID, *problem)
	default:
		session.Fail(wire.CloseBadFrame, *problem)
	}
}
