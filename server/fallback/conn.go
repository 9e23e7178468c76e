// Package fallback serves the live connection to clients that cannot have a
// WebSocket. A proxy on the way may refuse the upgrade, let it hang, or accept it
// and then pass nothing on; it does pass requests. So the connection is split into
// GETs, here called visits: each says in hello what the client has, and its
// response brings what the client lacks. The next visit is the acknowledgement. No
// visit depends on another one or on the node that served it: a balancer needs no
// sticky sessions, and the loss of a node costs one visit.
//
//	…/stream   Server-Sent Events, if the proxy passes them on as they come
//	…/poll     one JSON response, if the proxy buffers responses
//
// Commands are sent by POST, to any node.
//
// Lock order within a conn: mu, then deadlineMu.
package fallback

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/matchfloor/matchfloor/hub/session"
	"github.com/matchfloor/matchfloor/wire"
)

const (
	heartbeatInterval = 15 * time.Second // proxies cut connections that are silent for longer
	writeTimeout      = 5 * time.Second  // for a heartbeat or the end of a response
)

// frameEncoder writes frames into a response. Its methods are called one at a time.
type frameEncoder interface {
	// frame takes one frame.
	frame(text []byte) error
	// heartbeat shows proxies that the response goes on.
	heartbeat() error
	// end takes the close code with which the response ends.
	end(code wire.CloseCode) error
}

// endCondition says when a visit ends, by what was sent and by the visit's age: the
// close code with which it ends now, or 0 and how long to wait before asking again,
// unless more is sent before.
type endCondition func(sent sentSummary, age time.Duration) (code wire.CloseCode, wait time.Duration)

// conn is one visit. While it lasts it is the transport of a session of the hub:
// frames are written as the hub sends them, as events or collected for one
// response. A visit receives nothing but the hello and the ping of its query.
type conn struct {
	encoder  frameEncoder
	haveSeq  uint64        // the position that hello said the client has
	changed  chan struct{} // has room for one; signals that sent has changed
	response *http.ResponseController

	mu    sync.Mutex // held while something is written; guards the fields below
	ended bool       // the response has ended: later frames are dropped
	sent  sentSummary

	deadlineMu sync.Mutex // guards the field below; never held for long
	returned   bool       // the connection belongs to net/http again
}

var _ session.Transport = (*conn)(nil)

// sentSummary is what was sent in a visit, as far as it decides when the visit ends.
type sentSummary struct {
	frames, bytes int            // of snapshots and patches
	snapshot      bool           // one of them was a snapshot
	news          bool           // one of them led past what the client has
	pongs         int            // pong frames
	statuses      int            // live frames
	closeCode     wire.CloseCode // with which the hub has closed the session; 0 before
}

// full reports whether as much was sent as a client may leave unacknowledged.
func (s sentSummary) full() bool {
	return s.frames >= wire.MaxUnackFrames || s.bytes >= wire.MaxUnackBytes
}

func newConn(encoder frameEncoder, w http.ResponseWriter, hello *wire.Hello) *conn {
	c := &conn{encoder: encoder, changed: make(chan struct{}, 1), response: http.NewResponseController(w)}
	if hello != nil && hello.Have != nil {
		c.haveSeq = hello.Have.Seq
	}
	return c
}

// Write implements session.Transport.
func (c *conn) Write(frame []byte, deadline time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return nil // the client gets it with its next visit
	}
	c.setDeadline(deadline)
	if err := c.encoder.frame(frame); err != nil {
		return err
	}
	c.count(frame)
	c.signal()
	return nil
}

// count adds a frame to sent. The caller must hold mu.
func (c *conn) count(text []byte) {
	frame, err := wire.DecodeServer(text)
	if err != nil {
		return // cannot happen: the hub sends valid frames
	}
	switch {
	case frame.Snapshot != nil:
		c.sent.snapshot, c.sent.news = true, true
	case frame.Patch != nil:
		c.sent.news = c.sent.news || frame.Patch.To.Seq > c.haveSeq
	case frame.Pong != nil:
		c.sent.pongs++
	case frame.Live != nil:
		c.sent.statuses++
	}
	if frame.Snapshot != nil || frame.Patch != nil {
		c.sent.frames++
		c.sent.bytes += len(text)
	}
}

// Close implements session.Transport.
func (c *conn) Close(code wire.CloseCode) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent.closeCode = code
	c.signal()
}

// Abort implements session.Transport.
func (c *conn) Abort() { c.setDeadline(time.Now()) }

// setDeadline sets the write deadline. After the handler has returned it does nothing, because
// net/http owns the connection then.
func (c *conn) setDeadline(deadline time.Time) {
	c.deadlineMu.Lock()
	defer c.deadlineMu.Unlock()
	if !c.returned {
		// A connection without deadlines (a test's recorder) is written to without one.
		_ = c.response.SetWriteDeadline(deadline)
	}
}

func (c *conn) signal() {
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

// summary returns what was sent so far.
func (c *conn) summary() sentSummary {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent
}

func (c *conn) heartbeat() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.setDeadline(time.Now().Add(writeTimeout))
	return c.encoder.heartbeat()
}

// end ends the response with a close code, or with nothing if code is 0, because
// the client has left. It waits for a write that is under way, which Abort can
// shorten.
func (c *conn) end(code wire.CloseCode) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	c.setDeadline(time.Now().Add(writeTimeout))
	if code != 0 {
		// A client that cannot be reached any more comes back by itself.
		_ = c.encoder.end(code)
	}
	c.deadlineMu.Lock()
	defer c.deadlineMu.Unlock()
	c.returned = true
}

// endWithProblem tells the client what is wrong with the frames of its query.
func (c *conn) endWithProblem(problem wire.Problem) {
	// If this write fails, the end fails as well.
	_ = c.Write(wire.Encode(wire.ServerFrame{Error: &problem}), time.Now().Add(writeTimeout))
	c.end(wire.CloseBadFrame)
}

// wait returns when the visit is to end, with the close code; 0 if the client has
// left. session receives the acknowledgement of what the client has.
func (c *conn) wait(ctx context.Context, session *session.Session, ends endCondition) wire.CloseCode {
	began := time.Now()
	timer := time.NewTimer(heartbeatInterval)
	defer timer.Stop()
	for acked := false; ; {
		sent := c.summary()
		if !acked && sent.frames > 0 && !sent.news {
			// An empty patch to the position that hello named: the client has it already.
			acked = true
			session.Handle(wire.ClientFrame{Ack: &wire.Ack{Seq: c.haveSeq}})
		}
		code, wait := ends(sent, time.Since(began))
		if code != 0 {
			return code
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return 0
		case <-c.changed:
		case <-timer.C:
			if c.heartbeat() != nil {
				return 0
			}
		}
	}
}
