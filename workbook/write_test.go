package workbook

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"github.com/matchfloor/matchfloor/floor"
)

func written(t interface {
	Helper()
	Fatal(...any)
}, f floor.Forum) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, f); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// awkwardTexts are texts that spreadsheet programs are known to convert.
var awkwardTexts = []string{
	"=1+1", "+82 2 1234", "-", "@SUM(A1)", "'quoted", "00123", "1e5", "TRUE", "2026-11-24", "13:30", "#REF", "_x0041_", "_x0041_x0042_", "_x000D_", "a  b",
	"<b>&amp;", "“한”", "김\u3000서연", "澄岚溪", "😀", "R&D", "x;y", "0", "nil", "\"", "=HYPERLINK(\"http://x\")",
}

var (
	drawText = rapid.OneOf(rapid.SampledFrom(awkwardTexts), rapid.StringMatching(`[가-힣一-龥A-Za-z][가-힣一-龥A-Za-z0-9 ]{0,8}[가-힣a-z]`))
	drawZone = rapid.SampledFrom([]string{"Asia/Seoul", "Asia/Shanghai", "UTC", "America/New_York", "Asia/Kathmandu", "Europe/Berlin"})
)

func drawName(t *rapid.T) floor.Text {
	n := floor.Text{Ko: rapid.OneOf(rapid.Just(""), drawText).Draw(t, "ko"), En: rapid.OneOf(rapid.Just(""), drawText).Draw(t, "en")}
	if n.Empty() {
		n.Zh = drawText.Draw(t, "zh")
	}
	return n
}

// drawInstant draws an instant around the nights in which clocks change, where local times
// are repeated or skipped.
func drawInstant(t *rapid.T) floor.Instant {
	base := rapid.SampledFrom([]string{"2026-11-24T00:00:00Z", "2026-11-01T04:00:00Z", "2026-10-25T00:00:00Z", "2026-03-29T00:00:00Z"}).Draw(t, "day")
	at, err := time.Parse(time.RFC3339, base)
	if err != nil {
		t.Fatal(err)
	}
	ms := rapid.OneOf(
		rapid.Map(rapid.IntRange(0, 2000), func(min int) int { return min * 60_000 }),
		rapid.Map(rapid.IntRange(0, 100_000), func(s int) int { return s * 1000 }),
		rapid.IntRange(0, 100_000_000),
	).Draw(t, "ms")
	return floor.Instant(at.UnixMilli() + int64(ms))
}

func drawSpan(t *rapid.T) floor.Span {
	start := drawInstant(t)
	return floor.Span{Start: start, End: start + floor.Instant(rapid.IntRange(2, 3000).Draw(t, "minutes"))*floor.Minute}
}

func slotOf(s floor.Span) floor.Slot { return floor.Slot{Plan: s, Now: s, State: floor.StatePlanned} }

// drawForum draws a small forum that keeps the rules: each round has its own hours, each
// company at most one meeting a round.
func drawForum(t *rapid.T) floor.Forum {
	f := floor.Forum{Event: floor.Event{
		ID: "e-1", Name: drawName(t), TimeZone: drawZone.Draw(t, "zone"), GraceMin: rapid.IntRange(0, 60).Draw(t, "grace"), EscalateMin: rapid.IntRange(0, 60).Draw(t, "escalate"),
	}}
	if rapid.Bool().Draw(t, "placed") {
		f.Event.Place = drawName(t)
	}
	drawRoom(t, &f)
	drawPeople(t, &f)
	drawMeetings(t, &f)
	return f
}

