package floor

import (
	"encoding/json"
	"fmt"
	"testing"
)

// calledHall returns a released floor on which a round of n meetings has been called, and everyone whom the
// call is for.
func calledHall(t testing.TB, n int) (State, []ActorID) {
	f := Forum{Event: Event{ID: "hall", Name: Text{En: "Hall"}, TimeZone: "Asia/Seoul"}, Zones: []Zone{{"A", Text{En: "A"}}}}
	f.Rounds = []Round{{ID: "R1", No: 1, Slot: slotOf("13:30", "13:55")}}
	for i := range n {
		table := Table{ID: TableID(fmt.Sprintf("T%d", i)), Label: "T", Zone: "A", Capacity: 4}
		m := Meeting{ID: MeetingID(fmt.Sprintf("m%d", i)), Place: Place{"R1", table.ID}}
		for _, p := range []*Party{&m.Host, &m.Guest} {
			p.Company = CompanyID(fmt.Sprintf("c%05d", len(f.Companies)))
			f.Companies = append(f.Companies, Company{ID: p.Company, Name: Text{En: "Firm"}, Country: "KR", Languages: []Lang{"ko"}})
			for _, letter := range "ab" {
				f.Attendees = append(f.Attendees, Attendee{ID: AttendeeID(string(p.Company) + string(letter)), Company: p.Company, Name: Text{En: "Person"}})
			}
		}
		f.Tables, f.Meetings = append(f.Tables, table), append(f.Meetings, m)
	}
	// The forum breaks no rule. It is applied, not imported: CheckForum takes minutes at this size.
	s, _ := New().Apply(Record{Key: "cli/1", By: Operator, Changes: []Change{ForumImported{f}, ScheduleReleased{1}, VersionRaised{FormatVersion}}})
	s = decideAndApply(t, s, Envelope{Key: "cli/2", By: "organiser:o", Unconditional: true, Command: CallSlot{SlotRef: SlotRef{Round: "R1"}}})
	var people []ActorID
	for _, a := range f.Attendees {
		people = append(people, NewActorID(RoleAttendee, a.ID))
	}
	return s, people
}

// decideAndApply decides a command and returns the state after it.
func decideAndApply(t testing.TB, s State, o Envelope) State {
	next, _ := decideAndLog(t, s, o)
	return next
}

// decideAndLog decides a command and applies its record as the log would store it. It returns the stored bytes too.
func decideAndLog(t testing.TB, s State, o Envelope) (State, []byte) {
	out, refused := Decide(s, o)
	if refused != nil {
		t.Fatal(refused)
	}
	body, err := EncodeRecord(Record{Key: o.Key, Kind: KindOf(o.Command), By: o.By, Wall: o.ReceivedAt, Changes: out.Changes})
	if err != nil {
		t.Fatal(err)
	}
	r, err := DecodeRecord(body)
	if err != nil {
		t.Fatal(err)
	}
	next, _ := s.Apply(r)
	return next, body
}

func deliverTo(s State, people []ActorID) Envelope {
	c := MarkDelivered{}
	for id := range s.notices.All() {
		c.Notices = append(c.Notices, Delivery{id, people})
	}
	return Envelope{Key: "clock/delivered-1", By: Clock, Unconditional: true, Command: c}
}

// TestMarkDelivered_TenThousandPeople delivers a call to everyone whom it is for. That is one record, far below
// what a journal accepts, and changes one small card of the moderators.
func TestMarkDelivered_TenThousandPeople(t *testing.T) {
	s, people := calledHall(t, MaxDelivered/4)
	for _, n := range []int{len(people), len(people) - MaxNamedRecipients - 1, len(people) - MaxNamedRecipients} {
		next, body := decideAndLog(t, s, deliverTo(s, people[:n]))
		size, named := 0, 0
		for id := range next.notices.All() {
			if card, ok := next.Card(Moderator, CardKey("sent/"+id)); ok {
				text, err := json.Marshal(card)
				if err != nil {
					t.Fatal(err)
				}
				size, named = len(text), len(card.(DeliveryCard).Who)
			}
		}
		t.Logf("delivered to %d of %d: a record of %d bytes; the card names %d in %d bytes", n, len(people), len(body), named, size)
		if len(body) > 1<<20 || size > 16<<10 || named > MaxNamedRecipients {
			t.Errorf("%d people: a record of %d bytes, a card of %d bytes", n, len(body), size)
		}
	}
	if _, refused := Decide(s, deliverTo(s, append(people, "attendee:more"))); refused == nil || refused.Code != CodeBadValue {
		t.Errorf("one more: %v", refused)
	}
}

func BenchmarkDelivered(b *testing.B) {
	for _, n := range []int{5_000, 10_000} {
		s, people := calledHall(b, n/4)
		b.Run(fmt.Sprintf("decided and logged for %d", n), func(b *testing.B) {
			for b.Loop() {
				decideAndLog(b, s, deliverTo(s, people))
			}
		})
		b.Run(fmt.Sprintf("Undelivered of one of %d", n), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				s.Undelivered(people[i%n], s.Seq())
			}
		})
	}
}
