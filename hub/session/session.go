package session

import (
	"sync"
	"time"

	"github.com/matchfloor/matchfloor/hub/history"
	"github.com/matchfloor/matchfloor/hub/presence"
	"github.com/matchfloor/matchfloor/wire"
)

// How long a session waits for its client.
const (
	helloTimeout  = 10 * time.Second // from the connection to hello
	silentTimeout = 90 * time.Second // between two frames of the client
	closeTimeout  = time.Second      // for the writer to end, once the session is closing
)

// Session serves one connection. Its methods are safe for concurrent use, and never block
// on another connection or on the journal.
type Session struct {
	event  *Event
	who    Credential
	opened time.Time

	mu    sync.Mutex // guards the fields below
	phase phase
	view  clientView
	outboundState
	writer writer

	inFlight  int // commands without a verdict
	lastSeen  time.Time
	presence  presence.State // as the tracker counts this connection
	closeCode wire.CloseCode // 0 unless the session is closing, or has closed by itself
	closingAt time.Time
}

// New begins a session on an event. It returns false, and does not touch the transport, if
// the credential's link has too many sessions or the node is draining. The caller must have
// checked the credential. It passes what the transport reads to Handle, and calls Detach
// when the connection has ended.
func New(e *Event, who Credential, transport Transport) (*Session, bool) {
	now := time.Now()
	s := &Session{event: e, who: who, opened: now, lastSeen: now}
	s.writer = writer{session: s, transport: transport}
	s.writer.nonblocking, _ = transport.(NonblockingTransport)
	if !e.subscriptions.add(s) {
		return nil, false
	}
	if e.env.Draining.Load() { // otherwise the hub's drain sees this session
		e.subscriptions.remove(s, nil)
		return nil, false
	}
	return s, true
}

// Who returns the credential that the session began with.
func (s *Session) Who() Credential { return s.who }

// Close closes the connection with a code, after the replies that wait have been sent. The
// first code counts. It does not block.
func (s *Session) Close(code wire.CloseCode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.beginClose(code)
	s.writer.schedule()
}

// Detach notes that the connection has ended by itself. A Write of the transport that is
// under way may still return; no method of the transport is called after it. Calling
// Detach again does nothing.
func (s *Session) Detach() {
	s.mu.Lock()
	open := s.phase != closed
	if open {
		s.phase.enter(closed)
	}
	s.mu.Unlock()
	if open {
		s.release()
	}
}

// notify makes a writer look for what is due. It never blocks.
func (s *Session) notify() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writer.schedule()
}

// beginClose gives the session a close code; the first one counts. mu is held.
func (s *Session) beginClose(code wire.CloseCode) {
	if !s.phase.over() {
		s.phase.enter(closing)
		s.closeCode, s.closingAt = code, time.Now()
	}
}

// abort closes the connection at once, without what was not sent yet.
func (s *Session) abort(code wire.CloseCode) {
	s.mu.Lock()
	s.beginClose(code)
	s.replies = nil
	s.writer.schedule()
	s.mu.Unlock()
	s.writer.transport.Abort()
}

// release gives back what the session holds. It is called once, by the goroutine that has
// entered phase closed.
func (s *Session) release() {
	s.mu.Lock()
	subjects := s.view.subjects
	s.replies, s.ping = nil, nil
	s.presence = s.event.movePresence(s.who.Actor, s.presence, presence.Unknown)
	s.mu.Unlock()
	s.event.subscriptions.remove(s, subjects)
	s.event.env.SessionEnded(s.event.log, s.who)
}

// expire closes the session if its client is silent, stalled or signed out. Otherwise it
// schedules a writer if a status frame or a snapshot has become due. head is the delta of
// the newest version.
func (s *Session) expire(head *history.Delta, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.phase {
	case closed:
	case closing:
		if s.writer.active && now.Sub(s.closingAt) >= closeTimeout {
			s.writer.transport.Abort()
		}
	case awaitingHello:
		if now.Sub(s.opened) >= helloTimeout {
			s.beginClose(wire.CloseSilent)
			s.writer.schedule()
		}
	default:
		if now.Sub(s.lastSeen) >= silentTimeout || s.view.window.stalled(s.lastSeen, now) {
			s.beginClose(wire.CloseSilent)
			s.writer.schedule()
		} else if !s.view.revalidateIfChanged(s, head) || s.event.statusOf(s.view.subjects) != s.lastStatus {
			s.writer.schedule()
		}
	}
}
