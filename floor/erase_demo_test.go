package floor_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/floor"
)

// demoLog returns the log of the sample forum, imported and released, with an organiser and an
// announcement that names somebody.
func demoLog(t *testing.T) (records []floor.Record, forum floor.Forum, state floor.State) {
	t.Helper()
	forum, err := demo.Forum()
	if err != nil {
		t.Fatal(err)
	}
	state = floor.New()
	for _, c := range []floor.Command{
		floor.ImportForum{Forum: forum}, floor.ReleaseSchedule{}, floor.AddOrganiser{Organiser: "o1", Name: "한지우"},
		floor.CheckIn{Attendee: forum.Attendees[0].ID}, floor.Announce{Text: forum.Attendees[0].Name},
	} {
		o := floor.Envelope{Key: floor.CommandKey("cli/" + string(floor.KindOf(c))), By: "organiser:o1", Unconditional: true, ReceivedAt: 1_795_478_400_000, Command: c}
		if _, is := c.(floor.AddOrganiser); is {
			o.By = floor.Operator
		}
		out, refused := floor.Decide(state, o)
		if refused != nil {
			t.Fatalf("%T: %v", c, refused)
		}
		r := floor.Record{Key: o.Key, Kind: floor.KindOf(c), By: o.By, Wall: o.ReceivedAt, Changes: out.Changes}
		state, _ = state.Apply(r)
		records = append(records, r)
	}
	return records, forum, state
}

// textOf returns everything that records and their state say, as text.
func textOf(t *testing.T, records []floor.Record) string {
	t.Helper()
	var all strings.Builder
	state := floor.New()
	for _, r := range records {
		data, err := floor.EncodeRecord(r)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(data)
		state, _ = state.Apply(r)
	}
	data, err := state.Encode()
	if err != nil {
		t.Fatal(err)
	}
	all.Write(data)
	return all.String()
}

// namesOf returns everybody's names, in every language, by actor.
func namesOf(forum floor.Forum) map[floor.ActorID][]string {
	names := map[floor.ActorID][]string{"organiser:o1": {"한지우"}}
	add := func(w floor.ActorID, n floor.Text) {
		names[w] = slices.DeleteFunc([]string{n.Ko, n.Zh, n.En}, func(s string) bool { return s == "" })
	}
	for _, a := range forum.Attendees {
		add(floor.NewActorID(floor.RoleAttendee, a.ID), a.Name)
	}
	for _, s := range forum.Staff {
		add(s.ActorID(), s.Name)
	}
	for _, i := range forum.Interpreters {
		add(floor.NewActorID(floor.RoleInterpreter, i.ID), i.Name)
	}
	return names
}

func TestEraseEveryone_SampleForum(t *testing.T) {
	records, forum, before := demoLog(t)
	names, sought := namesOf(forum), 0
	all := floor.EraseEveryone(records)
	text := textOf(t, all.Records)
	for who, list := range names {
		for _, name := range list {
			if sought++; strings.Contains(text, name) {
				t.Errorf("the name of %s is still in the log", who)
			}
		}
	}
	if len(names) < 150 || all.People != len(names) || sought < 400 {
		t.Errorf("%d names of %d people were sought, %d erased", sought, len(names), all.People)
	}
	for _, c := range forum.Companies { // companies are not persons
		if !strings.Contains(text, c.Name.En) {
			t.Errorf("the company %s has lost its name", c.ID)
		}
	}
	after := floor.New()
	for _, r := range all.Records {
		after, _ = after.Apply(r)
	}
	id := forum.Attendees[0].ID
	card, _ := after.Card(floor.Moderator, floor.CardKey("attendee/"+id))
	if a, ok := card.(floor.AttendeeCard); !ok || a.Name != (floor.Text{En: string(id)}) || a.Title != "" || a.CheckedIn == 0 {
		t.Errorf("the moderators see %+v", card)
	}
	if before.Seq() != after.Seq() || len(before.View(floor.Moderator)) != len(after.View(floor.Moderator)) {
		t.Error("the moderators see other cards")
	}
}

// TestErasePerson_EachOfTheSampleForum erases each person alone, and looks for that name and another.
func TestErasePerson_EachOfTheSampleForum(t *testing.T) {
	records, forum, _ := demoLog(t)
	names := namesOf(forum)
	bearers := map[string]int{}
	for _, list := range names {
		for _, name := range list {
			bearers[name]++
		}
	}
	for who, list := range names {
		out := floor.ErasePerson(records, who)
		if out.People != 1 || len(out.Changed) != 1 {
			t.Errorf("%s: %d people in %d records", who, out.People, len(out.Changed))
		}
		text := textOf(t, out.Records[:4]) // the fifth is a text that somebody typed
		for _, name := range list {
			if bearers[name] == 1 && strings.Contains(text, name) {
				t.Errorf("the name of %s is still in the log", who)
			}
		}
		if wantLeft := who == floor.NewActorID(floor.RoleAttendee, forum.Attendees[0].ID); (out.Left == 1) != wantLeft && bearers[list[0]] == 1 {
			t.Errorf("%s: %d texts are counted as naming them", who, out.Left)
		}
	}
	one := textOf(t, floor.ErasePerson(records, floor.NewActorID(floor.RoleAttendee, forum.Attendees[0].ID)).Records)
	if !strings.Contains(one, forum.Attendees[1].Name.En) {
		t.Error("somebody else was erased too")
	}
}
