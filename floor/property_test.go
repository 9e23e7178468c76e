package floor

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestRules_HoldUnderAnyCommands shows that no sequence of commands, by anybody, breaks a hard rule.
func TestRules_HoldUnderAnyCommands(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for n := range between(t, 5, 80) {
			w.step(t, n)
			checkRules(t, w.now())
		}
	})
}

func checkRules(t *rapid.T, s State) {
	taken := map[string]MeetingID{}
	take := func(what string, p Place, m MeetingID) {
		key := string(p.Round) + "|" + what
		if other, ok := taken[key]; ok && other != m {
			t.Fatalf("%s is in %s and %s in round %s", what, other, m, p.Round)
		}
		taken[key] = m
	}
	for id, m := range s.meetings.All() {
		if id == "" || m.ID != id || m.Host.Company == "" {
			t.Fatalf("a meeting without a company or under another id: %q %+v", id, m)
		}
		if !m.seated() {
			continue
		}
		take(string(m.Place.Table), m.Place, m.ID)
		for _, who := range m.participants() {
			take(string(who), m.Place, m.ID)
		}
		if people := len(m.Host.People) + len(m.Guest.People); people > s.tables.At(m.Place.Table).Capacity {
			t.Fatalf("%s seats %d at %s", m.ID, people, m.Place.Table)
		}
	}
	working := map[InterpreterID]RequestID{}
	for r := range s.openRequests() {
		if r.Interpreter == "" {
			continue
		}
		if other, ok := working[r.Interpreter]; ok {
			t.Fatalf("%s has %s and %s", r.Interpreter, other, r.ID)
		}
		working[r.Interpreter] = r.ID
		m := s.meetings.At(r.Meeting)
		if m.seated() {
			take(string(NewActorID(RoleInterpreter, r.Interpreter)), m.Place, m.ID)
		}
		i := s.interpreters.At(r.Interpreter)
		if !slices.Contains(i.Pairs, r.Pair) || r.Skill != "" && !slices.Contains(i.Skills, r.Skill) {
			t.Fatalf("%s cannot serve %+v", i.ID, r)
		}
	}
	checkDelivery(t, s)
	running := 0
	for r := range s.rounds.Values() {
		if r.State == StateRunning {
			running++
		}
		if r.Now.Length() < 0 || r.Now.Start < r.Plan.Start-600*Minute {
			t.Fatalf("round %s runs %+v", r.ID, r.Now)
		}
	}
	if running > 1 {
		t.Fatalf("%d rounds run at once", running)
	}
}

// checkDelivery fails if somebody whom a notice is for has neither seen it nor is waited for, or if it counts as
// undelivered to somebody else.
func checkDelivery(t *rapid.T, s State) {
	for id, n := range s.notices.All() {
		unseen := 0
		for _, w := range n.For {
			if slices.Contains(s.pending.At(w), id) {
				unseen++
			} else if n.undeliveredTo(w) {
				t.Fatalf("%s has seen %s, which was not delivered to them", w, id)
			}
			if waits := slices.Contains(s.Undelivered(w, s.Seq()), id); waits != n.undeliveredTo(w) {
				t.Fatalf("%s undelivered to %s: Undelivered says %v, the notice %v", id, w, waits, n.undeliveredTo(w))
			}
		}
		if n.Seen+unseen < len(n.For) || len(n.Undelivered) > unseen || !slices.IsSorted(n.Undelivered) || n.Issued == 0 || n.Issued > s.Seq() {
			t.Fatalf("%s: %+v, %d unseen", id, n, unseen)
		}
	}
}

