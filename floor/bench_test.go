package floor

import (
	"fmt"
	"runtime"
	"testing"
)

// bigForum returns a forum of about n attendees, three or two to a company. A meeting is of three people
// with two, each company has up to three meetings, and some tables stay free to move meetings to.
func bigForum(n int) Forum {
	const rounds, spare = 20, 20
	f := Forum{
		Event: Event{ID: "big", Name: Text{En: "Big"}, TimeZone: "UTC", GraceMin: 10, EscalateMin: 10},
		Zones: []Zone{{ID: "z0", Name: Text{En: "Zone 0"}}, {ID: "z1", Name: Text{En: "Zone 1"}}},
		Staff: []Staff{{ID: "lead", Name: Text{En: "Lead"}, Role: RoleModerator, Lead: true}},
	}
	pairs := n / 5
	for r := range rounds {
		span := Span{Instant(60*r+60) * Minute, Instant(60*r+120) * Minute}
		f.Rounds = append(f.Rounds, Round{ID: RoundID(fmt.Sprintf("R%02d", r)), No: r + 1, Slot: Slot{Plan: span, Now: span, State: StatePlanned}})
	}
	side := func(name string, i, people int) Party {
		p := Party{Company: CompanyID(fmt.Sprintf("%s%05d", name, i)), Presence: Expected}
		for k := range people {
			p.People = append(p.People, AttendeeID(fmt.Sprintf("%s%c", p.Company, 'a'+k)))
		}
		return p
	}
	tables := make([]int, rounds)
	for i := range pairs {
		for _, p := range []Party{side("h", i, 3), side("g", i, 2)} {
			f.Companies = append(f.Companies, Company{ID: p.Company, Country: "KR", Languages: []Lang{"en"}, Name: Text{En: "Company " + string(p.Company)}})
			for _, a := range p.People {
				f.Attendees = append(f.Attendees, Attendee{ID: a, Company: p.Company, Name: Text{En: "Person " + string(a)}})
			}
		}
		for k := range min(3, pairs-i) {
			r := (i + 3*k) % rounds
			f.Meetings = append(f.Meetings, Meeting{
				ID: MeetingID(fmt.Sprintf("m%05d%d", i, k)), Host: side("h", i, 3), Guest: side("g", i+k, 2),
				Place: Place{f.Rounds[r].ID, benchTable(tables[r])},
			})
			tables[r]++
		}
	}
	for t := range 3*pairs/rounds + spare {
		f.Tables = append(f.Tables, Table{ID: benchTable(t), Label: itoa(t), Zone: f.Zones[t%2].ID, Capacity: 6})
	}
	return f
}

func benchTable(n int) TableID { return TableID(fmt.Sprintf("T%03d", n)) }

// benchState returns the state of a big forum that was imported and released.
func benchState(b testing.TB, n int) (State, Forum) {
	f := bigForum(n)
	s := New()
	for i, c := range []Command{ImportForum{f}, ReleaseSchedule{}} {
		s, _ = benchApply(b, s, Envelope{Key: CommandKey("setup/" + itoa(i)), By: "organiser:o", Unconditional: true, Command: c})
	}
	return s, f
}

// benchApply does what a node does with a command: it decides it and applies its record.
func benchApply(b testing.TB, s State, o Envelope) (State, Affected) {
	out, refused := Decide(s, o)
	if refused != nil {
		b.Fatal(refused)
	}
	return out.Next()
}

// benchMove returns the i-th move: every second one takes another meeting to a table that stays free, and
// the next takes it back.
func benchMove(f Forum, i int) Envelope {
	m := f.Meetings[i/2*7919%len(f.Meetings)]
	to := m.Place.Table
	if i%2 == 0 {
		to = f.Tables[len(f.Tables)-1].ID
	}
	return Envelope{
		Key: CommandKey("moderator-lead/" + itoa(i)), By: "moderator:lead", Unconditional: true, ReceivedAt: Instant(i),
		Command: MoveMeeting{Meeting: m.ID, Table: to},
	}
}

// BenchmarkMove moves a meeting of five people: decide, apply, and make every affected card as it was and
// as it is.
func BenchmarkMove(b *testing.B) {
	s, f := benchState(b, 5000)
	for i := range 6000 { // fills the command history
		s, _ = benchApply(b, s, benchMove(f, i))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		before, affected := s, Affected{}
		s, affected = benchApply(b, s, benchMove(f, 6000+i))
		for _, t := range affected.Keys {
			before.Card(t.Subject, t.Key)
			s.Card(t.Subject, t.Key)
		}
	}
}

// BenchmarkStatesHeld reports how much memory each of 2,048 successive states takes while all are held.
func BenchmarkStatesHeld(b *testing.B) {
	s, f := benchState(b, 5000)
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		kept := make([]State, 2048)
		for i := range kept {
			kept[i] = s
			s, _ = benchApply(b, s, benchMove(f, i))
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(kept)
		b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/2048, "held-B/state")
		s, f = benchState(b, 5000)
	}
}

// BenchmarkImport applies the import of a forum of 10,000 attendees.
func BenchmarkImport(b *testing.B) {
	f := bigForum(10_000)
	b.ReportAllocs()
	for b.Loop() {
		s, _ := New().Apply(Record{Key: "k/1", Kind: "importForum", By: Operator, Changes: []Change{ForumImported{f}}})
		if s.meetings.At(f.Meetings[0].ID).ID == "" {
			b.Fatal("no meeting")
		}
	}
}

// BenchmarkEncode encodes a state of 5,000 attendees.
func BenchmarkEncode(b *testing.B) {
	s, f := benchState(b, 5000)
	for i := range 3000 {
		s, _ = benchApply(b, s, benchMove(f, i))
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Encode(); err != nil {
			b.Fatal(err)
		}
	}
}
