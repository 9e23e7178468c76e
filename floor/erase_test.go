package floor

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// idTypes are the string types that name things or states, never a person. Check that before you add one.
var idTypes = []reflect.Type{
	reflect.TypeFor[EventID](), reflect.TypeFor[ZoneID](), reflect.TypeFor[TableID](), reflect.TypeFor[RoundID](), reflect.TypeFor[ItemID](),
	reflect.TypeFor[CompanyID](), reflect.TypeFor[AttendeeID](), reflect.TypeFor[StaffID](), reflect.TypeFor[InterpreterID](), reflect.TypeFor[DisplayID](),
	reflect.TypeFor[MeetingID](), reflect.TypeFor[RequestID](), reflect.TypeFor[AnnouncementID](), reflect.TypeFor[NoticeID](), reflect.TypeFor[OrganiserID](),
	reflect.TypeFor[LinkID](), reflect.TypeFor[LostID](), reflect.TypeFor[ActorID](), reflect.TypeFor[CommandKey](), reflect.TypeFor[CommandKind](),
	reflect.TypeFor[Lang](), reflect.TypeFor[Pair](), reflect.TypeFor[Role](), reflect.TypeFor[Duty](), reflect.TypeFor[SlotState](), reflect.TypeFor[ItemKind](),
	reflect.TypeFor[Side](), reflect.TypeFor[Presence](), reflect.TypeFor[RequestState](), reflect.TypeFor[NoticeKind](), reflect.TypeFor[ExportKind](),
}

// notOfPersons are the texts of changes that EraseEveryone leaves: of companies, zones, displays, the agenda,
// the instance. Before you add a line, make sure that nobody can write a person's name there.
var notOfPersons = []string{
	"commandLost.Of[]", // "meeting/m017", written by the program
	"eventRegistered.Event.Name",
	"forumImported.Forum.Companies[].Country",
	"forumImported.Forum.Companies[].Name",
	"forumImported.Forum.Displays[].Name",
	"forumImported.Forum.Event.Name",
	"forumImported.Forum.Event.Place",
	"forumImported.Forum.Event.TimeZone",
	"forumImported.Forum.Items[].Name",
	"forumImported.Forum.Items[].Place",
	"forumImported.Forum.Tables[].Label",
	"forumImported.Forum.Zones[].Name",
	"publicURLSet.URL",
	"instanceKeySet.Key",
}

// TestEraseEveryone_CoversEveryText finds every text of every kind of change: it is either erased or listed
// in notOfPersons.
func TestEraseEveryone_CoversEveryText(t *testing.T) {
	var left []string
	for kind, of := range changeTypes {
		filled := reflect.New(of)
		fill(t, filled.Elem(), string(kind))
		out := EraseEveryone([]Record{{Changes: []Change{filled.Elem().Interface().(Change)}}})
		left = append(left, leftIn(reflect.ValueOf(out.Records[0].Changes[0]), string(kind))...)
	}
	slices.Sort(left)
	for _, path := range left {
		if !slices.Contains(notOfPersons, path) {
			t.Errorf("%s is not erased: do it in erase.go, or add it to notOfPersons", path)
		}
	}
	for _, path := range notOfPersons {
		if !slices.Contains(left, path) {
			t.Errorf("%s is in notOfPersons, but no such text is left", path)
		}
	}
}

// fill sets every text under v to its own path, and every list to one entry.
func fill(t *testing.T, v reflect.Value, path string) {
	t.Helper()
	switch {
	case v.Type() == reflect.TypeFor[Text]():
		v.Set(reflect.ValueOf(Text{Ko: path, Zh: path, En: path}))
	case v.Kind() == reflect.String:
		if v.Type() != reflect.TypeFor[string]() && !slices.Contains(idTypes, v.Type()) {
			t.Errorf("%s is a %v: can a person's name be in it?", path, v.Type())
		}
		v.SetString(path)
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), fieldPath(path, v.Type().Field(i)))
		}
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0), path+"[]")
	case v.Kind() == reflect.Bool, v.CanInt(), v.CanUint():
	default:
		t.Errorf("%s is a %v, which this test does not know", path, v.Type())
	}
}

