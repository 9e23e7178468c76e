package server

import (
	"net"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/server/limit"
	"github.com/matchfloor/matchfloor/server/reply"
	"github.com/matchfloor/matchfloor/wire"
)

// paceFrames is how many frames a connection may send beside those that are
// expected of it: far more than a page needs on its busiest day.
var paceFrames = limit.Rate{PerSecond: 20, Burst: 200}

// closePatience is how long the other side may take to answer a close frame.
const closePatience = 3 * time.Second

// socket is one WebSocket. It is the hub's outlet, and reads the client's frames.
// Writing is the hub's, one call at a time. Reading is one goroutine's at a time:
// on a plain connection the poller's, which takes acks, or one that it starts for
// all else that has come, and that ends when it has been read; otherwise one that
// waits for it.
type socket struct {
	outlet
	signedIn auth.LiveSession
	server   *liveEndpoint
	key      string       // of its link: what paces and places count by
	frames   limit.Bucket // of paceFrames; the reader's
	unacked  atomic.Int32
	closing  atomic.Bool  // a close frame was sent: what still comes in is dropped
	goneBy   atomic.Int64 // when patience ends with a client that was told to go, in Unix ns; set once, before closing
	linger   bool         // the reader's: see lingers
	watched               // by the poller
}

func newSocket(s *liveEndpoint, conn net.Conn, key string) *socket {
	k := &socket{server: s, key: key}
	k.begin(conn)
	return k
}

// Close implements hub.Outlet. The reader ends the connection when the other side
// has answered, or has had the time to: ending it here could take the close frame
// back with whatever the client was just sending.
func (k *socket) Close(code wire.CloseCode) { k.close(code, "") }

func (k *socket) close(code wire.CloseCode, why string) {
	k.goneBy.CompareAndSwap(0, closeBy().UnixNano())
	if k.closing.Swap(true) {
		return
	}
	// A client that cannot be told is cut off by the reader's deadline all the same.
	_ = k.sayClose(code, why)
	_ = k.conn.SetReadDeadline(k.lastRead())
	if k.server.poller.unpark(k) {
		go k.await() // which now ends at that deadline
	}
}

// lastRead answers until when a client that was told to go is read, whatever it sends.
func (k *socket) lastRead() time.Time { return time.Unix(0, k.goneBy.Load()) }

// closeBy answers when patience with a client that was told of the end is over.
func closeBy() time.Time { return time.Now().Add(closePatience) }

// Abort implements hub.Outlet. What the kernel still holds for a client that does
// not read is dropped with it.
func (k *socket) Abort() {
	k.closing.Store(true)
	raw := bare(k.conn)
	tcp, ok := raw.(*net.TCPConn)
	if ok {
		_ = tcp.SetLinger(0)
	}
	if !ok || k.id == 0 {
		k.shut(raw)
		return
	}
	// A connection that is closed would silently drop out of what the poller waits
	// for. One that is shut down is readable: its reader comes, and closes it.
	_ = tcp.CloseRead()
	_ = tcp.CloseWrite()
}

// turnAway closes a connection that has no session, and waits for the answer.
func (k *socket) turnAway(code wire.CloseCode) {
	k.Close(code)
	for k.readFrames(nil) == nil {
	}
}

// serve reads what has come, beginning with what in holds, until the connection is
// idle again or ends. The caller has its reading side, and gives that up with in.
func (k *socket) serve(in *incoming) {
	err := in.read()
	in.free()
	if err != nil {
		k.failed(err)
		k.end()
		return
	}
	k.pause()
}

// pause gives the reading side up until something comes. Where the poller does not
// take it, such as when the client has been told to go and has a deadline to answer,
// a goroutine waits.
func (k *socket) pause() {
	if !k.server.poller.park(k) {
		go k.await()
	}
}

// await is a goroutine that waits for one connection. It holds no more of a buffer
// and of a stack than that needs, and so is another one each time.
func (k *socket) await() {
	come := make([]byte, awaitBuffer)
	n, err := k.conn.Read(come)
	if err != nil && n == 0 {
		k.failed(err)
		k.end()
		return
	}
	in := incomingOf(k)
	in.to = copy(in.buf[:], come[:n])
	k.serve(in)
}

// expected reports whether a frame does not count as one too many, however many
// come: a command within its link's own pace, and an ack, of which every frame
// that was sent allows one. A console on a busy floor acknowledges 25 a second.
func (k *socket) expected(frame wire.ClientFrame, problem *wire.Problem, tooFast error) bool {
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
func (k *socket) take(kind int, text []byte) {
	session := k.signedIn.Session
	if kind != websocket.TextMessage {
		session.CloseWithError(wire.CloseBadFrame, wire.Problem{Code: wire.CodeBadFrame, Params: map[string]string{"why": wire.WhySyntax}})
		return
	}
	frame, problem := wire.DecodeClient(text)
	var tooFast error
	if problem == nil && frame.Command != nil {
		s := k.server
		s.metrics.CountCommand(*frame.Command, "live")
		tooFast = reply.RateLimited(s.limits.commands(session.Who().Who.Role()).Allow(k.key))
	}
	switch {
	case !k.expected(frame, problem, tooFast) && !k.frames.Take(paceFrames, time.Now()):
		session.CloseWithError(wire.CloseTooMany, wire.Problem{Code: wire.CodeTooManyRequests})
	case tooFast != nil:
		session.Reject(frame.Command.ID, reply.AsError(tooFast).Problem)
	case problem == nil:
		session.Handle(frame)
	case frame.Command != nil:
		session.Reject(frame.Command.ID, *problem)
	default:
		session.CloseWithError(wire.CloseBadFrame, *problem)
	}
}
