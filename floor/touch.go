package floor

import (
	"cmp"
	"slices"
	"strings"
)

// Touched is what may look different after a record.
type Touched struct {
	Keys  []Touch   // cards that may differ, sorted, each once
	Whole []Subject // subjects whose view changed at large: their next frame is a snapshot
	All   bool      // so did everyone's
	Links []LinkID  // links that were rotated: their sessions end
}

// Touch is one card of one subject.
type Touch struct {
	Subject Subject
	Key     CardKey
}

// touches collects the cards that follow from one touched thing. A card counts
// if it follows from the thing as it was or as it is.
type touches struct {
	out []Touch
}

func (t *touches) add(s Subject, kind string, id string) {
	t.out = append(t.out, Touch{s, CardKey(kind + "/" + id)})
}

// touched answers which cards the things that a record touched may have changed.
func (d *draft) touched() Touched {
	out := Touched{Whole: d.whole, All: d.all, Links: d.rotated}
	if d.all {
		return out
	}
	var t touches
	for _, ref := range d.refs {
		kind, id, _ := strings.Cut(ref, "/")
		t.thing(d.before, kind, id)
		t.thing(d.State, kind, id)
	}
	slices.SortFunc(t.out, func(a, b Touch) int {
		return cmp.Or(cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Key, b.Key))
	})
	out.Keys = slices.Compact(t.out)
	return out
}

func (t *touches) thing(s State, kind, id string) {
	switch kind {
	case "item", "announcement", "clock", "event":
		t.add(Everyone, kind, id)
	case "round":
		t.add(Everyone, kind, id)
		for i := range s.items.values() {
			if i.Kind == ItemMatching {
				t.add(Everyone, "item", string(i.ID))
			}
		}
	case "meeting":
		t.meeting(s, MeetingID(id))
	case "table":
		t.add(Moderator, "table", id)
		if table, ok := s.tables.get(TableID(id)); ok {
			t.add(displaySubject(table.Zone), "board", string(table.Zone)+":"+id)
		}
	case "attendee":
		t.add(Moderator, "attendee", id)
		t.add(Subject(NewWho(RoleAttendee, id)), "me", id)
	case "interpreter":
		t.add(Moderator, "interpreter", id)
		t.openRequestsFor(s, "")
	case "request":
		t.request(s, RequestID(id))
	case "notice":
		t.notice(s, NoticeID(id))
	case "seen":
		notice, who, _ := strings.Cut(id, ":")
		t.add(Subject(who), "notice", notice)
		t.add(Moderator, "notice", notice)
		t.add(Moderator, "unseen", id)
	case "sent", "unseen":
		t.add(Moderator, kind, id)
	case "lost":
		t.lost(s, LostID(id))
	case "done":
		if e, ok := s.doneByRef(id); ok {
			t.add(Moderator, "done", doneID(e.Seq))
		}
	}
}

func (t *touches) meeting(s State, id MeetingID) {
	m, ok := s.meetings.get(id)
	if !ok {
		return
	}
	t.add(Moderator, "meeting", string(id))
	for _, w := range m.people() {
		if w.Role() == RoleInterpreter {
			t.add(Subject(w), "assignment", string(id))
		} else {
			t.add(Subject(w), "meeting", string(id))
		}
	}
	if zone := s.zoneOf(m.Place); zone != "" {
		t.add(displaySubject(zone), "seat", string(zone)+":"+string(id))
	}
	if r, ok := s.openRequest(id); ok {
		t.offers(s, r)
	}
	t.openRequestsFor(s, "") // who is free for them depends on where meetings are
}

// request touches the request's own cards, the places in line of those that wait
// for the same pair, and how many interpreters could take each.
func (t *touches) request(s State, id RequestID) {
	r, ok := s.requests.get(id)
	if !ok {
		return
	}
	t.add(Moderator, "request", string(id))
	t.ownRequest(s, r)
	t.offers(s, r)
	t.openRequestsFor(s, r.Pair)
}

// openRequestsFor touches every open request's count, and the line of a pair.
func (t *touches) openRequestsFor(s State, line Pair) {
	for r := range s.openRequests() {
		t.add(Moderator, "request", string(r.ID))
		if r.Pair == line {
			t.ownRequest(s, r)
		}
	}
}

func (t *touches) ownRequest(s State, r Request) {
	m := s.meetings.at(r.Meeting)
	for _, w := range m.people() {
		if w.Role() == RoleAttendee {
			t.add(Subject(w), "request", string(r.ID))
		}
	}
}

func (t *touches) offers(s State, r Request) {
	for i := range s.interpreters.values() {
		if s.mayServe(i, r) || r.Interpreter == i.ID {
			t.add(Subject(NewWho(RoleInterpreter, i.ID)), "offer", string(r.ID))
		}
	}
}

func (t *touches) notice(s State, id NoticeID) {
	n, ok := s.notices.get(id)
	if !ok {
		return
	}
	t.add(Moderator, "notice", string(id))
	t.add(Moderator, "sent", string(id))
	for _, w := range n.For {
		t.add(Subject(w), "notice", string(id))
		t.add(Moderator, "unseen", string(id)+":"+string(w))
	}
}
