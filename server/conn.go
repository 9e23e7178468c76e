package server

import (
	"net"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"

	"github.com/matchfloor/matchfloor/hub/session"
	"github.com/matchfloor/matchfloor/internal/ws"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/server/limit"
	"github.com/matchfloor/matchfloor/server/reply"
	"github.com/matchfloor/matchfloor/wire"
)

// frameRate limits the frames of a connection that isExpected does not exempt, and its
// pings and pongs. It is far more than a page needs on its busiest day.
var frameRate = limit.Rate{PerSecond: 20, Burst: 200}

// A conn is one live connection. It adapts a WebSocket to a hub session: to the hub it is
// the session's transport, to the WebSocket the handler that decodes messages, holds the
// client to its rates, and passes frames on.
//
// The WebSocket is a field and not a pointer, so that an idle connection is one
// allocation.
type conn struct {
	socket      ws.Conn
	signedIn    auth.LiveSession
	endpoint    *liveEndpoint
	key         string        // of the link, by which rates and connections are counted
	frameBucket *rate.Limiter // of frameRate
	unacked     atomic.Int32  // frames sent and not acknowledged, counted up to frameRate.Burst
}

var (
	_ session.NonblockingTransport = (*conn)(nil)
	_ ws.MessageHandler            = (*conn)(nil)
)

// newConn returns a connection that has no session yet and is not read. netConn must have
// completed the handshake.
func newConn(s *liveEndpoint, netConn net.Conn, key string) *conn {
	c := &conn{endpoint: s, key: key, frameBucket: frameRate.NewBucket()}
	c.socket.Init(s.poller, netConn, c)
	return c
}

// TryWrite implements session.NonblockingTransport.
func (c *conn) TryWrite(frame []byte) (taken bool, err error) {
	if taken, err = c.socket.TryWrite(frame); taken {
		c.countSent()
	}
	return taken, err
}

// Write implements session.Transport.
func (c *conn) Write(frame []byte, deadline time.Time) error {
	if err := c.socket.Write(frame, deadline); err != nil {
		return err
	}
	c.countSent()
	return nil
}

// countSent counts a frame that the client may acknowledge.
func (c *conn) countSent() {
	if c.unacked.Load() < int32(frameRate.Burst) {
		c.unacked.Add(1)
	}
}

// Close implements session.Transport.
func (c *conn) Close(code wire.CloseCode) { c.socket.Close(int(code)) }

// Abort implements session.Transport.
func (c *conn) Abort() { c.socket.Abort() }

// ShortText implements ws.MessageHandler. The text is an ack, which a session handles without
// blocking.
func (c *conn) ShortText(payload []byte) { c.Message(websocket.TextMessage, payload) }

// AllowControl implements ws.MessageHandler.
func (c *conn) AllowControl() bool { return c.frameBucket.Allow() }

// Ended implements ws.MessageHandler.
func (c *conn) Ended() {
	c.endpoint.sessions.Remove(&c.signedIn)
	c.signedIn.Session.Detach()
}

// Closed implements ws.MessageHandler.
func (c *conn) Closed() { c.endpoint.limits.sockets.Release(c.key) }

// isExpected reports whether frameRate does not apply to a frame. It does not apply to a command
// within its link's rate, nor to one ack for each frame sent: a console on a busy floor
// acknowledges 25 frames a second.
func (c *conn) isExpected(frame wire.ClientFrame, problem *wire.Problem, tooFast error) bool {
	switch {
	case problem != nil, tooFast != nil:
		return false
	case frame.Ack != nil && c.unacked.Load() > 0:
		c.unacked.Add(-1)
		return true
	}
	return frame.Command != nil
}

// Message implements ws.MessageHandler. It decodes a frame and passes it to the session. The
// decoded frame shares no memory with text.
func (c *conn) Message(opcode int, text []byte) {
	session := c.signedIn.Session
	if opcode != websocket.TextMessage {
		session.CloseWithError(wire.CloseBadFrame, wire.Problem{Code: wire.CodeBadFrame, Params: map[string]string{"why": wire.WhySyntax}})
		return
	}
	frame, problem := wire.DecodeClient(text)
	var tooFast error
	if problem == nil && frame.Command != nil {
		s := c.endpoint
		s.metrics.CountCommand(*frame.Command, "live")
		tooFast = reply.RateLimited(s.limits.commands(session.Who().Actor.Role()).Allow(c.key))
	}
	switch {
	case !c.isExpected(frame, problem, tooFast) && !c.frameBucket.Allow():
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
