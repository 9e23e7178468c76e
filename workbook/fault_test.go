package workbook

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mistake is a change that makes a workbook wrong, and all faults that Read must return for
// it.
type mistake struct {
	code  Code
	apply func(book map[string][][]string)
	want  []string
}

// cell changes a cell of the small workbook.
func cell(sheet string, row int, column, value string) func(map[string][][]string) {
	return func(book map[string][][]string) { set(book, sheet, row, column, value) }
}

func cells(changes ...func(map[string][][]string)) func(map[string][][]string) {
	return func(book map[string][][]string) {
		for _, s := range changes {
			s(book)
		}
	}
}

// appended appends a row to a sheet.
func appended(sheet string, values ...string) func(map[string][][]string) {
	return func(book map[string][][]string) { book[sheet] = append(book[sheet], values) }
}

var mistakes = []mistake{
	{MissingSheet, func(b map[string][][]string) { delete(b, "rounds") }, []string{": missing_sheet"}},
	{UnknownSheet, func(b map[string][][]string) { b["tabels"] = b["tables"] }, []string{"tabels: unknown_sheet"}},
	{DoubleSheet, func(b map[string][][]string) { b["구역"] = b["zones"] }, []string{"구역: double_sheet"}},
	{NoHeader, func(b map[string][][]string) { b["wishes"] = nil }, []string{"wishes 1: no_header"}},
	{MissingColumn, cell("tables", 1, "zone", "# zone"), []string{"tables 1 zone: missing_column"}},
	{MissingColumn, cell("rounds", 1, "start", "# start"), []string{"rounds 1 start: missing_column"}},
	{UnknownColumn, cell("companies", 1, "hom_table", "hom_table"), []string{"companies 1 hom_table: unknown_column"}},
	{DoubleColumn, cell("companies", 1, "국가", "국가"), []string{"companies 1 국가: double_column"}},
	{EventRows, appended("event", "two", "", "", "Two", "Asia/Seoul", "2026-11-24"), []string{"event 1: event_rows"}},

	{Missing, cell("companies", 2, "languages", ""), []string{"companies 2 languages: missing"}},
	{Missing, cell("companies", 2, "languages", " ; ，"), []string{"companies 2 languages: missing"}},
	{MissingName, cell("companies", 2, "name_ko", ""), []string{"companies 2 name_ko: missing_name"}},
	{BadCharacter, cell("companies", 2, "name_ko", "가온\u202e들"), []string{"companies 2 name_ko: bad_character"}},
	{BadCharacter, cell("attendees", 2, "title", "CEO\u200b"), []string{"attendees 2 title: bad_character"}},
	{BadCharacter, cell("attendees", 2, "title", "C\nEO"), []string{"attendees 2 title: bad_character"}},
	{TooLong, cell("companies", 2, "name_ko", strings.Repeat("가", 121)), []string{"companies 2 name_ko: too_long"}},
	{TooLong, cell("interpreters", 2, "skills", "LED;"+strings.Repeat("x", 41)), []string{"interpreters 2 skills: too_long"}},
	{TooLong, cell("interpreters", 2, "skills", strings.Repeat("x;", 1100)), []string{"interpreters 2 skills: too_long"}},
	{CellError, cell("tables", 2, "capacity", "#REF!"), []string{"tables 2 capacity: cell_error"}},
	{BadID, cell("zones", 3, "id", "B/1"), []string{"zones 3 id: bad_id", "tables 4 zone: unknown_ref"}},
	{BadID, cell("event", 2, "id", "행사"), []string{"event 2 id: bad_id"}},
	{Duplicate, appended("attendees", "k01a", "k01", "김서연"), []string{"attendees 8 id: duplicate"}},
	{Duplicate, appended("wishes", "k01", "c01", "2"), []string{"wishes 3 to: duplicate"}},
	{Duplicate, cells(cell("rounds", 2, "no", "1"), cell("rounds", 3, "no", "1")), []string{"rounds 3 no: duplicate"}},
	{UnknownRef, cell("meetings", 2, "host", "k77"), []string{"meetings 2 host: unknown_ref"}},
	{UnknownRef, func(b map[string][][]string) { delete(b, "interpreters") }, []string{"meetings 2 interpreter: unknown_ref", "meetings 3 interpreter: unknown_ref"}},
	{NearRef, cell("meetings", 2, "table", "t1"), []string{"meetings 2 table: near_ref"}},
	{ListedTwice, cell("displays", 2, "zones", "A; B; A"), []string{"displays 2 zones: listed_twice"}},
	{ListedTwice, cell("interpreters", 2, "pairs", "ko-zh; zh-ko"), []string{"interpreters 2 pairs: listed_twice"}},
	{ListedTwice, cell("companies", 2, "languages", "ko; kor"), []string{"companies 2 languages: listed_twice"}},
	{BadNumber, cell("tables", 2, "capacity", "six"), []string{"tables 2 capacity: bad_number"}},
	{BadNumber, cell("tables", 2, "capacity", "2.5"), []string{"tables 2 capacity: bad_number"}},
	{BadNumber, cell("tables", 4, "capacity", "0"), []string{"tables 4 capacity: bad_number"}},
	{BadNumber, cell("wishes", 2, "priority", "NaN"), []string{"wishes 2 priority: bad_number"}},
	{BadNumber, cell("agenda", 2, "absorbs_min", "20"), []string{"agenda 2 absorbs_min: bad_number"}},
	{BadYesNo, cell("meetings", 2, "locked", "perhaps"), []string{"meetings 2 locked: bad_yes_no"}},
	{BadChoice, cell("agenda", 2, "kind", "party"), []string{"agenda 2 kind: bad_choice"}},
	{BadCountry, cell("companies", 2, "country", "한국"), []string{"companies 2 country: bad_country"}},
	{BadLanguage, cell("companies", 2, "languages", "ko; qqq"), []string{"companies 2 languages: bad_language"}},
	{NearLanguage, cell("companies", 2, "languages", "ko; cn"), []string{"companies 2 languages: near_language"}},
	{NearLanguage, cell("meetings", 2, "pair", "kr-zh"), []string{"meetings 2 pair: near_language"}},
	{BadLanguage, cell("meetings", 2, "pair", "ko-xx"), []string{"meetings 2 pair: bad_language"}},
	{BadPair, cell("interpreters", 2, "pairs", "ko"), []string{"interpreters 2 pairs: bad_pair"}},
	{BadPair, cell("meetings", 2, "pair", "ko-ko"), []string{"meetings 2 pair: bad_pair"}},
	{BadTimeZone, cell("event", 2, "time_zone", "Seoul"), []string{"event 2 time_zone: bad_time_zone"}},
	{BadDate, cell("event", 2, "date", "24.11."), []string{"event 2 date: bad_date"}},
	{BadDate, cell("rounds", 2, "day", "2026-02-30"), []string{"rounds 2 day: bad_date"}},
	{BadTime, cell("rounds", 2, "start", "half past"), []string{"rounds 2 start: bad_time"}},
	{BadTime, cell("rounds", 2, "start", "25:00"), []string{"rounds 2 start: bad_time"}},
	{BadTime, cell("rounds", 2, "start", "46350"), []string{"rounds 2 start: bad_time"}}, // a date alone
	{NoDate, cell("event", 2, "date", ""), []string{"event 2 date: no_date"}},
	{NoSuchTime, cells(cell("event", 2, "time_zone", "Europe/Berlin"), cell("event", 2, "date", "2026-03-29"), cell("rounds", 2, "start", "02:30")), []string{"rounds 2 start: no_such_time"}},
	{BadShift, cell("interpreters", 2, "shifts", "afternoon"), []string{"interpreters 2 shifts: bad_shift"}},
	{BadShift, cell("interpreters", 2, "shifts", "18:00-13:00"), []string{"interpreters 2 shifts: bad_shift"}},
	{EndFirst, cell("rounds", 3, "end", "13:59"), []string{"rounds 3 end: end_first"}},

	{HalfPlace, cell("meetings", 2, "table", ""), []string{"meetings 2 table: half_place"}},
	{HalfPlace, cell("meetings", 2, "round", ""), []string{"meetings 2 round: half_place"}},
	{SameCompany, cell("meetings", 4, "guest", "k02"), []string{"meetings 4 guest: same_company"}},
	{SameCompany, cell("wishes", 2, "to", "k01"), []string{"wishes 2 to: same_company"}},
	{NoPeople, cell("attendees", 7, "company", "c01"), []string{"meetings 4 guest: no_people"}},
	{OtherCompany, cell("meetings", 3, "guest_people", "c02a"), []string{"meetings 3 guest_people: other_company"}},
	{HomeTaken, cell("companies", 3, "home_table", "T01"), []string{"companies 3 home_table: home_taken"}},
	{TableTwice, appended("meetings", "m4", "R1", "T01", "k02", "c02"), []string{"meetings 5 table: table_twice"}},
	{TableSmall, cell("meetings", 2, "table", "T03"), []string{"meetings 2 table: table_small"}},
	{PersonTwice, appended("meetings", "m4", "R1", "T02", "k01", "c02"), []string{"meetings 5 host: person_twice"}},
	{PersonTwice, appended("meetings", "m4", "R2", "T01", "k01", "c01", "", "c01b"), []string{"meetings 5 guest: person_twice"}},
	{InterpreterTwice, appended("meetings", "m4", "R1", "T02", "k02", "c02", "", "", "ko-zh", "i01"), []string{"meetings 5 interpreter: interpreter_twice"}},
	{InterpreterPair, cell("meetings", 2, "interpreter", "i02"), []string{"meetings 2 interpreter: interpreter_pair"}},
	{InterpreterNoPair, cell("meetings", 2, "pair", ""), []string{"meetings 2 pair: interpreter_no_pair"}},
	{InterpreterShift, cell("interpreters", 2, "shifts", "14:00-18:00"), []string{"meetings 2 interpreter: interpreter_shift"}},
	{RoundsOverlap, cell("rounds", 3, "start", "13:50"), []string{"rounds 3 start: rounds_overlap"}},
}

