package demo

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/workbook"
)

func sample(t *testing.T) floor.Forum {
	t.Helper()
	f, err := Forum()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func clock(i floor.Instant) string {
	return time.UnixMilli(int64(i)).In(time.FixedZone("KST", 9*3600)).Format("2 15:04")
}

func TestForum_HasTheSizesOfTheAcceptanceDay(t *testing.T) {
	f := sample(t)
	country := map[string]int{}
	standby := 0
	for _, c := range f.Companies {
		country[c.Country]++
		if c.Standby {
			standby++
		}
	}
	floaters, english := 0, 0
	for _, i := range f.Interpreters {
		if i.Floater {
			floaters++
		}
		if slices.Contains(i.Pairs, "en-ko") {
			english++
		}
	}
	got := fmt.Sprint(country["KR"], country["CN"], standby, len(f.Attendees), len(f.Tables), len(f.Zones), len(f.Rounds),
		len(f.Meetings), len(f.Interpreters), floaters, english, len(f.Staff), len(f.Displays))
	if want := "24 36 1 132 26 3 8 168 21 2 1 7 4"; got != want {
		t.Errorf("sizes %s, want %s", got, want)
	}
}

func TestForum_HasTheTimesOfTheAcceptanceDay(t *testing.T) {
	f := sample(t)
	var got []string
	for _, r := range f.Rounds {
		got = append(got, clock(r.Plan.Start)+"+"+fmt.Sprint(r.Plan.Length()/floor.Minute))
	}
	want := []string{"24 13:30+25", "24 14:00+25", "24 14:30+25", "24 15:00+25", "24 15:45+25", "24 16:15+25", "24 16:45+25", "24 17:15+25"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	items := map[floor.ItemID]string{}
	for _, i := range f.Items {
		items[i.ID] = clock(i.Plan.Start) + "–" + clock(i.Plan.End) + " " + fmt.Sprint(i.AbsorbsMin)
	}
	for id, want := range map[floor.ItemID]string{
		"open": "24 10:00–24 10:20 0", "talk2": "24 11:10–24 12:00 0", "lunch": "24 12:00–24 13:15 30", "tea": "24 15:25–24 15:45 10",
	} {
		if items[id] != want {
			t.Errorf("%s is %s, want %s", id, items[id], want)
		}
	}
}

// Each round has 21 meetings at home tables, 18 of them with one of the 18 assigned
// interpreters. Reading the workbook has checked the rules of CheckForum.
func TestForum_EveryRoundIsFull(t *testing.T) {
	f := sample(t)
	held, need := map[floor.RoundID]int{}, map[floor.RoundID]int{}
	home := map[floor.CompanyID]floor.TableID{}
	languages := map[floor.CompanyID][]floor.Lang{}
	for _, c := range f.Companies {
		home[c.ID], languages[c.ID] = c.HomeTable, c.Languages
	}
	busy := map[floor.InterpreterID]int{}
	for _, m := range f.Meetings {
		held[m.Place.Round]++
		if m.Place.Table != home[m.Host.Company] {
			t.Errorf("%s is not at its host's home table", m.ID)
		}
		common := slices.ContainsFunc(languages[m.Host.Company], func(l floor.Lang) bool {
			return slices.Contains(languages[m.Guest.Company], l)
		})
		if common == (m.Pair != "") || (m.Pair == "") != (m.Interpreter == "") {
			t.Errorf("%s: common language %v, pair %q, interpreter %q", m.ID, common, m.Pair, m.Interpreter)
		}
		if m.Pair != "" {
			need[m.Place.Round]++
			busy[m.Interpreter]++
		}
	}
	for _, r := range f.Rounds {
		if held[r.ID] != 21 || need[r.ID] != 18 {
			t.Errorf("%s has %d meetings, %d interpreted", r.ID, held[r.ID], need[r.ID])
		}
	}
	if len(busy) != 18 {
		t.Errorf("%d interpreters are assigned, want 18", len(busy))
	}
}

func TestForum_SpreadsMeetingsFairly(t *testing.T) {
	f := sample(t)
	count, pairs := map[floor.CompanyID]int{}, map[[2]floor.CompanyID]bool{}
	for _, m := range f.Meetings {
		count[m.Host.Company]++
		count[m.Guest.Company]++
		pair := [2]floor.CompanyID{m.Host.Company, m.Guest.Company}
		if pairs[pair] {
			t.Errorf("%v meet twice", pair)
		}
		pairs[pair] = true
	}
	for _, c := range f.Companies {
		n := count[c.ID]
		switch {
		case c.Standby && n == 0, c.Country == "KR" && n == 7, c.Country == "CN" && !c.Standby && (n == 4 || n == 5):
		default:
			t.Errorf("%s has %d meetings", c.ID, n)
		}
	}
	wishes, met := map[floor.CompanyID]int{}, 0
	for _, w := range f.Wishes {
		wishes[w.From]++
		if pairs[[2]floor.CompanyID{w.From, w.To}] || pairs[[2]floor.CompanyID{w.To, w.From}] {
			met++
		}
	}
	for _, c := range f.Companies {
		if n := wishes[c.ID]; n < 1 || n > 3 {
			t.Errorf("%s has %d wishes", c.ID, n)
		}
	}
	if met*10 < len(f.Wishes)*9 {
		t.Errorf("only %d of %d wishes are met", met, len(f.Wishes))
	}
}

// The steps of the acceptance day need these meetings.
func TestForum_HasWhatTheAcceptanceDayNeeds(t *testing.T) {
	f := sample(t)
	at := map[string]floor.Meeting{}
	for _, m := range f.Meetings {
		at[string(m.Place.Round)+string(m.Place.Table)] = m
	}
	for _, place := range []string{"R1T07", "R1T12", "R2T05", "R2T15", "R5T17", "R6T17", "R7T17", "R8T17"} {
		if at[place].ID == "" {
			t.Errorf("nobody meets at %s", place)
		}
	}
	skills := map[floor.InterpreterID][]string{}
	led := 0
	for _, i := range f.Interpreters {
		skills[i.ID] = i.Skills
		if i.Floater {
			if got := clock(i.Shifts[0].End); got != "24 16:45" {
				t.Errorf("floater %s works until %s", i.ID, got)
			}
			if slices.Contains(i.Skills, "LED") {
				led++
			}
		}
	}
	if m := at["R1T12"]; m.Pair != "ko-zh" || slices.Contains(skills[m.Interpreter], "LED") || led != 1 {
		t.Errorf("at T12 in R1 pair %q, interpreter %s of %v, %d floaters know LED", m.Pair, m.Interpreter, skills[m.Interpreter], led)
	}
	for _, z := range f.Zones {
		covered := 0
		for _, s := range f.Staff {
			if slices.Contains(s.Zones, z.ID) {
				covered++
			}
		}
		if covered == 0 {
			t.Errorf("no moderator has zone %s", z.ID)
		}
	}
}

func TestForum_NamesAreInEachScript(t *testing.T) {
	f := sample(t)
	seen := map[string]bool{}
	for _, c := range f.Companies {
		if c.Name.Ko == "" || c.Name.Zh == "" || c.Name.En == "" || seen[c.Name.En] {
			t.Errorf("%s is called %+v", c.ID, c.Name)
		}
		seen[c.Name.En] = true
	}
	for _, a := range f.Attendees {
		if a.Name.Ko == "" || a.Name.Zh == "" || a.Name.En == "" || a.Title == "" || seen[a.Name.En] {
			t.Errorf("%s is called %+v", a.ID, a.Name)
		}
		seen[a.Name.En] = true
	}
}

func TestWithBadRows_FaultsNameTheRows(t *testing.T) {
	book, want, err := WithBadRows()
	if err != nil {
		t.Fatal(err)
	}
	forum, got, err := workbook.Read(bytes.NewReader(book), int64(len(book)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if forum.Event.ID != "" {
		t.Error("a forum came with the faults")
	}
	for _, f := range got {
		t.Log(f.Error())
	}
}

func TestOnDay_KeepsTimesOfDay(t *testing.T) {
	f := sample(t)
	moved, err := OnDay(f, time.Date(2027, 3, 1, 20, 0, 0, 0, time.UTC)) // 05:00 of the 2nd in Seoul
	if err != nil {
		t.Fatal(err)
	}
	if got := clock(moved.Rounds[0].Plan.Start); got != "2 13:30" || moved.Rounds[0].Plan != moved.Rounds[0].Now {
		t.Errorf("R1 starts at %s", got)
	}
	if got := clock(moved.Items[len(moved.Items)-1].Plan.Start); got != "3 14:30" {
		t.Errorf("the last visit starts at %s", got)
	}
	if got := clock(moved.Interpreters[18].Shifts[0].End); got != "2 16:45" {
		t.Errorf("the first floater's shift ends at %s", got)
	}
	if diff := cmp.Diff(sample(t), f); diff != "" {
		t.Errorf("moving changed the original: %s", diff)
	}
	if faults := floor.CheckForum(moved); len(faults) > 0 {
		t.Errorf("%+v", faults[0])
	}
}