// TestUndo_RestoresTheFloor undoes a command at once, and compares the cards of what it changed.
func TestUndo_RestoresTheFloor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.play(t)
		before := w.now()
		o := Envelope{Key: "last/1", BaseSeq: before.Seq(), By: "moderator:lead", Command: w.drawCommand(t)}
		if w.give(o) != nil || KindOf(o.Command) == "importForum" {
			return
		}
		e, _ := w.now().history.Get(o.Key)
		if w.give(Envelope{Key: "last/2", BaseSeq: w.now().Seq(), By: "moderator:lead", Command: Undo{o.Key}}) != nil {
			return
		}
		for _, ref := range e.Changed {
			kind := ref.card().Kind
			if kind == RefInterpreter || kind == RefRequest {
				continue // an undo does not change duty and requests
			}
			for _, subject := range []Subject{Everyone, Moderator} {
				a, _ := before.Card(subject, CardKey(ref.card().String()))
				b, _ := w.now().Card(subject, CardKey(ref.card().String()))
				if !reflect.DeepEqual(withoutGrace(a), withoutGrace(b)) {
					t.Fatalf("%s of %s undone: %+v → %+v", KindOf(o.Command), ref, a, b)
				}
			}
		}
	})
}

// withoutGrace clears what an undo leaves to time.
func withoutGrace(c Card) Card {
	switch c := c.(type) {
	case MeetingCard:
		c.Host.GraceEnd, c.Guest.GraceEnd = false, false
		return c
	case RoundCard:
		c.Left = 0
		return c
	}
	return c
}

// TestApply_SameStateFromBytes applies a log from its encoded records, and on the way continues from an encoded
// state: the result is the live state.
func TestApply_SameStateFromBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.play(t)
		applied, from := New(), between(t, 0, len(w.records))
		for i, r := range w.records {
			if i == from {
				applied = recode(t, applied)
			}
			data, err := EncodeRecord(r)
			if err != nil {
				t.Fatal(err)
			}
			back, err := DecodeRecord(data)
			if err != nil {
				t.Fatal(err)
			}
			applied, _ = applied.Apply(back)
		}
		if a, b := digest(t, applied), digest(t, w.now()); a != b {
			t.Fatalf("from bytes %s, live %s", a, b)
		}
		if a, b := applied.View(Everyone, Moderator), w.now().View(Everyone, Moderator); !sameView(a, b) {
			t.Fatalf("the view from bytes differs:\n%s", viewDiff(a, b))
		}
	})
}

func recode(t *rapid.T, s State) State {
	data, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := DecodeState(data)
	if err != nil {
		t.Fatal(err)
	}
	return back
}

func digest(t interface{ Fatal(...any) }, s State) string {
	d, err := s.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestAffected_CoversEveryDifference patches, for every subject, the view at one position with the affected cards
// up to another: the result is exactly the view there. It also shows that nobody is sent the removal of a card
// that they never had.
func TestAffected_CoversEveryDifference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.play(t)
		from := between(t, 0, len(w.states)-1)
		to := between(t, from, len(w.states)-1)
		for _, subject := range w.subjects() {
			w.checkPatch(t, subject, from, to)
		}
	})
}

func (w *world) subjects() []Subject {
	all := []Subject{Everyone, Moderator, "display:Z0", "display:Z1", "interpreter:i0", "interpreter:i1"}
	for _, a := range w.forum.Attendees {
		all = append(all, Subject(NewActorID(RoleAttendee, a.ID)))
	}
	return all
}

func (w *world) checkPatch(t *rapid.T, subject Subject, from, to int) {
	a, b := w.states[from].View(subject), w.states[to].View(subject)
	keys := map[CardKey]bool{}
	for _, affected := range w.affected[from:to] {
		if affected.All || slices.Contains(affected.Whole, subject) {
			return // gets a snapshot
		}
		for _, k := range affected.Keys {
			if k.Subject == subject {
				keys[k.Key] = true
			}
		}
	}
	patched := maps.Clone(a)
	for k := range keys {
		was, had := w.states[from].Card(subject, k)
		is, has := w.states[to].Card(subject, k)
		if viewed, ok := a[k]; ok != had || had && !reflect.DeepEqual(viewed, was) {
			t.Fatalf("%s: card %s is not the view's", subject, k)
		}
		if had && has {
			checkEqualAsSent(t, was, is)
			if w.states[to].MeetingPlaceChanged(&w.states[from], k) && reflect.DeepEqual(was, is) {
				t.Fatalf("%s: the meeting of card %s has moved, and the card is the same", subject, k)
			}
		}
		switch {
		case has:
			patched[k] = is
		case had:
			delete(patched, k)
		}
	}
	if !sameView(patched, b) {
		t.Fatalf("%s from %d to %d (%s): patched view differs:\n%s", subject, from, to, w.records[max(0, to-1)].Kind, viewDiff(patched, b))
	}
}