func TestRead_NamesASingleMistakeAndItsPlace(t *testing.T) {
	for _, s := range mistakes {
		t.Run(string(s.code), func(t *testing.T) {
			book := small()
			s.apply(book)
			_, faults := read(t, file(t, book))
			got := places(faults)
			if !slices.Equal(got, s.want) {
				t.Errorf("got %q, want %q", got, s.want)
			}
		})
	}
}

// With all mistakes in one workbook there must be as many faults, in the order of sheets,
// rows and columns.
func TestRead_NamesAllMistakesInOrder(t *testing.T) {
	book := small()
	cells(
		cell("event", 2, "grace_min", "-1"), cell("agenda", 2, "kind", "party"), cell("tables", 2, "zone", "Z"),
		cell("companies", 2, "country", "K"), cell("companies", 2, "languages", "xx"), cell("companies", 5, "standby", "?"),
		appended("attendees", "k01a", "k01", "김서연"), cell("staff", 2, "role", "boss"), cell("interpreters", 3, "pairs", "ko+en"),
		cell("displays", 2, "zones", "A; Q"), appended("meetings", "m4", "R1", "T02", "k01", "c02"), cell("wishes", 2, "priority", "0"),
	)(book)
	_, faults := read(t, file(t, book))
	want := []string{
		"event 2 grace_min: bad_number", "agenda 2 kind: bad_choice", "tables 2 zone: unknown_ref",
		"companies 2 country: bad_country", "companies 2 languages: bad_language", "companies 5 standby: bad_yes_no",
		"attendees 8 id: duplicate", "staff 2 role: bad_choice", "interpreters 3 pairs: bad_pair",
		"displays 2 zones: unknown_ref", "meetings 5 host: person_twice", "wishes 2 priority: bad_number",
	}
	if got := places(faults); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// Faults name sheets and columns as the workbook does.
func TestFault_UsesTheWorkbooksOwnNames(t *testing.T) {
	book := small()
	book["企业"] = book["companies"]
	delete(book, "companies")
	set(book, "企业", 1, "country", "国家")
	set(book, "企业", 2, "国家", "Korea")
	_, faults := read(t, file(t, book))
	if got := places(faults); !slices.Equal(got, []string{"企业 2 国家: bad_country"}) {
		t.Errorf("got %q", got)
	}
	if want := "企业, row 2, 国家: “Korea” is not a country code. Write two letters, for example KR or CN."; faults[0].Error() != want {
		t.Errorf("got %s", faults[0].Error())
	}
}

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// Each code must occur in a test, and its sentence must have no unfilled placeholder.
func TestCodes_EachHasATestCase(t *testing.T) {
	reached := map[Code]bool{ // by the tests of files, in hostile_test.go; Rule is what has no sentence of its own
		FileTooBig: true, FileNotXLSX: true, FileLocked: true, FileBroken: true, MoreFaults: true, TooManyRows: true, TooWide: true, Rule: true,
	}
	for _, s := range mistakes {
		reached[s.code] = true
		book := small()
		s.apply(book)
		_, faults := read(t, file(t, book))
		for _, f := range faults {
			if left := placeholder.FindString(f.Error()); left != "" || Message(f.Code) == "" {
				t.Errorf("%s has no %s: %s", f.Code, left, f.Error())
			}
			for name := range f.Params {
				if !strings.Contains(Message(f.Code), "{"+name+"}") {
					t.Errorf("%s does not use its parameter %s", f.Code, name)
				}
			}
		}
	}
	seen := map[Code]bool{}
	for _, code := range Codes() {
		if !reached[code] {
			t.Errorf("no test reaches %s", code)
		}
		if seen[code] {
			t.Errorf("%s stands twice", code)
		}
		seen[code] = true
	}
}

func TestFault_ShortensQuotedText(t *testing.T) {
	book := small()
	set(book, "companies", 2, "country", strings.Repeat("K", 1900))
	_, faults := read(t, file(t, book))
	if len(faults) != 1 || len(faults[0].Error()) > 300 {
		t.Errorf("got %v", faults)
	}
}
