package session

import (
	"strconv"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/presence"
	"github.com/matchfloor/matchfloor/hub/replica"
	"github.com/matchfloor/matchfloor/wire"
)

// The bounds of what a client may ask for at a time.
const (
	maxInFlight = 32              // commands without a verdict
	maxReplies  = 4 * maxInFlight // replies that the client has not taken
)

// Handle takes one decoded frame of the client. Frames must be passed in the order that
// the client sent them. Handle does not block: commands are queued, and every reply goes
// through the transport. A frame after the session's end is ignored.
func (s *Session) Handle(frame wire.ClientFrame) {
	switch {
	case frame.Hello != nil:
		s.handleHello(*frame.Hello)
	case frame.Ping != nil:
		s.handlePing(*frame.Ping)
	case frame.Ack != nil:
		s.handleAck(frame.Ack.Seq)
	case frame.Command != nil:
		s.handleCommand(*frame.Command)
	}
}

// Reject refuses a command of the client, of this id, that cannot be decoded. The session
// goes on.
func (s *Session) Reject(id string, problem wire.Problem) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastSeen = time.Now()
	s.reply(wire.ServerFrame{Rejected: &wire.Rejected{ID: id, Problem: problem}})
}

// CloseWithError sends the client what was wrong with a frame, and closes the connection
// with a code.
func (s *Session) CloseWithError(code wire.CloseCode, problem wire.Problem) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastSeen = time.Now()
	s.protocolError(code, problem)
}

func (s *Session) handleHello(hello wire.Hello) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastSeen = time.Now()
	switch {
	case s.phase.over():
		return
	case s.phase != awaitingHello:
		s.protocolError(wire.CloseBadFrame, badOrder("/hello"))
		return
	case hello.Version != wire.Version:
		s.protocolError(wire.CloseVersion, wire.Problem{Code: wire.CodeBadVersion, Params: map[string]string{"version": strconv.Itoa(wire.Version)}})
		return
	}
	head, _ := s.event.history.HeadAndLineage()
	if s.view.revalidate(s, head); s.phase.over() {
		s.writer.schedule()
		return
	}
	s.phase.enter(resuming)
	s.presence = s.event.movePresence(s.who.Actor, s.presence, connected(hello.Hidden))
	hash := wire.SubjectsHash(s.view.subjects)
	if hello.Have != nil && hello.Subjects == hash {
		s.view.resumeFrom, s.view.requiredCatchUp = hello.Have, s.event.replica.NextCatchUp()
	}
	s.replies = append(s.replies, wire.ServerFrame{Hello: &wire.ServerHello{
		Version: wire.Version, Event: floor.EventID(s.event.log), You: s.event.you(s.who, &head.State), Subjects: hash,
		Now: instant(s.event.replica.Now()), Clock: clockOf(&head.State),
	}})
	s.writer.schedule()
}

// connected returns the state of a connection whose page is hidden or visible.
func connected(hidden bool) presence.State {
	if hidden {
		return presence.Background
	}
	return presence.Online
}

// badOrder returns what is wrong with a frame that comes before hello, or a second hello.
func badOrder(at string) wire.Problem {
	return wire.Problem{Code: wire.CodeBadFrame, Params: map[string]string{"why": wire.WhyOrder, "at": at}}
}

func (s *Session) handlePing(ping wire.Ping) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.noteFrame("/ping") {
		return
	}
	s.presence = s.event.movePresence(s.who.Actor, s.presence, connected(ping.Hidden))
	upTo, _ := s.view.acked(s, ping.Ack)
	s.event.recordAckIfNotified(s.who.Actor, s.view.lineage, upTo)
	s.ping = &ping
	s.view.ackRequiredSeq = max(s.view.ackRequiredSeq, s.event.headSeq())
	s.writer.schedule()
}

func (s *Session) handleAck(seq uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.noteFrame("/ack") {
		return
	}
	blocked := !s.view.window.hasRoom() // otherwise all that is due has been sent
	if upTo, notice := s.view.acked(s, seq); notice {
		s.event.recordAck(s.who.Actor, s.view.lineage, upTo)
	}
	if blocked {
		s.writer.schedule()
	}
}

// noteFrame notes that the client has sent a frame, and reports whether the frame is to be
// handled. A client that sends it before hello is disconnected. mu is held.
func (s *Session) noteFrame(at string) bool {
	if s.phase.over() {
		return false
	}
	s.lastSeen = time.Now()
	if s.phase == awaitingHello {
		s.protocolError(wire.CloseBadFrame, badOrder(at))
		return false
	}
	return true
}

func (s *Session) handleCommand(c wire.Command) {
	if !s.admit(c.ID) {
		return
	}
	command := s.who.Command(c)
	command.ToSession = true
	command.Done = func(v replica.Verdict) { s.complete(c.ID, v) }
	if refused := s.event.replica.Submit(command); refused != nil {
		s.complete(c.ID, replica.Verdict{Refused: refused})
	}
}

// admit counts a command in, or refuses it as busy.
func (s *Session) admit(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.noteFrame("/command") {
		return false
	}
	if s.inFlight >= maxInFlight {
		s.reply(wire.ServerFrame{Rejected: &wire.Rejected{ID: id, Problem: wire.Problem{Code: wire.CodeBusy}}})
		return false
	}
	s.inFlight++
	return true
}

// complete sends the client the verdict on its command.
func (s *Session) complete(id string, v replica.Verdict) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight--
	if v.Refused != nil {
		s.reply(wire.ServerFrame{Rejected: &wire.Rejected{ID: id, Problem: *v.Refused}})
		return
	}
	s.view.ackRequiredSeq = max(s.view.ackRequiredSeq, v.Seq)
	s.reply(wire.ServerFrame{Accepted: &wire.Accepted{ID: id, Seq: v.Seq, Notes: v.Notes}})
}

// reply adds a frame that is no part of the view to those that wait. A client that leaves
// too many untaken is disconnected. mu is held.
func (s *Session) reply(f wire.ServerFrame) {
	if s.phase.over() {
		return
	}
	if len(s.replies) >= maxReplies {
		s.beginClose(wire.CloseTooMany)
	} else {
		s.replies = append(s.replies, f)
	}
	s.writer.schedule()
}

// protocolError sends the client what was wrong, and ends the session; mu is held.
func (s *Session) protocolError(code wire.CloseCode, problem wire.Problem) {
	s.reply(wire.ServerFrame{Error: &problem})
	s.beginClose(code)
	s.writer.schedule()
}
