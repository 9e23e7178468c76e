package floor

import (
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

// MeetingPlaceChanged reports whether key is the key of a card that shows where a meeting is, and the meeting
// was at another place in before.
func (s *State) MeetingPlaceChanged(before *State, key CardKey) bool { // called for each card: pointers avoid copying the states
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

func (s Slot) card() SlotCard { return SlotCard{s.Plan, s.Now, s.State} }

func (s State) placeCard(p Place) PlaceCard {
	t := s.tables.At(p.Table)
	return PlaceCard{p.Round, p.Table, t.Label, t.Zone}
}

func seqID(seq uint64) string { return strconv.FormatUint(seq, 10) }
