package floor

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
)

// TestDecodeState_RefusesUnorderedHistory: forgetting the oldest commands of such a state would not end. No program
// writes one, but the bytes may come from anywhere.
func TestDecodeState_RefusesUnorderedHistory(t *testing.T) {
	w := logOf(t, 0)
	for i := range 3 {
		by := []ActorID{"moderator:lead", "attendee:k1a", "moderator:lead"}[i]
		if err := w.give(Envelope{Key: CommandKey(fmt.Sprint(by, i)), By: by, Unconditional: true, Command: CheckIn{AttendeeID([]string{"k1b", "k1a", "k2a"}[i])}}); err != nil {
			t.Fatal(err)
		}
	}
	data, err := w.now().Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(s *storedState){
		"as it was":      func(*storedState) {},
		"one twice":      func(s *storedState) { s.Done = append(s.Done, s.Done[len(s.Done)-1]) },
		"none before it": func(s *storedState) { s.Done[0].Seq = 0 },
		"backwards":      func(s *storedState) { slices.Reverse(s.Done) },
		"beyond the log": func(s *storedState) { s.Done[len(s.Done)-1].Seq = s.Seq + 1 },
	} {
		var s storedState
		if err := json.Unmarshal(data, &s); err != nil {
			t.Fatal(err)
		}
		change(&s)
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeState(text); (err == nil) != (name == "as it was") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestForumImported_AmongOtherChanges shows that changes in one record have the same result as in records of their
// own, and that an import after others changes nothing in place that an earlier state shares.
func TestForumImported_AmongOtherChanges(t *testing.T) {
	most := littleForum()
	least := most
	least.Attendees, least.Staff, least.Interpreters, least.Displays = most.Attendees[:2], most.Staff[:1], nil, nil
	least.Meetings = nil
	rotated := func(generation int) (all []Change) {
		for _, l := range []LinkID{"attendee-k1a", "attendee-k1b", "moderator-north", "interpreter-i1", "display-wallA"} {
			all = append(all, LinkRotated{l, generation})
		}
		return all
	}
	changes := slices.Concat(
		[]Change{ForumImported{most}}, rotated(2), []Change{ForumImported{least}, ForumImported{most}},
		rotated(3), []Change{ForumImported{least}, ForumImported{least}, ForumImported{most}},
	)
	before := logOf(t, 0).now()
	was, err := before.Digest()
	if err != nil {
		t.Fatal(err)
	}
	apart := before
	for i, c := range changes {
		apart, _ = apart.Apply(Record{Key: CommandKey(fmt.Sprint("x/", i)), By: Operator, Changes: []Change{c}})
	}
	together, _ := before.Apply(Record{Key: "x/all", By: Operator, Changes: changes})
	if now, err := before.Digest(); err != nil || now != was {
		t.Errorf("the state before has changed: %v", err)
	}
	for name, of := range map[string]func(State) []Link{
		"links": func(s State) []Link { return s.links.List() }, "retired": func(s State) []Link { return s.retired.List() },
	} {
		if got, want := of(together), of(apart); !slices.Equal(got, want) {
			t.Errorf("%s: together %v, apart %v", name, got, want)
		}
	}
	if l, _ := together.Link("attendee-k1b"); l.Generation != 3 || together.links.Len() < 10 {
		t.Errorf("%+v of %d", l, together.links.Len())
	}
}
