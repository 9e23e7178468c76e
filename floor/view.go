package floor

import (
	"slices"
	"strconv"
	"strings"

	"github.com/matchfloor/matchfloor/internal/hamt"
)

// View returns all cards of subjects. The subjects of one session have no key in common (see Subjects).
func (s State) View(subjects ...Subject) View {
	v := View{}
	for _, subject := range subjects {
		for _, key := range s.keys(subject) {
			if card, ok := s.Card(subject, key); ok {
				v[key] = card
			}
		}
	}
	return v
}

// Card returns one card as a subject may see it. ok is false if there is none, or if the subject may
// not know of it.
func (s State) Card(subject Subject, key CardKey) (card Card, ok bool) {
	kind, id := key.cut()
	role, own, _ := strings.Cut(string(subject), ":")
	switch {
	case subject == Everyone:
		return s.everyoneCard(kind, id)
	case subject == Moderator:
		return s.moderatorCard(kind, id)
	case role == string(RoleAttendee):
		return s.attendeeCard(AttendeeID(own), kind, id)
	case role == string(RoleInterpreter):
		return s.interpreterCard(InterpreterID(own), kind, id)
	case role == string(RoleDisplay):
		return s.displayCard(ZoneID(own), kind, id)
	}
	return nil, false
}

// cut returns the two parts of a key.
func (k CardKey) cut() (kind, id string) {
	kind, id, _ = strings.Cut(string(k), "/")
	return kind, id
}

// The keys of cards whose ids have two parts.
func unseenKey(n NoticeID, w ActorID) CardKey {
	return CardKey("unseen/" + string(n) + ":" + string(w))
}
func boardKey(z ZoneID, t TableID) CardKey  { return CardKey("board/" + string(z) + ":" + string(t)) }
func seatKey(z ZoneID, m MeetingID) CardKey { return CardKey("seat/" + string(z) + ":" + string(m)) }

// MeetingMoved reports whether key is the key of a card that shows where a meeting is, and the meeting
// was at another place in before.
func (s *State) MeetingMoved(before *State, key CardKey) bool { // called for each card: pointers avoid copying the states
	kind, id := key.cut()
	if kind != "meeting" && kind != "assignment" {
		return false
	}
	then, now := before.meetings.Find(MeetingID(id)), s.meetings.Find(MeetingID(id))
	return then != nil && now != nil && then.Place != now.Place
}

// keys returns the keys of every card that a subject may have, in no particular order. Card decides
// which of them exist.
func (s State) keys(subject Subject) []CardKey {
	role, own, _ := strings.Cut(string(subject), ":")
	switch {
	case subject == Everyone:
		return s.everyoneKeys()
	case subject == Moderator:
		return s.moderatorKeys()
	case role == string(RoleAttendee):
		return s.attendeeKeys(AttendeeID(own))
	case role == string(RoleInterpreter):
		return s.interpreterKeys(InterpreterID(own))
	case role == string(RoleDisplay):
		return s.displayKeys(ZoneID(own))
	}
	return nil
}

func appendKeys[K ~string, V any](keys []CardKey, kind string, of hamt.Map[K, V]) []CardKey {
	for id := range of.Each() {
		keys = append(keys, CardKey(kind+"/"+string(id)))
	}
	return keys
}

func (s State) everyoneKeys() []CardKey {
	keys := []CardKey{"clock/clock"}
	if s.event.ID != "" {
		keys = append(keys, CardKey("event/"+s.event.ID))
	}
	keys = appendKeys(keys, "round", s.rounds)
	keys = appendKeys(keys, "item", s.items)
	keys = appendKeys(keys, "zone", s.zones)
	return appendKeys(keys, "announcement", s.announcements)
}

func (s State) everyoneCard(kind, id string) (Card, bool) {
	switch kind {
	case "clock":
		clock := s.clock
		clock.Rate = max(clock.Rate, 1)
		return ClockCard{clock}, id == "clock"
	case "event":
		e := s.event
		return EventCard{e.Name, e.TimeZone, e.Place, e.GraceMin, e.Version, e.ReleasedAt}, id != "" && e.ID == EventID(id)
	case "round":
		r, ok := s.rounds.Get(RoundID(id))
		return RoundCard{No: r.No, SlotCard: r.card(), Left: r.Left}, ok
	case "item":
		i, ok := s.items.Get(ItemID(id))
		i.State = s.itemState(i)
		return ItemCard{Kind: i.Kind, Name: i.Name, SlotCard: i.card(), Place: i.Place}, ok
	case "zone":
		z, ok := s.zones.Get(ZoneID(id))
		return ZoneCard{z.Name}, ok
	case "announcement":
		a, ok := s.announcements.Get(AnnouncementID(id))
		return AnnouncementCard{a.Text, a.At, a.Until}, ok
	}
	return nil, false
}

// itemState returns the state of an item. That of a matching session follows from its rounds.
func (s State) itemState(i Item) SlotState {
	if i.Kind != ItemMatching {
		return i.State
	}
	rounds, begun, over := 0, 0, 0
	for _, r := range s.rounds.Each() {
		if !i.Plan.Contains(r.Plan.Start) {
			continue
		}
		rounds++
		if r.State == StateRunning || r.State == StateEnded {
			begun++
		}
		if r.State == StateEnded {
			over++
		}
	}
	switch {
	case begun == 0:
		return StatePlanned
	case over < rounds:
		return StateRunning
	}
	return StateEnded
}

func (s Slot) card() SlotCard { return SlotCard{s.Plan, s.Now, s.State} }

func (s State) placeCard(p Place) PlaceCard {
	t := s.tables.At(p.Table)
	return PlaceCard{p.Round, p.Table, t.Label, t.Zone}
}

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
	if !ok || !r.State.Open() || !s.Released() || !mine && (r.State == Arrived || !s.canServe(i, r)) {
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
func (s State) canServe(i Interpreter, r Request) bool {
	return i.Duty == OnDuty && slices.Contains(i.Pairs, r.Pair) && (r.Skill == "" || slices.Contains(i.Skills, r.Skill))
}

func (s State) displayKeys(zone ZoneID) []CardKey {
	var keys []CardKey
	for _, t := range s.tables.Each() {
		if t.Zone == zone {
			keys = append(keys, boardKey(zone, t.ID))
		}
	}
	for _, m := range s.meetings.Each() {
		if s.zoneOf(m.Place) == zone {
			keys = append(keys, seatKey(zone, m.ID))
		}
	}
	return keys
}

func (s State) displayCard(zone ZoneID, kind, id string) (Card, bool) {
	_, own, ok := strings.Cut(id, ":")
	if !ok || id != string(zone)+":"+own {
		return nil, false
	}
	switch kind {
	case "board":
		t, ok := s.tables.Get(TableID(own))
		return BoardCard{t.Label, t.Closed}, ok && t.Zone == zone
	case "seat":
		m, ok := s.meetings.Get(MeetingID(own))
		if !ok || !s.Released() || zone == "" || s.zoneOf(m.Place) != zone {
			return nil, false
		}
		return SeatCard{
			Round: m.Place.Round, Table: m.Place.Table, Label: s.tables.At(m.Place.Table).Label,
			Host: s.companies.At(m.Host.Company).Name, Guest: s.companies.At(m.Guest.Company).Name,
			Interpreted: m.Interpreter != "", MovedAt: m.MovedAt, Cancelled: m.Cancelled,
		}, true
	}
	return nil, false
}

func seqID(seq uint64) string { return strconv.FormatUint(seq, 10) }
