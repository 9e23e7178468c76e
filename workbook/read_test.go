package workbook

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/matchfloor/matchfloor/floor"
)

func itoa(n int) string { return strconv.Itoa(n) }

func instant(t testing.TB, zone, when string) floor.Instant {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", when, loc)
	if err != nil {
		t.Fatal(err)
	}
	return floor.Instant(at.UnixMilli())
}

func TestRead_ReadsEveryColumn(t *testing.T) {
	f := readOK(t, file(t, small()))
	want := floor.Event{
		ID: "small", Name: floor.Text{Ko: "작은 상담회", Zh: "小型对接会", En: "Small forum"},
		TimeZone: "Asia/Seoul", GraceMin: 5, EscalateMin: 3,
	}
	if diff := cmp.Diff(want, f.Event); diff != "" {
		t.Error(diff)
	}
	plan := floor.Span{Start: instant(t, "Asia/Seoul", "2026-11-24 14:00"), End: instant(t, "Asia/Seoul", "2026-11-24 14:25")}
	if diff := cmp.Diff(floor.Round{ID: "R2", No: 2, Slot: floor.Slot{Plan: plan, Now: plan, State: floor.StatePlanned}}, f.Rounds[1]); diff != "" {
		t.Error(diff)
	}
	if f.Tables[0].Home != "k01" || f.Companies[0].HomeTable != "T01" {
		t.Errorf("home table %+v of %+v", f.Tables[0], f.Companies[0])
	}
	meeting := floor.Meeting{
		ID: "m2", Place: floor.Place{Round: "R2", Table: "T02"}, Pair: "ko-zh", Interpreter: "i01", Locked: true,
		Host:  floor.Party{Company: "k02", People: []floor.AttendeeID{"k02a"}, Presence: floor.Expected},
		Guest: floor.Party{Company: "c01", People: []floor.AttendeeID{"c01b"}, Presence: floor.Expected},
	}
	if diff := cmp.Diff(meeting, f.Meetings[1]); diff != "" {
		t.Error(diff)
	}
	if !f.Staff[0].Lead || f.Staff[0].Role != floor.RoleModerator || f.Staff[1].Zones[0] != "A" {
		t.Errorf("staff %+v", f.Staff)
	}
	if f.Interpreters[1].Pairs[0] != "en-ko" || !f.Interpreters[1].Floater {
		t.Errorf("interpreters %+v", f.Interpreters)
	}
}

func TestRead_HeadersInAnyOrderAndLanguage(t *testing.T) {
	want := readOK(t, file(t, small()))
	book := small()
	book["상담 테이블"], book["洽谈"] = nil, book["meetings"]
	delete(book, "상담 테이블")
	delete(book, "meetings")
	book["테이블"] = book["tables"]
	delete(book, "tables")
	book["테이블"][0] = []string{"아이디", "표시", "구역", " 정원 "}
	book["洽谈"][0] = []string{"编号", "轮次", "桌", "主方", "客方", "主方人员", "客方人员", "语对", "口译", "锁定"}
	for i, row := range book["rounds"] { // the columns the other way round, one of them only for people
		book["rounds"][i] = []string{row[2], row[1], row[0], "x"}
	}
	book["rounds"][0] = []string{"ＥＮＤ", "Start", "ID", "# remarks"}
	if diff := cmp.Diff(want, readOK(t, file(t, book))); diff != "" {
		t.Error(diff)
	}
}

func TestRead_AcceptsManyWaysOfWriting(t *testing.T) {
	want := readOK(t, file(t, small()))
	book := small()
	set(book, "event", 2, "date", "２０２６年11月24日")
	set(book, "rounds", 2, "start", "１３：３０")
	set(book, "rounds", 3, "start", "2026-11-24 14:00:00")
	set(book, "rounds", 3, "day", "1")
	set(book, "tables", 2, "capacity", "６")
	set(book, "companies", 3, "languages", "한국어、ＥＮ")
	set(book, "companies", 2, "country", " kr ")
	set(book, "interpreters", 2, "pairs", "중국어 ↔ 한국어")
	set(book, "interpreters", 2, "shifts", "13:00~18:00")
	set(book, "meetings", 2, "pair", "zh/ko")
	set(book, "meetings", 3, "locked", "예")
	set(book, "meetings", 3, "table", "Ｔ０２")
	set(book, "companies", 5, "standby", "是")
	set(book, "displays", 2, "languages", "ko\nzh")
	set(book, "attendees", 2, "name_ko", "\u3000\u1100\u1175\u11b7서연 ") // decomposed 김
	if diff := cmp.Diff(want, readOK(t, file(t, book))); diff != "" {
		t.Error(diff)
	}
}

