package floor

import (
	"slices"
	"strconv"
)

// DueKind is what time brings about.
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

// deadline is a thing that falls due at an instant of the event's clock.
type deadline struct {
	TimePassed
	at Instant
}

// Key answers the id under which every node submits the same thing that fell due.
func (t TimePassed) Key() CommandKey {
	return CommandKey("clock/" + string(t.What) + "-" + t.Of + "-" + strconv.FormatUint(t.Since, 10))
}

// Due answers what has fallen due at an event time, and when the next thing
// will; next is 0 where nothing lies ahead.
func (s State) Due(now Instant) (due []TimePassed, next Instant) {
	for _, d := range s.deadlines() {
		switch {
		case d.at <= now:
			due = append(due, d.TimePassed)
		case next == 0 || d.at < next:
			next = d.at
		}
	}
	return due, next
}

func (s State) deadlines() []deadline {
	out := s.graceDeadlines()
	add := func(what DueKind, of, ref string, at Instant) {
		out = append(out, deadline{TimePassed{what, of, s.revs.at(ref).Seq}, at})
	}
	for r := range s.rounds.values() {
		s.roundDeadlines(r, add)
	}
	for a := range s.announcements.values() {
		add(DueAnnouncement, string(a.ID), "announcement/"+string(a.ID), a.Until)
	}
	for r := range s.openRequests() {
		if r.State == Requested && !r.Escalated && s.event.EscalateMin > 0 {
			add(DueEscalation, string(r.ID), requestRef(r.ID), r.At+Instant(s.event.EscalateMin)*Minute)
		}
	}
	for i := range s.interpreters.values() {
		if i.Duty != OffDuty && len(i.Shifts) > 0 {
			add(DueShift, string(i.ID), interpreterRef(i.ID), lastShiftEnd(i))
		}
	}
	return out
}

func (s State) roundDeadlines(r Round, add func(DueKind, string, string, Instant)) {
	if r.State != StateRunning {
		return
	}
	ref := "round/" + string(r.ID)
	if r.Left == 0 && r.Now.Length() > 5*Minute {
		add(DueMinutes5, string(r.ID), ref, r.Now.End-5*Minute)
	}
	if r.Left != 1 && r.Now.Length() > Minute {
		add(DueMinutes1, string(r.ID), ref, r.Now.End-Minute)
	}
}

// graceDeadlines are a meeting's own, because one that was moved into a running
// round has its grace from then on. Since is the last change of anything that it
// follows from, so that a side that is awaited again is marked again.
func (s State) graceDeadlines() (out []deadline) {
	for r := range s.rounds.values() {
		if r.State != StateRunning || s.event.GraceMin == 0 {
			continue
		}
		for m := range s.meetings.values() {
			if m.Place.Round != r.ID || !m.seated() || !m.Host.awaited() && !m.Guest.awaited() {
				continue
			}
			since := max(s.revs.at("round/"+string(r.ID)).Seq, s.revs.at(meetingRef(m.ID)).Seq,
				s.revs.at(sideRef(m.ID, Host)).Seq, s.revs.at(sideRef(m.ID, Guest)).Seq)
			at := max(r.Now.Start, m.MovedAt) + Instant(s.event.GraceMin)*Minute
			out = append(out, deadline{TimePassed{DueGrace, string(m.ID), since}, at})
		}
	}
	return out
}

func (p Party) awaited() bool { return p.Presence == Expected && !p.GraceEnd }

// decide makes what fell due happen, if it still does on this state.
func (t TimePassed) decide(d *decision) *Error {
	due, _ := d.Due(d.now)
	if !slices.Contains(due, t) {
		return newError(CodeNothingChanges)
	}
	switch t.What {
	case DueGrace:
		d.endGrace(d.meetings.at(MeetingID(t.Of)))
	case DueMinutes5:
		d.do(MinutesAnnounced{RoundID(t.Of), 5})
	case DueMinutes1:
		d.do(MinutesAnnounced{RoundID(t.Of), 1})
	case DueEscalation:
		d.do(RequestEscalated{RequestID(t.Of)})
	case DueAnnouncement:
		d.do(AnnouncementWithdrawn{d.announcements.at(AnnouncementID(t.Of)), true})
	case DueShift:
		i := d.interpreters.at(InterpreterID(t.Of))
		d.do(DutySet{i.ID, i.Duty, OffDuty})
	}
	return nil
}

func (d *decision) endGrace(m Meeting) {
	if m.Host.awaited() {
		d.do(GraceEnded{m.ID, Host})
	}
	if m.Guest.awaited() {
		d.do(GraceEnded{m.ID, Guest})
	}
}
