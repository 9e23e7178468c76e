package floor

import (
	"slices"
	"strconv"
)

// DueKind is a kind of what falls due.
type DueKind string

// The kinds of what falls due.
const (
	DueGrace        DueKind = "grace"        // a meeting's grace period is over
	DueMinutes5     DueKind = "minutes5"     // five minutes of a round are left
	DueMinutes1     DueKind = "minutes1"     // one minute of a round is left
	DueEscalation   DueKind = "escalation"   // nobody has taken a request in time
	DueAnnouncement DueKind = "announcement" // an announcement has been shown for long enough
	DueShift        DueKind = "shift"        // an interpreter's last shift is over
)

// Key returns the command key, which is the same on every node for the same thing that fell due.
func (t ApplyDue) Key() CommandKey {
	return CommandKey("clock/" + string(t.What) + "-" + t.Of + "-" + strconv.FormatUint(t.Since, 10))
}

// Due returns what has fallen due at an event time, and the event time at which the next thing will;
// next is 0 if there is none. It is called before every batch of commands, so it does work only for
// what is due.
func (s State) Due(now Instant) (due []ApplyDue, next Instant) {
	s.deadlines(func(what DueKind, of string, at Instant) {
		switch {
		case at <= now:
			due = append(due, ApplyDue{what, of, s.causeSeq(what, of)})
		case next == 0 || at < next:
			next = at
		}
	})
	return due, next
}

// deadlines calls yield for everything that falls due: its kind, the id of the thing, and the event
// time.
func (s State) deadlines(yield func(what DueKind, of string, at Instant)) {
	for r := range s.rounds.Values() {
		if r.State == StateRunning {
			s.graceDeadlines(r, yield)
			roundDeadlines(r, yield)
		}
	}
	for a := range s.announcements.Values() {
		yield(DueAnnouncement, string(a.ID), a.Until)
	}
	for r := range s.openRequests() {
		if r.State == Requested && !r.Escalated && s.event.EscalateMin > 0 {
			yield(DueEscalation, string(r.ID), r.At+Instant(s.event.EscalateMin)*Minute)
		}
	}
	for i := range s.interpreters.Values() {
		if i.Duty != OffDuty && len(i.Shifts) > 0 {
			yield(DueShift, string(i.ID), lastShiftEnd(i))
		}
	}
}

func roundDeadlines(r Round, yield func(DueKind, string, Instant)) {
	if r.Left == 0 && r.Now.Length() > 5*Minute {
		yield(DueMinutes5, string(r.ID), r.Now.End-5*Minute)
	}
	if r.Left != 1 && r.Now.Length() > Minute {
		yield(DueMinutes1, string(r.ID), r.Now.End-Minute)
	}
}

// graceDeadlines yields a deadline for each meeting, not for the round, because a meeting that was
// moved into a running round has its grace period from then on.
func (s State) graceDeadlines(r Round, yield func(DueKind, string, Instant)) {
	if s.event.GraceMin == 0 {
		return
	}
	for _, id := range s.seats.At(r.ID).All() {
		if m := s.meetings.At(id); m.Host.awaited() || m.Guest.awaited() {
			yield(DueGrace, string(id), max(r.Now.Start, m.MovedAt)+Instant(s.event.GraceMin)*Minute)
		}
	}
}

// causeSeq returns the sequence number of the last change that a deadline follows from. It is part of
// the key, so that a side that is expected again can be marked again.
func (s State) causeSeq(what DueKind, of string) uint64 {
	seq := func(ref Ref) uint64 { return s.revisions.at(ref).Seq }
	switch what {
	case DueGrace:
		m := s.meetings.At(MeetingID(of))
		return max(seq(roundRef(m.Place.Round)), seq(meetingRef(m.ID)), seq(sideRef(m.ID, Host)), seq(sideRef(m.ID, Guest)))
	case DueAnnouncement:
		return seq(announcementRef(AnnouncementID(of)))
	case DueEscalation:
		return seq(requestRef(RequestID(of)))
	case DueShift:
		return seq(interpreterRef(InterpreterID(of)))
	}
	return seq(roundRef(RoundID(of)))
}

func (p Party) awaited() bool { return p.Presence == Expected && !p.GraceEnd }

// decide makes what fell due happen, if it is still due in this state.
func (t ApplyDue) decide(d *decision) *Error {
	due, _ := d.Due(d.now)
	if !slices.Contains(due, t) {
		return newError(CodeNothingChanges)
	}
	switch t.What {
	case DueGrace:
		d.endGrace(d.meetings.At(MeetingID(t.Of)))
	case DueMinutes5:
		d.emit(MinutesAnnounced{RoundID(t.Of), 5})
	case DueMinutes1:
		d.emit(MinutesAnnounced{RoundID(t.Of), 1})
	case DueEscalation:
		d.emit(RequestEscalated{RequestID(t.Of)})
	case DueAnnouncement:
		d.emit(AnnouncementWithdrawn{d.announcements.At(AnnouncementID(t.Of)), true})
	case DueShift:
		i := d.interpreters.At(InterpreterID(t.Of))
		d.emit(DutySet{i.ID, i.Duty, OffDuty})
	}
	return nil
}

func (d *decision) endGrace(m Meeting) {
	if m.Host.awaited() {
		d.emit(GraceEnded{m.ID, Host})
	}
	if m.Guest.awaited() {
		d.emit(GraceEnded{m.ID, Guest})
	}
}