// fieldPath adds a field to a path. Fields of embedded structs count as the outer struct's own, as
// they do in JSON.
func fieldPath(path string, f reflect.StructField) string {
	if f.Anonymous {
		return path
	}
	return path + "." + f.Name
}

// leftIn returns the paths of the texts that still are what fill set.
func leftIn(v reflect.Value, path string) (left []string) {
	switch {
	case v.Type() == reflect.TypeFor[Text]():
		if text := v.Interface().(Text); text.Ko == path || text.Zh == path || text.En == path {
			return []string{path}
		}
	case v.Type() == reflect.TypeFor[string]():
		if v.String() == path {
			return []string{path}
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			left = append(left, leftIn(v.Field(i), fieldPath(path, v.Type().Field(i)))...)
		}
	case v.Kind() == reflect.Slice && v.Len() > 0:
		return leftIn(v.Index(0), path+"[]")
	}
	return left
}

// TestErase_LeavesTheRestOfTheState applies the erased records of generated logs: the states differ only in
// what was erased, no name is left, and erasing again changes nothing.
func TestErase_LeavesTheRestOfTheState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.play(t)
		before := asJSON(t, w.records)
		one := NewActorID(RoleAttendee, oneOf(t, w.forum.Attendees).ID)
		if between(t, 0, 2) == 0 {
			one = oneOf(t, []ActorID{"interpreter:i0", "moderator:lead", "runner:run"})
		}
		person, all := ErasePerson(w.records, one), EraseEveryone(w.records)
		checkErased(t, w.now(), person, []string{nameOf(w.now(), one)}, regexp.MustCompile(`^[a-z]+\[`+one.ID()+`\]\.(name|title)`))
		checkErased(t, w.now(), all, []string{"PERSON-", "leak", "안내", `"late"`, "LED"}, regexp.MustCompile(
			`^((attendees|staff|interpreters)\[.*\]\.(name|title|skills)|announcements\[.*\]\.text|(meetings|tables)\[.*\]\.reason|`+
				`requests\[.*\]\.skill|done\[.*\]\.changes\[.*\]\.body\.(reason|announcement\.text))`))
		if again := EraseEveryone(all.Records); len(again.Changed) != 0 || again.Known != all.Known || again.People+again.Texts != 0 {
			t.Fatalf("erased again: %d records, %d of %d people, %d texts", len(again.Changed), again.People, again.Known, again.Texts)
		}
		if person.Known != 1 || person.People != 1 || all.People != len(w.forum.Attendees)+len(w.forum.Interpreters)+len(w.forum.Staff) {
			t.Fatalf("%s: %d people; everybody: %d", one, person.People, all.People)
		}
		if asJSON(t, w.records) != before {
			t.Fatal("erasing changed the records that it was given")
		}
	})
}

func nameOf(s State, w ActorID) string { p, _ := s.Profile(w); return p.Name.En }

// checkErased compares the state of erased records with the state before. They may differ at the paths
// that other matches; none of the names gone may be left.
func checkErased(t *rapid.T, before State, out Erased, gone []string, other *regexp.Regexp) {
	text := asJSON(t, out.Records)
	for _, name := range gone {
		if name == "" || strings.Contains(text, name) {
			t.Fatalf("%q is in the erased records", name)
		}
	}
	after := New()
	for i, r := range out.Records {
		data, err := EncodeRecord(r) // as it is stored
		if err == nil {
			r, err = DecodeRecord(data)
		}
		if err != nil {
			t.Fatalf("record %d: %v", i+1, err)
		}
		after, _ = after.Apply(r)
	}
	for _, path := range differingPaths("", decoded(t, before), decoded(t, after)) {
		if !other.MatchString(path) {
			t.Fatalf("the states differ in %s", path)
		}
	}
}