func drawRoom(t *rapid.T, f *floor.Forum) {
	for i := range rapid.IntRange(1, 3).Draw(t, "zones") {
		f.Zones = append(f.Zones, floor.Zone{ID: floor.ZoneID(fmt.Sprint("Z", i)), Name: drawName(t)})
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "tables") {
		f.Tables = append(f.Tables, floor.Table{
			ID: floor.TableID(fmt.Sprint("T", i)), Label: drawText.Draw(t, "label"),
			Zone: rapid.SampledFrom(f.Zones).Draw(t, "zone").ID, Capacity: rapid.IntRange(6, 100).Draw(t, "seats"),
		})
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "items") {
		s := drawSpan(t)
		f.Items = append(f.Items, floor.Item{
			ID: floor.ItemID(fmt.Sprint("i", i)), Kind: rapid.SampledFrom([]floor.ItemKind{floor.ItemTalk, floor.ItemMatching, floor.ItemBreak, floor.ItemVisit}).Draw(t, "kind"),
			Name: drawName(t), Slot: slotOf(s), AbsorbsMin: rapid.IntRange(0, int(s.Length()/floor.Minute)-1).Draw(t, "absorbs"),
		})
	}
	at := drawInstant(t)
	for i := range rapid.IntRange(0, 3).Draw(t, "rounds") {
		at += floor.Instant(rapid.IntRange(0, 600_000).Draw(t, "gap"))
		s := floor.Span{Start: at, End: at + floor.Instant(rapid.IntRange(1, 300).Draw(t, "length"))*floor.Minute}
		at = s.End
		f.Rounds = append(f.Rounds, floor.Round{ID: floor.RoundID(fmt.Sprint("R", i)), No: i + 7, Slot: slotOf(s)})
	}
}

func drawPeople(t *rapid.T, f *floor.Forum) {
	for i := range rapid.IntRange(0, 6).Draw(t, "companies") {
		c := floor.Company{
			ID: floor.CompanyID(fmt.Sprint("k", i)), Name: drawName(t), Country: rapid.SampledFrom([]string{"KR", "CN"}).Draw(t, "country"),
			Languages: rapid.SampledFrom([][]floor.Lang{{"ko"}, {"zh", "en"}, {"yue"}}).Draw(t, "languages"), Standby: rapid.Bool().Draw(t, "standby"),
		}
		if i < len(f.Tables) && rapid.Bool().Draw(t, "home") {
			c.HomeTable, f.Tables[i].Home = f.Tables[i].ID, c.ID
		}
		f.Companies = append(f.Companies, c)
		for n := range rapid.IntRange(1, 3).Draw(t, "people") {
			f.Attendees = append(f.Attendees, floor.Attendee{
				ID: floor.AttendeeID(fmt.Sprint(c.ID, "-", n)), Company: c.ID, Name: drawName(t), Title: rapid.OneOf(rapid.Just(""), drawText).Draw(t, "title"),
			})
		}
	}
	zones := func(least int) (zones []floor.ZoneID) {
		for _, z := range f.Zones[:rapid.IntRange(least, len(f.Zones)).Draw(t, "of")] {
			zones = append(zones, z.ID)
		}
		return zones
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "staff") {
		s := floor.Staff{ID: floor.StaffID(fmt.Sprint("s", i)), Name: drawName(t), Role: rapid.SampledFrom([]floor.Role{floor.RoleModerator, floor.RoleRunner}).Draw(t, "role"), Zones: zones(0)}
		s.Lead = s.Role == floor.RoleModerator && rapid.Bool().Draw(t, "lead")
		f.Staff = append(f.Staff, s)
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "interpreters") {
		f.Interpreters = append(f.Interpreters, floor.Interpreter{
			ID: floor.InterpreterID(fmt.Sprint("i", i)), Name: drawName(t), Pairs: []floor.Pair{"ko-zh", "en-ko"}[:rapid.IntRange(1, 2).Draw(t, "pairs")],
			Skills: []string{"LED", "=solar", "물"}[:rapid.IntRange(0, 3).Draw(t, "skills")],
			Shifts: rapid.SliceOfN(rapid.Custom(drawSpan), 0, 2).Draw(t, "shifts"), Floater: rapid.Bool().Draw(t, "floater"), Duty: floor.OffDuty,
		})
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "displays") {
		f.Displays = append(f.Displays, floor.Display{ID: floor.DisplayID(fmt.Sprint("d", i)), Name: drawText.Draw(t, "name"), Zones: zones(1), Languages: []floor.Lang{"ko", "zh"}})
	}
}

