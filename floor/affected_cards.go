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
	cards []CardRef
}

func (t *affectedCards) add(s Subject, key CardKey) { t.cards = append(t.cards, CardRef{s, key}) }

// affected returns the cards that may differ because of the things that the record affected.
func (tx *transaction) affected() Affected {
	out := Affected{Whole: tx.wholeSubjects, All: tx.everySubject, Links: tx.rotatedLinks}
	if tx.everySubject {
		return out
	}
	t := affectedCards{make([]CardRef, 0, 48)} // room for the cards of a usual move
	for _, ref := range tx.affectedRefs {
		key := CardKey(ref.String()) // most things are named as their card is
		t.addThing(tx.before, ref, key)
		t.addThing(tx.State, ref, key)
	}
	slices.SortFunc(t.cards, func(a, b CardRef) int {
		if c := strings.Compare(string(a.Subject), string(b.Subject)); c != 0 {
			return c
		}
		return strings.Compare(string(a.Key), string(b.Key))
	})
	out.Keys = slices.Compact(t.cards)
	return out
}

func (t *affectedCards) addThing(s State, ref Ref, key CardKey) {
	id := ref.ID
	switch ref.Kind {
	case RefItem, RefAnnouncement, RefClock, RefEvent:
		t.add(Everyone, key)
	case RefRound:
		t.add(Everyone, key)
		for i := range s.items.Values() {
			if i.Kind == ItemMatching {
				t.add(Everyone, CardKey("item/"+i.ID))
			}
		}
	case RefMeeting:
		t.addMeeting(s, MeetingID(id), key)
	case RefTable:
		t.add(Moderator, key)
		if table, ok := s.tables.Get(TableID(id)); ok {
			t.add(displaySubject(table.Zone), boardKey(table.Zone, table.ID))
		}
	case RefAttendee:
		t.add(Moderator, key)
		t.add(Subject(NewActorID(RoleAttendee, id)), CardKey("me/"+id))
	case RefInterpreter:
		t.add(Moderator, key)
		t.addOpenRequests(s, "")
	case RefRequest:
		t.addRequest(s, RequestID(id), key)
	case RefNotice:
		t.addNotice(s, NoticeID(id), key)
	case RefSeen:
		notice, who, _ := strings.Cut(id, ":")
		key := CardKey("notice/" + notice)
		t.add(Subject(who), key)
		t.add(Moderator, key)
		t.add(Moderator, CardKey("unseen/"+id))
	case RefSent, RefUnseen:
		t.add(Moderator, key)
	case RefLost:
		t.addLost(s, LostID(id), key)
	case RefDone:
		if seq, err := strconv.ParseUint(id, 10, 64); err == nil {
			if _, ok := s.historyAt(seq); ok {
				t.add(Moderator, key)
			}
		}
	}
}

func (t *affectedCards) addMeeting(s State, id MeetingID, key CardKey) {
	m, ok := s.meetings.Get(id)
	if !ok {
		return
	}
	t.add(Moderator, key)
	for _, w := range m.participants() {
		if w.Role() == RoleInterpreter {
			t.add(Subject(w), CardKey("assignment/"+id))
		} else {
			t.add(Subject(w), key)
		}
	}
	if zone := s.zoneOf(m.Place); zone != "" {
		t.add(displaySubject(zone), seatKey(zone, id))
	}
	if r, ok := s.openRequest(id); ok {
		t.addOffers(s, r)
	}
	t.addOpenRequests(s, "") // where meetings are decides who is free for the requests
}

// addRequest adds the request's own cards, and those of the other open requests: the places in line
// of the same pair, and how many interpreters could take each.
func (t *affectedCards) addRequest(s State, id RequestID, key CardKey) {
	r, ok := s.requests.Get(id)
	if !ok {
		return
	}
	t.add(Moderator, key)
	t.addOwnRequest(s, r)
	t.addOffers(s, r)
	t.addOpenRequests(s, r.Pair)
}

// addOpenRequests adds the moderators' card of every open request, and the attendees' cards of those
// that wait for the pair line.
func (t *affectedCards) addOpenRequests(s State, line Pair) {
	for r := range s.openRequests() {
		t.add(Moderator, CardKey("request/"+r.ID))
		if r.Pair == line {
			t.addOwnRequest(s, r)
		}
	}
}

func (t *affectedCards) addOwnRequest(s State, r Request) {
	m := s.meetings.At(r.Meeting)
	for _, w := range m.participants() {
		if w.Role() == RoleAttendee {
			t.add(Subject(w), CardKey("request/"+r.ID))
		}
	}
}

func (t *affectedCards) addOffers(s State, r Request) {
	for _, i := range s.interpreters.Each() {
		if s.canServe(i, r) || r.Interpreter == i.ID {
			t.add(Subject(NewActorID(RoleInterpreter, i.ID)), CardKey("offer/"+r.ID))
		}
	}
}

func (t *affectedCards) addNotice(s State, id NoticeID, key CardKey) {
	n, ok := s.notices.Get(id)
	if !ok {
		return
	}
	t.add(Moderator, key)
	t.add(Moderator, CardKey("sent/"+id))
	for _, w := range n.For {
		t.add(Subject(w), key)
		t.add(Moderator, unseenKey(id, w))
	}
}
