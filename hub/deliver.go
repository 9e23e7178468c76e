package hub

import (
	"slices"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/history"
	"github.com/matchfloor/matchfloor/hub/presence"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// writeTime is how long one frame may take to be written.
const writeTime = 5 * time.Second

// sending is what a session still owes its client. There is no queue: but for
// replies, which are bounded, it is a position and a few marks, and what is to be
// sent follows from them and the newest state.
type sending struct {
	greeted  bool             // hello has been taken
	judged   journal.Position // at which it was last seen that link and subjects hold
	judgedIn int              // the lineage of that, where it was seen on the way to a frame
	subjects []floor.Subject  // that it watches
	have     *journal.Position
	need     uint64 // with have ahead of this node: the check of the log that must end first

	placed  bool             // lineage, seq and told hold; otherwise a snapshot is due
	lineage int              // of the fold's past
	seq     uint64           // what the client holds, or will when it has taken what was sent
	told    journal.Position // of the last frame sent
	owed    uint64           // a frame up to here is due, though it be empty
	resumed bool             // a first frame is due, though it lead nowhere

	replies []wire.ServerFrame
	under   int // commands under way
	pinged  *wire.Ping
	shown   *liveFrame // the last live frame sent, and when
	shownAt time.Time

	flow
	heard    time.Time // of the last frame from the client
	hidden   bool
	standing presence.State

	writing  bool // somebody writes, or is about to
	ending   wire.CloseCode
	endingAt time.Time
	gone     bool // nothing may be sent any more
	finished bool // the hub has let go
}

// parcel is the next thing to do for a session's writer.
type parcel struct {
	kind  parcelKind
	reply wire.ServerFrame // kind sendReply
	gap   history.Delta    // kind sendPatch
	close wire.CloseCode   // kind hangUp
	live  *liveFrame       // kind sendLive
}

type parcelKind uint8

const (
	nothing parcelKind = iota
	hangUp
	sendReply
	sendPatch
	sendSnapshot
	sendPong
	sendLive
)

// look makes the session see whether anything is due. It never blocks.
func (s *Session) look() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.startWriter()
}

// next decides what is due first. Where that is nothing the writer ends with it,
// so whoever marks the session later starts another.
func (s *Session) next() parcel {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.due()
	s.writing = p.kind != nothing
	return p
}

func (s *Session) due() parcel {
	switch {
	case s.gone:
		return parcel{}
	case len(s.replies) > 0:
		reply := s.replies[0]
		if s.replies = s.replies[1:]; len(s.replies) == 0 {
			s.replies = nil
		}
		return parcel{kind: sendReply, reply: reply}
	case s.ending != 0:
		return parcel{kind: hangUp, close: s.ending}
	case !s.greeted:
		return parcel{}
	}
	if p := s.view(); p.kind != nothing {
		return p
	}
	if s.pinged != nil {
		return parcel{kind: sendPong}
	}
	if live := s.liveFrame(); live != s.shown && time.Since(s.shownAt) >= liveEvery {
		return parcel{kind: sendLive, live: live}
	}
	return parcel{}
}

// view decides what leads the client's view on to the newest state.
func (s *Session) view() parcel {
	g := s.fold.history.Delta(s.lineage, s.seq, s.subjects)
	if s.judgeOn(g); s.ending != 0 {
		return parcel{kind: hangUp, close: s.ending}
	}
	if s.have != nil {
		if !s.resume(g.To.At) {
			return parcel{} // until the log has been read on
		}
		g = s.fold.history.Delta(s.lineage, s.seq, s.subjects)
	}
	if s.placed && s.lineage == g.Lineage && s.seq > g.To.At.Seq && !s.ahead() {
		return parcel{} // until the log has been read on
	}
	switch {
	case !s.flow.open():
		return parcel{}
	case !s.placed, g.NeedsSnapshot:
		return parcel{kind: sendSnapshot}
	case len(g.Subjects) > 0, s.resumed, s.owed > s.seq && g.To.At.Seq > s.seq:
		return parcel{kind: sendPatch, gap: g}
	}
	return parcel{}
}

// ahead judges a sequence number past this node's, which the client says that it
// fetched: another node may have answered it. It answers false while only reading
// the log on can tell. What the log does not hold is not believed.
func (s *Session) ahead() (known bool) {
	if s.fold.checks.done.Load() < s.need {
		s.fold.seek(s)
		return false
	}
	s.placed = false
	return true
}