func drawMeetings(t *rapid.T, f *floor.Forum) {
	of := map[floor.CompanyID][]floor.AttendeeID{}
	for _, a := range f.Attendees {
		of[a.Company] = append(of[a.Company], a.ID)
	}
	side := func(c floor.CompanyID) floor.Party {
		return floor.Party{Company: c, People: of[c][:rapid.IntRange(1, len(of[c])).Draw(t, "come")], Presence: floor.Expected}
	}
	add := func(place floor.Place, a, b floor.Company) {
		m := floor.Meeting{ID: floor.MeetingID(fmt.Sprint("m", len(f.Meetings))), Place: place, Host: side(a.ID), Guest: side(b.ID), Locked: rapid.Bool().Draw(t, "locked")}
		m.Pair = rapid.SampledFrom([]floor.Pair{"", "ko-zh", "ja-vi"}).Draw(t, "pair")
		f.Meetings = append(f.Meetings, m)
	}
	for _, r := range f.Rounds {
		free := rapid.Permutation(f.Companies).Draw(t, "order")
		for n := 0; n+1 < len(free) && n/2 < len(f.Tables) && rapid.Bool().Draw(t, "meets"); n += 2 {
			add(floor.Place{Round: r.ID, Table: f.Tables[n/2].ID}, free[n], free[n+1])
		}
	}
	for i, c := range f.Companies[min(1, len(f.Companies)):] {
		if rapid.Bool().Draw(t, "tray") {
			add(floor.Place{}, c, f.Companies[i])
		}
		if rapid.Bool().Draw(t, "wishes") {
			f.Wishes = append(f.Wishes, floor.Wish{From: c.ID, To: f.Companies[i].ID, Priority: rapid.IntRange(1, 9).Draw(t, "priority")})
		}
	}
}

func TestWrite_ReadReturnsTheSameForum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawForum(t)
		got, faults, err := Read(bytes.NewReader(written(t, want)), -1)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range faults {
			t.Fatal(f.Error())
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestWrite_IsDeterministic(t *testing.T) {
	f := readOK(t, file(t, small()))
	if !bytes.Equal(written(t, f), written(t, f)) {
		t.Error("two workbooks of one forum differ")
	}
}

// A name that looks like a formula must be stored and formatted as text, so that neither
// opening nor editing the cell evaluates it.
func TestWrite_StoresTextAsText(t *testing.T) {
	f := readOK(t, file(t, small()))
	f.Companies[0].Name.Ko = `=HYPERLINK("http://example.org","x")`
	f.Attendees[0].Title, f.Attendees[1].Title, f.Attendees[2].Title = "+1", "-1", "@x"
	book, err := excelize.OpenReader(bytes.NewReader(written(t, f)))
	if err != nil {
		t.Fatal(err)
	}
	for _, cell := range []string{"companies!B2", "attendees!F2", "attendees!F3", "attendees!F4"} {
		sheet, at, _ := strings.Cut(cell, "!")
		value, err := book.GetCellValue(sheet, at)
		if err != nil || value == "" {
			t.Fatalf("%s: %q, %v", cell, value, err)
		}
		formula, err := book.GetCellFormula(sheet, at)
		if err != nil || formula != "" {
			t.Errorf("%s has the formula %q, %v", cell, formula, err)
		}
		kind, err := book.GetCellType(sheet, at)
		if err != nil || kind != excelize.CellTypeSharedString {
			t.Errorf("%s is of type %v, %v", cell, kind, err)
		}
		style, err := book.GetCellStyle(sheet, at)
		if err != nil {
			t.Fatal(err)
		}
		if s, err := book.GetStyle(style); err != nil || s.NumFmt != textFormat {
			t.Errorf("%s is formatted %+v, %v", cell, s, err)
		}
	}
}

func TestWrite_WorkbookIsEditable(t *testing.T) {
	book, err := excelize.OpenReader(bytes.NewReader(written(t, readOK(t, file(t, small())))))
	if err != nil {
		t.Fatal(err)
	}
	names := []string{readmeSheet}
	for _, l := range Layouts() {
		names = append(names, l.Name)
		if panes, err := book.GetPanes(l.Name); err != nil || !panes.Freeze || panes.YSplit != 1 {
			t.Errorf("%s: the header is not frozen: %+v, %v", l.Name, panes, err)
		}
	}
	if diff := cmp.Diff(names, book.GetSheetList()); diff != "" {
		t.Error(diff)
	}
	for _, script := range []string{"한국어", "中文", "English"} {
		if rows, err := book.SearchSheet(readmeSheet, script); err != nil || len(rows) == 0 {
			t.Errorf("the readme has no %s", script)
		}
	}
}

func TestWrite_ReturnsErrors(t *testing.T) {
	f := readOK(t, file(t, small()))
	if err := Write(brokenPipe{}, f); err == nil {
		t.Error("a failed write was swallowed")
	}
	f.Event.TimeZone = "Nowhere/Town"
	if err := Write(io.Discard, f); err == nil {
		t.Error("an unknown time zone was swallowed")
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
