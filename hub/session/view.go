package session

import (
	"slices"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/history"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// clientView is what a session knows of its client's view. Its methods are called with
// the session's lock held, and are given the session.
type clientView struct {
	validAt      journal.Position // where link and subjects were last found to hold
	validLineage int              // the lineage of that, if it was found for a delta
	subjects     []floor.Subject  // that the session watches

	// resumeFrom is the position that the client says it holds, until that has been
	// checked. If it is ahead of this node, the catch-up with the number requiredCheck
	// must have ended first.
	resumeFrom      *journal.Position
	requiredCatchUp uint64

	// In phase synced the client holds the view at seq of a lineage, or will when it has
	// taken what was sent.
	lineage int
	seq     uint64

	lastSentPos journal.Position // of the last frame sent
	resumed     bool             // a patch must be sent even if nothing has changed: it confirms resumeFrom

	// ackRequiredSeq makes a patch up to this sequence number be sent even if nothing
	// visible has changed, so that the client learns that its command landed.
	ackRequiredSeq uint64

	window ackWindow
}

// nextOp returns what leads the client's view on to the newest version.
func (v *clientView) nextOp(s *Session) writeOp {
	h := s.event.history
	d := h.Delta(v.lineage, v.seq, v.subjects)
	if v.revalidateIfChanged(s, &d); s.phase == closing {
		return writeOp{kind: hangUp, close: s.closeCode}
	}
	if v.resumeFrom != nil {
		if !v.resume(s, d.To.At) {
			return writeOp{} // until the log has been read
		}
		d = h.Delta(v.lineage, v.seq, v.subjects)
	}
	if s.phase == synced && v.lineage == d.Lineage && v.seq > d.To.At.Seq && !v.checkAhead(s) {
		return writeOp{} // until the log has been read
	}
	switch {
	case !v.window.hasRoom():
		return writeOp{}
	case s.phase != synced, d.NeedsSnapshot:
		return writeOp{kind: sendSnapshot}
	case len(d.Subjects) > 0, v.resumed, v.ackRequiredSeq > v.seq && d.To.At.Seq > v.seq:
		return writeOp{kind: sendPatch, delta: d}
	}
	return writeOp{}
}

// resume checks the position that the client says it holds. It returns false while only
// reading the log can tell.
func (v *clientView) resume(s *Session, head journal.Position) bool {
	from := *v.resumeFrom
	ahead := from.Epoch > head.Epoch || from.Epoch == head.Epoch && from.Seq > head.Seq
	if ahead && !s.event.replica.CaughtUp(v.requiredCatchUp) {
		v.lastSentPos = from
		s.event.awaitCatchUp(s)
		return false
	}
	v.resumeFrom = nil
	if lineage, ok := s.event.history.LineageAt(from); ok {
		s.phase.enter(synced)
		v.lineage, v.seq, v.lastSentPos, v.resumed = lineage, from.Seq, from, true
		s.event.recordAckIfNotified(s.who.Actor, lineage, from.Seq)
	}
	return true
}

// checkAhead checks a sequence number that is ahead of this node, which the client says
// it has fetched: another node may have served it. It returns false while only reading
// the log can tell. A number that the log does not hold is not trusted: a snapshot is due.
func (v *clientView) checkAhead(s *Session) bool {
	if !s.event.replica.CaughtUp(v.requiredCatchUp) {
		s.event.awaitCatchUp(s)
		return false
	}
	s.phase.enter(resuming)
	return true
}

// revalidateIfChanged is revalidate for the end of a delta, if something has changed that
// revalidate depends on.
func (v *clientView) revalidateIfChanged(s *Session, d *history.Delta) (same bool) {
	if d.Lineage == v.validLineage && d.LastPermissionChange <= v.validAt.Seq && !s.who.isOrganiser() && s.phase != closed {
		v.validAt = d.To.At
		return true
	}
	v.validLineage = d.Lineage
	return v.revalidate(s, d.To)
}

// revalidate checks the session against a version. The session ends if its link was
// rotated, or if it may see nothing any more. If it may watch other subjects than before,
// a snapshot is due. revalidate reports whether nothing has changed. An organiser is
// checked each time: their link is in another log.
func (v *clientView) revalidate(s *Session, at *history.Version) (same bool) {
	if s.phase.over() {
		return false
	}
	if v.validAt == at.At && !s.who.isOrganiser() {
		return true
	}
	v.validAt = at.At
	if !s.event.LinkValid(s.who, &at.State) {
		s.beginClose(wire.CloseSessionOver)
		return false
	}
	subjects := at.State.Subjects(s.who.Actor)
	if slices.Equal(subjects, v.subjects) {
		return true
	}
	if len(subjects) == 0 {
		s.beginClose(wire.CloseSessionOver)
		return false
	}
	s.event.subscriptions.watch(s, v.subjects, subjects)
	v.subjects, v.resumeFrom = subjects, nil
	if s.phase == synced {
		s.phase.enter(resuming)
	}
	return false
}

// sent notes that a frame leads the client's view to a position.
func (v *clientView) sent(s *Session, lineage int, at journal.Position, size int, notice bool) {
	if v.lineage != lineage {
		v.window = ackWindow{} // the frames in it are replaced by this one
	}
	if s.phase == resuming {
		s.phase.enter(synced)
	}
	v.lineage, v.seq, v.lastSentPos, v.resumed = lineage, at.Seq, at, false
	v.window.add(sentFrame{at.Seq, size, notice}, time.Now())
}

// acked takes an acknowledgement. It returns up to which record the client is now known
// to hold its view, and reports whether a frame that may have brought a notice was
// acknowledged. After a fetched snapshot the client acknowledges the position of what it
// fetched: the next patch leads on from there.
func (v *clientView) acked(s *Session, seq uint64) (upTo uint64, notice bool) {
	upTo, notice = v.window.ack(seq)
	if v.window.fetching && seq >= v.seq {
		v.window.fetching, v.seq = false, seq
		v.requiredCatchUp = s.event.replica.NextCatchUp()
		notice = true
	}
	if s.phase == synced && v.window.count == 0 && !v.window.fetching && v.seq <= s.event.headSeq() {
		upTo = v.seq
	}
	return upTo, notice
}