// O and ○ say yes, X and × say no, as on lists in Korea and China.
func TestRead_YesNoWords(t *testing.T) {
	for word, want := range map[string]bool{
		"O": true, "Ｏ": true, "○": true, "◯": true, "✓": true, "예": true, "是": true, "TRUE": true,
		"X": false, "Ｘ": false, "×": false, "✗": false, "아니오": false, "否": false, "0": false,
	} {
		book := small()
		set(book, "meetings", 2, "locked", word)
		set(book, "interpreters", 2, "floater", word)
		set(book, "companies", 2, "standby", word)
		f := readOK(t, file(t, book))
		if f.Meetings[0].Locked != want || f.Interpreters[0].Floater != want || f.Companies[0].Standby != want {
			t.Errorf("%s: %t %t %t", word, f.Meetings[0].Locked, f.Interpreters[0].Floater, f.Companies[0].Standby)
		}
	}
}

func TestRead_RefusesTimeZonesThatNoBrowserKnows(t *testing.T) {
	for _, zone := range []string{"posix/Asia/Seoul", "right/Asia/Seoul", "localtime", "Local", "Factory", "posixrules", "../etc/passwd"} {
		book := small()
		set(book, "event", 2, "time_zone", zone)
		_, faults := read(t, file(t, book))
		if len(faults) != 1 || at(faults[0]) != "event 2 time_zone: bad_time_zone" {
			t.Errorf("%s: %v", zone, places(faults))
		}
	}
}

// Excel stores dates and times as numbers; what a person sees is only their format.
func TestRead_ExcelsOwnDatesAndTimes(t *testing.T) {
	want := readOK(t, file(t, small()))
	book := small()
	numbers := func(f *excelize.File) {
		day := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
		for cell, value := range map[string]any{"F2": day, "rounds!B2": 13.5 / 24, "rounds!C2": day.Add(13*time.Hour + 55*time.Minute), "tables!D2": 6, "wishes!C2": 1.0} {
			sheet, at, ok := strings.Cut(cell, "!")
			if !ok {
				sheet, at = "event", cell
			}
			if err := f.SetCellValue(sheet, at, value); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff(want, readOK(t, fileWith(t, book, numbers))); diff != "" {
		t.Error(diff)
	}
	macintosh := func(f *excelize.File) {
		if err := f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: new(true)}); err != nil {
			t.Fatal(err)
		}
		if err := f.SetCellFloat("event", "F2", 46350-1462, -1, 64); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, readOK(t, fileWith(t, book, macintosh))); diff != "" {
		t.Errorf("counted from 1904: %s", diff)
	}
}

func TestRead_DaysAfterTheFirst(t *testing.T) {
	book := small()
	set(book, "agenda", 3, "id", "visit1")
	set(book, "agenda", 3, "kind", "visit")
	set(book, "agenda", 3, "name_en", "Visit")
	set(book, "agenda", 3, "start", "09:30")
	set(book, "agenda", 3, "end", "11:00")
	set(book, "agenda", 3, "day", "2")
	set(book, "interpreters", 2, "shifts", "13:00-18:00; 2026-11-25 22:00-2026-11-26 01:00")
	f := readOK(t, file(t, book))
	if got := f.Items[1].Plan.Start; got != instant(t, "Asia/Seoul", "2026-11-25 09:30") {
		t.Errorf("the visit starts at %d", got)
	}
	want := floor.Span{Start: instant(t, "Asia/Seoul", "2026-11-25 22:00"), End: instant(t, "Asia/Seoul", "2026-11-26 01:00")}
	if got := f.Interpreters[0].Shifts[1]; got != want {
		t.Errorf("the night shift is %v, want %v", got, want)
	}
}

func TestRead_TimesAreInTheEventsTimeZone(t *testing.T) {
	book := small()
	set(book, "event", 2, "time_zone", "Asia/Shanghai")
	if got := readOK(t, file(t, book)).Rounds[0].Plan.Start; got != instant(t, "Asia/Shanghai", "2026-11-24 13:30") {
		t.Errorf("R1 starts at %d", got)
	}
	set(book, "event", 2, "time_zone", "Europe/Berlin")
	set(book, "event", 2, "date", "2026-03-29") // 02:00 to 03:00 is left out that night
	set(book, "rounds", 2, "start", "02:30")
	_, faults := read(t, file(t, book))
	if len(faults) != 1 || at(faults[0]) != "rounds 2 start: no_such_time" {
		t.Errorf("got %v", places(faults))
	}
}

func TestRead_IgnoresEmptyRowsAndNotes(t *testing.T) {
	want := readOK(t, file(t, small()))
	book := small()
	book["companies"] = append(append(book["companies"][:2:2], []string{"", "  ", "\u3000"}, nil), book["companies"][2:]...)
	book["zones"] = append([][]string{nil, nil}, book["zones"]...) // a header further down
	book["#my notes"] = [][]string{{"anything"}}
	book["Sheet9"] = nil
	book["ReadMe"] = [][]string{{"anything"}}
	if diff := cmp.Diff(want, readOK(t, file(t, book))); diff != "" {
		t.Error(diff)
	}
	set(book, "companies", 5, "country", "KOREA") // rows are counted as Excel does
	_, faults := read(t, file(t, book))
	if len(faults) != 1 || at(faults[0]) != "companies 5 country: bad_country" {
		t.Errorf("got %v", places(faults))
	}
}
