package hub

import (
	"sync"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// Credential is what a signed-in client proved to the transport: which link, of
// whom, and of which generation. Role, zones and rights are never taken from it,
// but from the state, at each command and frame. An organiser's link is of the
// instance's log, every other one of the event's.
type Credential struct {
	Who        floor.ActorID
	Link       floor.LinkID
	Generation int
}

// Transport is a connection as the hub sees it. The hub calls Write and Close from
// one goroutine at a time, which exists only while there is something to send:
// never two at once, and nothing after Close.
type Transport interface {
	// Write sends one frame as a text message, blocking until the transport has
	// taken it or the deadline has passed. After an error the hub sends nothing
	// more. The frame is shared with other sessions: it must not be changed, nor
	// kept after the return.
	Write(frame []byte, deadline time.Time) error
	// Close ends the connection with a close code and returns soon. It is called
	// once for each session that has not ended by itself (Session.Closed).
	Close(code wire.CloseCode)
	// Abort makes a Write that blocks return an error soon. It may be called beside
	// Write, at any time, more than once, and must not block.
	Abort()
}

// Session is one connection's place in an event's log. Its methods are for the
// transport that reads the connection; they are safe for concurrent use and never
// block on another connection or on the journal.
type Session struct {
	hub    *Hub
	fold   *fold
	who    Credential
	outlet Transport
	quick  NonblockingTransport // the outlet, if it is one
	opened time.Time
	letGo  func() // gives back the hold on the instance's log; nil for most

	mu sync.Mutex // guards what follows
	sending
}

// Handle takes one decoded frame of the client, in the order they were sent. It
// does not block: commands are queued, and everything is answered through the
// outlet. A frame after the session's end is ignored.
func (s *Session) Handle(frame wire.ClientFrame) {
	switch {
	case frame.Hello != nil:
		s.hello(*frame.Hello)
	case frame.Ping != nil:
		s.ping(*frame.Ping)
	case frame.Ack != nil:
		s.ack(frame.Ack.Seq)
	case frame.Command != nil:
		s.command(*frame.Command)
	}
}

// Reject tells the client that its command, of this id, cannot be read: a command
// with an unlawful body is refused, and the connection goes on.
func (s *Session) Reject(id string, problem wire.Problem) {
	s.reply(wire.ServerFrame{Rejected: &wire.Rejected{ID: id, Problem: problem}})
}

// CloseWithError tells the client what was wrong with a frame and closes the connection
// with code.
func (s *Session) CloseWithError(code wire.CloseCode, problem wire.Problem) {
	s.reply(wire.ServerFrame{Error: &problem})
	s.closeWith(code)
}

// Close closes the connection with code, such as after sign-out.
func (s *Session) Close(code wire.CloseCode) { s.closeWith(code) }

// Detach says that the connection has ended by itself. The hub lets go of the
// session; a Write under way may still return, and nothing is called after it.
// Calling it again does nothing.
func (s *Session) Detach() { s.ended() }

// Who answers the credential that the session was attached with.
func (s *Session) Who() Credential { return s.who }

// Log answers the log that the session is on.
func (s *Session) Log() journal.LogID { return s.fold.log }