// TestAffected_MarksChangedSubjectsAndLinks: if an actor's subjects or link differ after a record, the record's
// Affected says so. Nodes check no other sessions.
func TestAffected_MarksChangedSubjectsAndLinks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.play(t)
		for i, affected := range w.affected {
			before, after := w.states[i], w.states[i+1]
			for l := range before.Links() {
				now, _ := after.Link(l.ID)
				marked := affected.All || len(affected.Whole) > 0 || slices.Contains(affected.Links, l.ID)
				if same := now == l && slices.Equal(before.Subjects(l.Who), after.Subjects(l.Who)); !same && !marked {
					t.Fatalf("%s: the link %s, or what its actor watches, differs and is not marked", w.records[i].Kind, l.ID)
				}
			}
		}
	})
}

// TestViews_ShowNothingOfOthers looks, at every state of a day, for what a subject must not see.
func TestViews_ShowNothingOfOthers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.play(t)
		for _, s := range w.states {
			for _, subject := range w.subjects() {
				checkSecrets(t, s, subject)
			}
		}
	})
}

func checkSecrets(t *rapid.T, s State, subject Subject) {
	view := s.View(subject)
	role, own, _ := strings.Cut(string(subject), ":")
	for key, card := range view {
		data, err := json.Marshal(card)
		if err != nil {
			t.Fatal(err)
		}
		if (role == "display" || subject == Everyone) && strings.Contains(string(data), "PERSON") {
			t.Fatalf("%s sees a person's name: %s %s", subject, key, data)
		}
		kind, id, _ := strings.Cut(string(key), "/")
		if !s.Released() && slices.Contains([]string{"seat", "assignment", "offer", "notice"}, kind) {
			t.Fatalf("%s sees %s before the release", subject, key)
		}
		switch {
		case role == "attendee" && kind == "me" && id != own,
			role == "interpreter" && kind == "self" && id != own:
			t.Fatalf("%s sees %s", subject, key)
		case role == "attendee" && kind == "meeting":
			if _, mine := s.meetings.At(MeetingID(id)).sideOf(AttendeeID(own)); !mine || !s.Released() {
				t.Fatalf("%s sees %s", subject, key)
			}
		case role == "interpreter" && kind == "offer":
			if i := s.interpreters.At(InterpreterID(own)); i.Duty != OnDuty && s.requests.At(RequestID(id)).Interpreter != i.ID {
				t.Fatalf("%s sees %s off duty", subject, key)
			}
		}
	}
}

func sameView(a, b View) bool {
	return maps.EqualFunc(a, b, func(x, y Card) bool {
		dx, _ := json.Marshal(x)
		dy, _ := json.Marshal(y)
		return string(dx) == string(dy)
	})
}

func viewDiff(a, b View) string {
	var out strings.Builder
	for _, k := range slices.Sorted(maps.Keys(a)) {
		if _, ok := b[k]; !ok {
			fmt.Fprintf(&out, "- %s %+v\n", k, a[k])
		} else if !reflect.DeepEqual(a[k], b[k]) {
			fmt.Fprintf(&out, "~ %s %+v → %+v\n", k, a[k], b[k])
		}
	}
	for _, k := range slices.Sorted(maps.Keys(b)) {
		if _, ok := a[k]; !ok {
			fmt.Fprintf(&out, "+ %s %+v\n", k, b[k])
		}
	}
	return out.String()
}