func asJSON(t *rapid.T, records []Record) string {
	var all strings.Builder
	for _, r := range records {
		data, err := EncodeRecord(r)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(data)
	}
	return all.String()
}

func decoded(t *rapid.T, s State) (v any) {
	data, err := s.Encode()
	if err == nil {
		err = json.Unmarshal(data, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// differingPaths returns the paths at which two JSON values differ. An entry of a list is named by its id
// or key.
func differingPaths(path string, a, b any) (paths []string) {
	x, xIs := a.(map[string]any)
	y, yIs := b.(map[string]any)
	if xIs && yIs {
		for _, k := range slices.Sorted(maps.Keys(x)) {
			paths = append(paths, differingPaths(strings.TrimPrefix(path+"."+k, "."), x[k], y[k])...)
		}
		for k := range y {
			if _, ok := x[k]; !ok {
				paths = append(paths, strings.TrimPrefix(path+"."+k, "."))
			}
		}
		return paths
	}
	list, aIs := a.([]any)
	other, bIs := b.([]any)
	if aIs && bIs && len(list) == len(other) {
		for i := range list {
			paths = append(paths, differingPaths(path+"["+entryName(list[i], i)+"]", list[i], other[i])...)
		}
		return paths
	}
	if !reflect.DeepEqual(a, b) {
		paths = []string{path}
	}
	return paths
}

func entryName(v any, i int) string {
	m, _ := v.(map[string]any)
	for _, k := range []string{"id", "key"} {
		if id, ok := m[k].(string); ok {
			return id
		}
	}
	return fmt.Sprint(i)
}

// TestErasePerson_CountsTextsWithTheName also shows that EraseEveryone removes such texts.
func TestErasePerson_CountsTextsWithTheName(t *testing.T) {
	records := []Record{
		{Changes: []Change{ForumImported{Forum{Attendees: []Attendee{{ID: "a", Name: Text{Ko: "김서연", En: "Kim Seoyeon"}, Title: "CEO"}, {ID: "b", Name: Text{En: "Li Na"}}}}}}},
		{Changes: []Change{Announced{Announcement{ID: "x", Text: Text{Ko: "김서연 님, 안내데스크로"}}}, MeetingCancelled{Meeting: "m", Cancelled: true, Reason: "Li Na is ill"}}},
		{Changes: []Change{AnnouncementWithdrawn{Announcement: Announcement{ID: "x", Text: Text{Ko: "김서연 님, 안내데스크로"}}}}},
	}
	if out := ErasePerson(records, "attendee:a"); out.Left != 2 || out.Texts != 0 || !slices.Equal(out.Changed, []int{0}) {
		t.Errorf("of one: %d left, %d taken out, records %v", out.Left, out.Texts, out.Changed)
	}
	if out := ErasePerson(records, "attendee:c"); out.Known != 0 || out.Left != 0 || len(out.Changed) != 0 {
		t.Errorf("of nobody: %+v", out)
	}
	if out := EraseEveryone(records); out.Left != 0 || out.Texts != 3 || out.People != 2 || len(out.Changed) != 3 {
		t.Errorf("of everybody: %d left, %d taken out, %d people, records %v", out.Left, out.Texts, out.People, out.Changed)
	}
}

// TestErasePerson_FindsStaffOfEitherRole has a log in which a person's role changed between two imports.
func TestErasePerson_FindsStaffOfEitherRole(t *testing.T) {
	records := []Record{
		{Changes: []Change{ForumImported{Forum{Staff: []Staff{{ID: "s", Role: RoleRunner, Name: Text{En: "Yoon Doha"}}}}}}},
		{Changes: []Change{ForumImported{Forum{Staff: []Staff{{ID: "s", Role: RoleModerator, Name: Text{En: "Yoon Doha"}}}}}}},
	}
	for _, who := range []ActorID{"moderator:s", "runner:s"} {
		if out := ErasePerson(records, who); len(out.Changed) != 2 || out.People != 1 {
			t.Errorf("%s: records %v", who, out.Changed)
		}
	}
}
