package server

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
)

// start is when the first round of the small forum begins.
const start = floor.Instant(1_795_494_600_000)

// smallForum returns a forum in which each role has things of its own and things of
// others. Moderator mA has zone A, and mB zone B. Host ka and guest ca meet in mA
// (round 1) and mA2 (round 2) at table TA1, and others in mA3 at TA2. Zone B has the
// same with b. Interpreter i1 is assigned to mA2, and i2 to mB2.
func smallForum(id floor.EventID) floor.Forum {
	f := floor.Forum{
		Event: floor.Event{ID: id, Name: floor.Text{En: "Hall"}, TimeZone: "Asia/Seoul", GraceMin: 5, EscalateMin: 3},
		Staff: []floor.Staff{
			{ID: "lead", Name: floor.Text{En: "Lead"}, Role: floor.RoleModerator, Lead: true},
			{ID: "mA", Name: floor.Text{En: "Of A"}, Role: floor.RoleModerator, Zones: []floor.ZoneID{"A"}},
			{ID: "mB", Name: floor.Text{En: "Of B"}, Role: floor.RoleModerator, Zones: []floor.ZoneID{"B"}},
			{ID: "run", Name: floor.Text{En: "Runner"}, Role: floor.RoleRunner},
		},
		Displays: []floor.Display{{ID: "wall", Name: "Wall", Zones: []floor.ZoneID{"A", "B"}, Languages: []floor.Lang{"ko", "zh"}}},
	}
	for i := range 3 {
		f.Interpreters = append(f.Interpreters, floor.Interpreter{
			ID: floor.InterpreterID(fmt.Sprint("i", i+1)), Name: floor.Text{En: "Interpreter"}, Pairs: []floor.Pair{"ko-zh"}, Duty: floor.OffDuty,
		})
	}
	for i := range 2 {
		plan := floor.Span{Start: start + floor.Instant(i*40)*floor.Minute, End: start + floor.Instant(i*40+30)*floor.Minute}
		f.Rounds = append(f.Rounds, floor.Round{ID: floor.RoundID(fmt.Sprint("R", i+1)), No: i + 1, Slot: floor.Slot{Plan: plan, Now: plan, State: floor.StatePlanned}})
	}
	for _, z := range []string{"A", "B"} {
		addSmallZone(&f, z)
	}
	return f
}

// addSmallZone adds a zone with its tables, companies and meetings.
func addSmallZone(f *floor.Forum, z string) {
	l := strings.ToLower(z)
	f.Zones = append(f.Zones, floor.Zone{ID: floor.ZoneID(z), Name: floor.Text{En: "Zone " + z}})
	for i := range 4 {
		f.Tables = append(f.Tables, floor.Table{ID: floor.TableID(fmt.Sprint("T", z, i+1)), Label: fmt.Sprint(z, i+1), Zone: floor.ZoneID(z), Capacity: 6})
	}
	party := func(side string) floor.Party {
		id := side + l
		f.Companies = append(f.Companies, floor.Company{ID: floor.CompanyID(id), Name: floor.Text{En: "Company " + id}, Country: "KR", Languages: []floor.Lang{"ko"}})
		f.Attendees = append(f.Attendees, floor.Attendee{ID: floor.AttendeeID(id + "1"), Company: floor.CompanyID(id), Name: floor.Text{En: "Person " + id}})
		return floor.Party{Company: floor.CompanyID(id), People: []floor.AttendeeID{floor.AttendeeID(id + "1")}, Presence: floor.Expected}
	}
	host, guest, host3, guest3 := party("k"), party("c"), party("x"), party("y")
	add := func(id, round, table string, host, guest floor.Party, interpreter string) {
		f.Meetings = append(f.Meetings, floor.Meeting{
			ID: floor.MeetingID(id), Place: floor.Place{Round: floor.RoundID(round), Table: floor.TableID(table)},
			Host: host, Guest: guest, Pair: "ko-zh", Interpreter: floor.InterpreterID(interpreter),
		})
	}
	add("m"+z, "R1", "T"+z+"1", host, guest, "")
	add("m"+z+"3", "R1", "T"+z+"2", host3, guest3, "")
	add("m"+z+"2", "R2", "T"+z+"1", host, guest, map[string]string{"A": "i1", "B": "i2"}[z])
}

// addSmallEvent adds an event with the small forum. Its clock is at the first round.
func (w *fixture) addSmallEvent(id floor.EventID) {
	w.t.Helper()
	if err := hub.ImportForum(w.t.Context(), w.hub, floor.Operator, "operator-test", smallForum(id)); err != nil {
		w.t.Fatal(err)
	}
	w.submitAsOperator(id, floor.SetClock{Event: start, Rate: 1})
}

// submitAsOrganiser submits a command of the organiser with a new key. The command must be
// accepted.
func (w *fixture) submitAsOrganiser(id floor.EventID, command floor.Command) floor.CommandKey {
	w.t.Helper()
	key := newKey("organiser-o1")
	if _, err := w.hub.Submit(w.t.Context(), journal.LogID(id), floor.Envelope{Key: key, By: "organiser:o1", Unconditional: true, Command: command}); err != nil {
		w.t.Fatalf("%+v: %v", command, err)
	}
	return key
}

// liftRates advances the server's clock by a second each time that it is read, so
// that no rate is met.
func (w *fixture) liftRates() {
	began, looks := time.Now(), new(atomic.Int64)
	w.clock.set(func() time.Time { return began.Add(time.Duration(looks.Add(1)) * time.Second) })
}

func TestSmallHall_IsAValidForum(t *testing.T) {
	if faults := floor.CheckForum(smallForum("hall")); len(faults) > 0 {
		t.Errorf("%+v", faults)
	}
}
