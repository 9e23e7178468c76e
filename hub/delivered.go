package hub

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// recordAckIfNotified is recordAck for a client that may not have been sent a notice:
// the newest state says whether there is one to record; mu is held.
func (s *Session) recordAckIfNotified(seq uint64) {
	head, lineage := s.fold.history.HeadAndLineage()
	if lineage == s.lineage && len(head.State.Undelivered(s.who.Who, seq)) > 0 {
		s.recordAck(seq)
	}
}

// recordAck notes up to which record the client is known to hold its view, if it has
// been sent notices; mu is held.
func (s *Session) recordAck(seq uint64) {
	if role := s.who.Who.Role(); role == floor.RoleAttendee || role == floor.RoleInterpreter {
		s.fold.receipts.Record(s.who.Who, s.lineage, seq)
	}
}

// NewestState implements presence.Log.
func (f *fold) NewestState() (*floor.State, int) {
	head, lineage := f.history.HeadAndLineage()
	return &head.State, lineage
}

// HasSessions implements presence.Log.
func (f *fold) HasSessions() bool { return len(f.audience.everyone()) > 0 }

// SubmitDelivered implements presence.Log.
func (f *fold) SubmitDelivered(ctx context.Context, command floor.MarkDelivered) bool {
	answered := make(chan verdict, 1)
	p := &pending{
		order:  floor.Envelope{Key: floor.CommandKey("clock/delivered-" + rand.Text()), By: floor.Clock, Unconditional: true, Command: command},
		answer: func(v verdict) { answered <- v },
	}
	if refused := f.enqueue(p); refused != nil {
		return !wire.Retry(refused.Code)
	}
	patience := time.NewTimer(callTime + commandTime)
	defer patience.Stop()
	select {
	case v := <-answered:
		return v.refused == nil || !wire.Retry(v.refused.Code)
	case <-patience.C:
	case <-ctx.Done():
	}
	return false
}
