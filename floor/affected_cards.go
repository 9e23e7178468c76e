package floor

import (
	"slices"
	"strconv"
	"strings"
)

// Affected is what may differ after a record.
type Affected struct {
	Keys  []CardRef // cards that may differ, sorted, each once
	Whole []Subject // subjects for which a patch does not suffice: their next frame is a snapshot
	All   bool      // every subject needs a snapshot; Keys and Whole do not count
	Links []LinkID  // links that were rotated: their sessions end
}

// CardRef names one card of one subject.
type CardRef struct {
	Subject Subject
	Key     CardKey
}

// affectedCards collects the cards that follow from affected things. A card counts if it follows from
// the thing as it was or as it is.
type affectedCards struct {
	list []CardRef
}

func (a *affectedCards) add(s Subject, key CardKey) { a.list = append(a.list, CardRef{s, key}) }

// affected returns the cards that may differ because of the things that the record affected.
func (tx *transaction) affected() Affected {
	out := Affected{Whole: tx.wholeSubjects, All: tx.everySubject, Links: tx.rotatedLinks}
	if tx.everySubject {
		return out
	}
	cards := affectedCards{make([]CardRef, 0, 48)} // room for the cards of a usual move
	for _, ref := range tx.affectedRefs {
		key := CardKey(ref.String()) // most things are named as their card is
		cards.addThing(tx.before, ref, key)
		cards.addThing(tx.State, ref, key)
	}
	slices.SortFunc(cards.list, func(a, b CardRef) int {
		if c := strings.Compare(string(a.Subject), string(b.Subject)); c != 0 {
			return c
		}
		return strings.Compare(string(a.Key), string(b.Key))
	})
	out.Keys = slices.Compact(cards.list)
	return out
}

// addThing adds the cards that show a thing in a state. key is the ref's text, which most things have
// for the key of their card.
func (a *affectedCards) addThing(s State, ref Ref, key CardKey) {
	switch ref.Kind {
	case RefItem, RefAnnouncement, RefClock, RefEvent:
		a.add(Everyone, key)
	case RefRound:
		a.addRound(s, key)
	case RefMeeting:
		a.addMeeting(s, MeetingID(ref.ID), key)
	case RefTable:
		a.addTable(s, TableID(ref.ID), key)
	case RefAttendee:
		a.add(Moderator, key)
		a.add(Subject(NewActorID(RoleAttendee, ref.ID)), CardKey("me/"+ref.ID))
	case RefInterpreter:
		a.add(Moderator, key)
		a.addOpenRequests(s, "")
	case RefRequest:
		a.addRequest(s, RequestID(ref.ID), key)
	case RefNotice:
		a.addNotice(s, NoticeID(ref.ID), key)
	case RefSeen:
		a.addSeen(ref.ID)
	case RefSent, RefUnseen:
		a.add(Moderator, key)
	case RefLost:
		a.addLost(s, LostID(ref.ID), key)
	case RefDone:
		a.addDone(s, ref.ID, key)
	}
}

// addRound adds a round, and the matching sessions: their state and times follow from their rounds.
func (a *affectedCards) addRound(s State, key CardKey) {
	a.add(Everyone, key)
	for i := range s.items.Values() {
		if i.Kind == ItemMatching {
			a.add(Everyone, CardKey("item/"+i.ID))
		}
	}
}

func (a *affectedCards) addTable(s State, id TableID, key CardKey) {
	a.add(Moderator, key)
	if table, ok := s.tables.Get(id); ok {
		a.add(displaySubject(table.Zone), boardKey(table.Zone, id))
	}
}

// addSeen adds what changes if a person has seen a notice. id is "<notice>:<actor>".
func (a *affectedCards) addSeen(id string) {
	notice, who, _ := strings.Cut(id, ":")
	key := CardKey("notice/" + notice)
	a.add(Subject(who), key)
	a.add(Moderator, key)
	a.add(Moderator, CardKey("unseen/"+id))
}

func (a *affectedCards) addDone(s State, id string, key CardKey) {
	seq, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return
	}
	if _, ok := s.historyAt(seq); ok {
		a.add(Moderator, key)
	}
}

func (a *affectedCards) addMeeting(s State, id MeetingID, key CardKey) {
	m, ok := s.meetings.Get(id)
	if !ok {
		return
	}
	a.add(Moderator, key)
	for _, w := range m.participants() {
		if w.Role() == RoleInterpreter {
			a.add(Subject(w), CardKey("assignment/"+id))
		} else {
			a.add(Subject(w), key)
		}
	}
	if zone := s.zoneOf(m.Place); zone != "" {
		a.add(displaySubject(zone), seatKey(zone, id))
	}
	if r, ok := s.openRequest(id); ok {
		a.addOffers(s, r)
	}
	a.addOpenRequests(s, "") // where meetings are decides who is free for the requests
}

// addRequest adds the request's own cards, and those of the other open requests: the places in line
// of the same pair, and how many interpreters could take each.
func (a *affectedCards) addRequest(s State, id RequestID, key CardKey) {
	r, ok := s.requests.Get(id)
	if !ok {
		return
	}
	a.add(Moderator, key)
	a.addOwnRequest(s, r)
	a.addOffers(s, r)
	a.addOpenRequests(s, r.Pair)
}

// addOpenRequests adds the moderators' card of every open request, and the attendees' cards of those
// that wait for the pair line.
func (a *affectedCards) addOpenRequests(s State, line Pair) {
	for r := range s.openRequests() {
		a.add(Moderator, CardKey("request/"+r.ID))
		if r.Pair == line {
			a.addOwnRequest(s, r)
		}
	}
}

func (a *affectedCards) addOwnRequest(s State, r Request) {
	m := s.meetings.At(r.Meeting)
	for _, w := range m.participants() {
		if w.Role() == RoleAttendee {
			a.add(Subject(w), CardKey("request/"+r.ID))
		}
	}
}

func (a *affectedCards) addOffers(s State, r Request) {
	for _, i := range s.interpreters.Each() {
		if i.canServe(r) || r.Interpreter == i.ID {
			a.add(Subject(NewActorID(RoleInterpreter, i.ID)), CardKey("offer/"+r.ID))
		}
	}
}

func (a *affectedCards) addNotice(s State, id NoticeID, key CardKey) {
	n, ok := s.notices.Get(id)
	if !ok {
		return
	}
	a.add(Moderator, key)
	a.add(Moderator, CardKey("sent/"+id))
	for _, w := range n.For {
		a.add(Subject(w), key)
		a.add(Moderator, unseenKey(id, w))
	}
}
