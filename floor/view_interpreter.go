package floor

import "slices"

func (s State) interpreterKeys(own InterpreterID) []CardKey {
	w := NewActorID(RoleInterpreter, own)
	keys := []CardKey{CardKey("self/" + own)}
	for _, id := range s.meetingsOf.At(w) {
		keys = append(keys, CardKey("assignment/"+id))
	}
	keys = appendKeys(keys, "offer", s.openRequestIDs)
	for _, id := range s.pending.At(w) {
		keys = append(keys, CardKey("notice/"+id))
	}
	return append(keys, s.lostKeys(w)...)
}

func (s State) interpreterCard(own InterpreterID, kind, id string) (Card, bool) {
	switch kind {
	case "self":
		i, ok := s.interpreters.Get(own)
		return InterpreterSelfCard{i.Name, i.Pairs, i.Skills, i.Shifts, i.Duty}, ok && id == string(own)
	case "assignment":
		m, ok := s.meetings.Get(MeetingID(id))
		return AssignmentCard{
			Place: s.placeCard(m.Place), Host: s.companies.At(m.Host.Company).Name,
			Guest: s.companies.At(m.Guest.Company).Name, Pair: m.Pair, Cancelled: m.Cancelled,
		}, ok && m.Interpreter == own && s.Released()
	case "offer":
		return s.offerCard(own, RequestID(id))
	case "notice":
		return s.ownNoticeCard(NewActorID(RoleInterpreter, own), NoticeID(id))
	case "lost":
		return s.ownLostCard(NewActorID(RoleInterpreter, own), LostID(id))
	}
	return nil, false
}

func (s State) offerCard(own InterpreterID, id RequestID) (Card, bool) {
	r, ok := s.requests.Get(id)
	i := s.interpreters.At(own)
	mine := ok && r.Interpreter == own
	if !ok || !r.State.Open() || !s.Released() || !mine && (r.State == Arrived || !i.canServe(r)) {
		return nil, false
	}
	m := s.meetings.At(r.Meeting)
	return OfferCard{
		Place: s.placeCard(m.Place), Host: s.companies.At(m.Host.Company).Name, Guest: s.companies.At(m.Guest.Company).Name,
		Pair: r.Pair, Skill: r.Skill, State: r.State, Mine: mine,
		Claimant: s.interpreters.At(r.Interpreter).Name, At: r.At, Escalated: r.Escalated,
	}, true
}

// canServe reports whether an interpreter is on duty and able to take a request.
func (i Interpreter) canServe(r Request) bool {
	return i.Duty == OnDuty && slices.Contains(i.Pairs, r.Pair) && (r.Skill == "" || slices.Contains(i.Skills, r.Skill))
}
