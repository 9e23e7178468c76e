package session

import (
	"time"

	"github.com/matchfloor/matchfloor/wire"
)

// outboundState is what a session has to send, apart from the client's view. It is guarded
// by the session's lock.
type outboundState struct {
	replies    []wire.ServerFrame // bounded by maxReplies
	ping       *wire.Ping         // to be answered
	lastStatus *statusFrame       // the last status frame sent
	statusAt   time.Time          // when it was sent
}

// next returns what is to be done first. If that is nothing, the writer must end, and the
// next call of schedule starts another.
func (s *Session) next() writeOp {
	s.mu.Lock()
	defer s.mu.Unlock()
	op := s.nextOp()
	s.writer.active = op.kind != nothing
	return op
}

// nextOp is next; mu is held.
func (s *Session) nextOp() writeOp {
	switch {
	case s.phase == closed:
		return writeOp{}
	case len(s.replies) > 0:
		reply := s.replies[0]
		if s.replies = s.replies[1:]; len(s.replies) == 0 {
			s.replies = nil
		}
		return writeOp{kind: sendReply, reply: reply}
	case s.phase == closing:
		return writeOp{kind: hangUp, close: s.closeCode}
	case s.phase == awaitingHello:
		return writeOp{}
	}
	if op := s.view.nextOp(s); op.kind != nothing {
		return op
	}
	if s.ping != nil {
		return writeOp{kind: sendPong}
	}
	if status := s.event.statusOf(s.view.subjects); status != s.lastStatus && time.Since(s.statusAt) >= statusEvery {
		return writeOp{kind: sendStatus, status: status}
	}
	return writeOp{}
}

// encode returns the frame of an op, and notes what the frame leads to. It returns nil if
// what is due has changed: the caller must call next again. It encodes without the
// session's lock.
func (s *Session) encode(op writeOp) []byte {
	switch op.kind {
	case sendReply:
		return wire.Encode(op.reply)
	case sendPatch:
		patch := s.event.frames.patch(op.delta)
		if !patch.ok {
			return nil
		}
		if len(patch.frame) > wire.InlineSnapshot {
			return s.encodeFullView()
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.view.sent(s, op.delta.Lineage, op.delta.To.At, len(patch.frame), patch.notice)
		return patch.frame
	case sendSnapshot:
		return s.encodeFullView()
	case sendPong:
		return s.encodePong()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastStatus, s.statusAt = op.status, time.Now()
	return op.status.bytes
}

// encodeFullView returns a snapshot frame. The frame holds the newest whole view or, if that is too
// large, the path to fetch it from.
func (s *Session) encodeFullView() []byte {
	s.mu.Lock()
	subjects := s.view.subjects
	s.mu.Unlock()
	head, lineage, e := s.event.frames.view(subjects)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.view.revalidate(s, &head) {
		return nil
	}
	if e.frame != nil {
		s.view.sent(s, lineage, head.At, len(e.frame), true)
		return e.frame
	}
	if s.phase == synced && s.view.lineage != lineage {
		// The acknowledgement of what the client fetches could not be told from one of
		// the old history.
		s.beginClose(wire.CloseLineage)
		return nil
	}
	get := s.event.env.SnapshotPath(s.event.log, s.who.Link, head.At.Seq)
	frame := wire.Encode(wire.ServerFrame{Snapshot: &wire.Snapshot{At: head.At, Get: get}})
	s.view.sent(s, lineage, head.At, len(frame), true)
	s.view.window.fetching = true
	return frame
}

// encodePong returns the frame that answers the client's ping.
func (s *Session) encodePong() []byte {
	clock, now := s.event.clock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ping == nil {
		return nil
	}
	n := s.ping.N
	s.ping = nil
	return wire.Encode(wire.ServerFrame{Pong: &wire.Pong{N: n, Now: now, Clock: clock, At: s.view.lastSentPos}})
}
