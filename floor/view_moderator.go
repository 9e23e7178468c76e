package floor

import (
	"slices"
	"strconv"
	"strings"
)

// moderatorKeys and moderatorCard are the moderators' view: the whole floor.
func (s State) moderatorKeys() []CardKey {
	var keys []CardKey
	keys = appendKeys(keys, "company", s.companies)
	keys = appendKeys(keys, "attendee", s.attendees)
	keys = appendKeys(keys, "interpreter", s.interpreters)
	keys = appendKeys(keys, "staff", s.staff)
	keys = appendKeys(keys, "display", s.displays)
	keys = appendKeys(keys, "table", s.tables)
	keys = appendKeys(keys, "meeting", s.meetings)
	keys = appendKeys(keys, "request", s.openRequestIDs)
	keys = appendKeys(keys, "notice", s.notices)
	keys = appendKeys(keys, "lost", s.lost)
	keys = appendKeys(keys, "sent", s.notices)
	for _, n := range s.notices.Each() {
		for _, w := range n.For {
			keys = append(keys, unseenKey(n.ID, w))
		}
	}
	for _, seq := range s.shown {
		keys = append(keys, CardKey("done/"+seqID(seq)))
	}
	return keys
}

func (s State) moderatorCard(kind, id string) (Card, bool) {
	switch kind {
	case "company":
		c, ok := s.companies.Get(CompanyID(id))
		return CompanyCard{c.Name, c.Country, c.HomeTable, c.Standby}, ok
	case "attendee":
		a, ok := s.attendees.Get(AttendeeID(id))
		return AttendeeCard{a.Company, a.Name, a.Title, a.CheckedIn}, ok
	case "interpreter":
		i, ok := s.interpreters.Get(InterpreterID(id))
		return InterpreterCard{i.Name, i.Pairs, i.Skills, i.Shifts, i.Floater, i.Duty}, ok
	case "staff":
		m, ok := s.staff.Get(StaffID(id))
		return StaffCard{m.Name, m.Role, m.Lead, m.Zones}, ok
	case "display":
		d, ok := s.displays.Get(DisplayID(id))
		return DisplayCard{d.Name, d.Zones, d.Languages}, ok
	case "table":
		t, ok := s.tables.Get(TableID(id))
		return TableCard{t.Label, t.Zone, t.Capacity, t.Home, t.Closed, t.Reason}, ok
	case "meeting":
		m, ok := s.meetings.Get(MeetingID(id))
		return MeetingCard{m.Place, m.Host, m.Guest, m.Pair, m.Interpreter, m.Locked, m.Cancelled, m.Reason}, ok
	}
	return s.transientCard(kind, id)
}

// transientCard returns a card of a kind that appears and disappears during the day.
func (s State) transientCard(kind, id string) (Card, bool) {
	switch kind {
	case "request":
		r, ok := s.requests.Get(RequestID(id))
		if !ok || !r.State.Open() {
			return nil, false
		}
		return RequestCard{
			Meeting: r.Meeting, Pair: r.Pair, Skill: r.Skill, State: r.State, Interpreter: r.Interpreter, At: r.At,
			ClaimedAt: r.ClaimedAt, ArrivedAt: r.ArrivedAt, Escalated: r.Escalated, CanTake: s.canTake(r),
		}, true
	case "notice":
		n, ok := s.notices.Get(NoticeID(id))
		return NoticeCard{
			Kind: n.Kind, Round: n.Round, Meeting: n.Meeting, From: n.From, To: n.To, At: n.At, Last: n.Last,
			For: len(n.For), Seen: n.Seen,
		}, ok
	case "unseen":
		notice, who, _ := strings.Cut(id, ":")
		w := ActorID(who)
		return UnseenCard{NoticeID(notice), w, s.notices.At(NoticeID(notice)).toldBy(w)}, slices.Contains(s.pending.At(w), NoticeID(notice))
	case "sent":
		return s.deliveryCard(NoticeID(id))
	case "lost":
		return s.lostCard(LostID(id))
	case "done":
		seq, err := strconv.ParseUint(id, 10, 64)
		if err != nil {
			return nil, false
		}
		return s.historyCard(seq)
	}
	return nil, false
}

// canTake counts the interpreters who could claim a request now.
func (s State) canTake(r Request) int {
	n := 0
	for _, i := range s.interpreters.Each() {
		if i.canServe(r) && s.freeForRequest(i.ID, r) == nil {
			n++
		}
	}
	return n
}