// judgeOn is judge, where something has changed since that it looks at; mu is held.
func (s *Session) judgeOn(g history.Delta) (same bool) {
	organiser := s.who.Who.Role() == floor.RoleOrganiser // whose link stands in another log
	if g.Lineage == s.judgedIn && g.LastPermissionChange <= s.judged.Seq && !organiser && !s.gone {
		s.judged = g.To.At
		return true
	}
	s.judgedIn = g.Lineage
	return s.judge(*g.To)
}

// judge holds the session against the state of a moment: its link may have been
// rotated, and what it may watch may be another; mu is held.
func (s *Session) judge(m history.Version) (same bool) {
	if s.gone {
		return false
	}
	organiser := s.who.Who.Role() == floor.RoleOrganiser // whose link stands in another log
	if s.judged == m.At && !organiser {
		return true
	}
	s.judged = m.At
	if !s.fold.good(s.who, m.State) {
		s.endLocked(wire.CloseSessionOver)
		return false
	}
	subjects := m.State.Subjects(s.who.Who)
	if slices.Equal(subjects, s.subjects) {
		return true
	}
	if len(subjects) == 0 {
		s.endLocked(wire.CloseSessionOver)
		return false
	}
	s.fold.audience.watch(s, s.subjects, subjects)
	s.subjects, s.placed, s.have = subjects, false, nil
	return false
}

// resume judges the position that the client says it holds. It answers false
// while only reading the log on can tell.
func (s *Session) resume(head journal.Position) bool {
	have := *s.have
	ahead := have.Epoch > head.Epoch || have.Epoch == head.Epoch && have.Seq > head.Seq
	if ahead && s.fold.checks.done.Load() < s.need {
		s.told = have
		s.fold.seek(s)
		return false
	}
	s.have = nil
	if lineage, ok := s.fold.history.LineageAt(have); ok {
		s.placed, s.lineage, s.seq, s.told, s.resumed = true, lineage, have.Seq, have, true
		s.recordAckIfNotified(have.Seq)
	}
	return true
}

// encode makes the frame of a parcel, without the session's lock, and notes what
// it leads to. It answers nil where that has changed: the caller asks next again.
func (s *Session) encode(p parcel) []byte {
	switch p.kind {
	case sendReply:
		return wire.Encode(p.reply)
	case sendPatch:
		patch := s.fold.frames.patch(p.gap)
		if !patch.ok {
			return nil
		}
		if len(patch.frame) > wire.InlineSnapshot {
			return s.snapshot()
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sentView(p.gap.Lineage, p.gap.To.At, len(patch.frame), patch.notice)
		return patch.frame
	case sendSnapshot:
		return s.snapshot()
	case sendPong:
		return s.pong()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown, s.shownAt = p.live, time.Now()
	return p.live.bytes
}

// snapshot answers the frame of the newest whole view, or of where to get it.
func (s *Session) snapshot() []byte {
	s.mu.Lock()
	subjects := s.subjects
	s.mu.Unlock()
	m, lineage, _, frame := s.fold.frames.picture(subjects)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.judge(m) {
		return nil
	}
	if frame != nil {
		s.sentView(lineage, m.At, len(frame), true)
		return frame
	}
	if s.placed && s.lineage != lineage {
		// What the client fetches could not be told from the other history's acks.
		s.endLocked(wire.CloseLineage)
		return nil
	}
	get := s.hub.options.SnapshotPath(s.fold.log, s.who.Link, m.At.Seq)
	frame = wire.Encode(wire.ServerFrame{Snapshot: &wire.Snapshot{At: m.At, Get: get}})
	s.sentView(lineage, m.At, len(frame), true)
	s.flow.fetching = true
	return frame
}

// sentView notes that a frame brings the client's view to a position; mu is held.
func (s *Session) sentView(lineage int, at journal.Position, size int, notice bool) {
	if s.lineage != lineage {
		s.flow = flow{} // what was outstanding is replaced
	}
	s.placed, s.lineage, s.seq, s.told, s.resumed = true, lineage, at.Seq, at, false
	s.flow.add(sent{at.Seq, size, notice}, time.Now())
}

// pong answers the pending ping's frame.
func (s *Session) pong() []byte {
	head := s.fold.history.Head()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pinged == nil {
		return nil
	}
	n := s.pinged.N
	s.pinged = nil
	return wire.Encode(wire.ServerFrame{Pong: &wire.Pong{
		N: n, Now: instant(s.fold.now()), Clock: clockOf(head.State), At: s.told,
	}})
}

func clockOf(state floor.State) floor.EventClock {
	c := state.Clock()
	c.Rate = max(c.Rate, 1)
	return c
}
