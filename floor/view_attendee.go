package floor

import "slices"

func (s State) attendeeKeys(own AttendeeID) []CardKey {
	w := NewActorID(RoleAttendee, own)
	keys := []CardKey{CardKey("me/" + own)}
	for _, id := range s.meetingsOf.At(w) {
		keys = append(keys, CardKey("meeting/"+id))
		if r, ok := s.openRequest(id); ok {
			keys = append(keys, CardKey("request/"+r.ID))
		}
	}
	for _, id := range s.pending.At(w) {
		keys = append(keys, CardKey("notice/"+id))
	}
	return append(keys, s.lostKeys(w)...)
}

func (s State) attendeeCard(own AttendeeID, kind, id string) (Card, bool) {
	switch kind {
	case "me":
		a, ok := s.attendees.Get(own)
		return AttendeeSelfCard{a.Name, a.Company, s.companies.At(a.Company).Name, a.CheckedIn}, ok && id == string(own)
	case "meeting":
		return s.ownMeetingCard(own, MeetingID(id))
	case "request":
		return s.ownRequestCard(own, RequestID(id))
	case "notice":
		return s.ownNoticeCard(NewActorID(RoleAttendee, own), NoticeID(id))
	case "lost":
		return s.ownLostCard(NewActorID(RoleAttendee, own), LostID(id))
	}
	return nil, false
}

// sideOf returns the side of a meeting on which an attendee takes part.
func (m Meeting) sideOf(a AttendeeID) (Side, bool) {
	if slices.Contains(m.Host.People, a) {
		return Host, true
	}
	return Guest, slices.Contains(m.Guest.People, a)
}

func (s State) ownMeetingCard(own AttendeeID, id MeetingID) (Card, bool) {
	m, ok := s.meetings.Get(id)
	side, mine := m.sideOf(own)
	if !ok || !mine || !s.Released() {
		return nil, false
	}
	me, partner := m.Host, m.Guest
	if side == Guest {
		me, partner = m.Guest, m.Host
	}
	company := s.companies.At(partner.Company)
	c := OwnMeetingCard{
		Place: s.placeCard(m.Place), Side: side, Pair: m.Pair, Mine: me.Presence, Theirs: partner.Presence,
		Partner: company.Name, Country: company.Country,
		People: make([]Representative, 0, len(partner.People)), Cancelled: m.Cancelled,
		Interpreter: s.interpreters.At(m.Interpreter).Name,
	}
	for _, a := range partner.People {
		person := s.attendees.At(a)
		c.People = append(c.People, Representative{person.Name, person.Title})
	}
	return c, true
}

func (s State) ownRequestCard(own AttendeeID, id RequestID) (Card, bool) {
	r, ok := s.requests.Get(id)
	_, mine := s.meetings.At(r.Meeting).sideOf(own)
	if !ok || !mine || !r.State.Open() || !s.Released() {
		return nil, false
	}
	c := OwnRequestCard{Meeting: r.Meeting, Pair: r.Pair, Skill: r.Skill, State: r.State, At: r.At}
	if r.State == Requested {
		c.Line = s.placeInLine(r)
	}
	c.Interpreter = s.interpreters.At(r.Interpreter).Name
	return c, true
}

// placeInLine returns a request's place among those that wait for the same pair; 1 is next.
func (s State) placeInLine(r Request) int {
	n := 1
	for o := range s.openRequests() {
		if o.State == Requested && o.Pair == r.Pair && (o.At < r.At || o.At == r.At && o.ID < r.ID) {
			n++
		}
	}
	return n
}

func (s State) ownNoticeCard(w ActorID, id NoticeID) (Card, bool) {
	n, ok := s.notices.Get(id)
	if !ok || !s.Released() || !slices.Contains(s.pending.At(w), id) {
		return nil, false
	}
	return OwnNoticeCard{
		Kind: n.Kind, Round: n.Round, Meeting: n.Meeting, At: n.At, Last: n.Last, Undo: n.Undo,
		From: s.placeCard(n.From), To: s.placeCard(n.To),
	}, true
}
