package workbook

import (
	"bytes"
	"maps"
	"slices"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/matchfloor/matchfloor/floor"
)

// small returns a valid workbook as rows of text: sheet → rows, of which the first is the
// header.
func small() map[string][][]string {
	return map[string][][]string{
		"event": {
			{"id", "name_ko", "name_zh", "name_en", "time_zone", "date"},
			{"small", "작은 상담회", "小型对接会", "Small forum", "Asia/Seoul", "2026-11-24"},
		},
		"zones":  {{"id", "name_en"}, {"A", "Zone A"}, {"B", "Zone B"}},
		"tables": {{"id", "label", "zone", "capacity"}, {"T01", "01", "A", "6"}, {"T02", "02", "A", "6"}, {"T03", "03", "B", "3"}},
		"rounds": {{"id", "start", "end"}, {"R1", "13:30", "13:55"}, {"R2", "14:00", "14:25"}},
		"agenda": {{"id", "kind", "name_en", "start", "end", "absorbs_min"}, {"tea", "break", "Tea", "14:25", "14:45", "10"}},
		"companies": {
			{"id", "name_ko", "name_zh", "country", "languages", "home_table", "standby"},
			{"k01", "가온들솔라", "", "KR", "ko", "T01", ""},
			{"k02", "나래울워터텍", "", "KR", "ko; en", "T02", ""},
			{"c01", "", "澄岚溪光伏", "CN", "zh", "", ""},
			{"c02", "", "云栖砚水务", "CN", "zh", "", "yes"},
		},
		"attendees": {
			{"id", "company", "name_ko", "name_zh", "title"},
			{"k01a", "k01", "김서연", "", "CEO"}, {"k01b", "k01", "이도윤", "", ""}, {"k02a", "k02", "박하준", "", ""},
			{"c01a", "c01", "", "王雨桐", ""}, {"c01b", "c01", "", "李浩然", ""}, {"c02a", "c02", "", "张思远", ""},
		},
		"staff":        {{"id", "name_ko", "role", "zones"}, {"s1", "윤도하", "lead", ""}, {"s2", "최민", "moderator", "A"}, {"r1", "한결", "runner", ""}},
		"interpreters": {{"id", "name_ko", "pairs", "skills", "shifts", "floater"}, {"i01", "최유진", "ko-zh", "LED", "13:00-18:00", ""}, {"i02", "강재하", "ko-en", "", "", "yes"}},
		"displays":     {{"id", "name", "zones", "languages"}, {"d1", "Zone A", "A", "ko; zh"}},
		"meetings": {
			{"id", "round", "table", "host", "guest", "host_people", "guest_people", "pair", "interpreter", "locked"},
			{"m1", "R1", "T01", "k01", "c01", "", "", "ko-zh", "i01", ""},
			{"m2", "R2", "T02", "k02", "c01", "", "c01b", "ko-zh", "i01", "yes"},
			{"m3", "", "", "k02", "c02", "", "", "", "", ""},
		},
		"wishes": {{"from", "to", "priority"}, {"k01", "c01", "1"}},
	}
}

// set sets the cell below a header in a row that is counted as in Excel. It adds the column
// and rows if they are missing.
func set(book map[string][][]string, sheet string, row int, column, value string) {
	rows := book[sheet]
	at := slices.Index(rows[0], column)
	if at < 0 {
		rows[0] = append(rows[0], column)
		at = len(rows[0]) - 1
	}
	for len(rows) < row {
		rows = append(rows, nil)
	}
	for len(rows[row-1]) <= at {
		rows[row-1] = append(rows[row-1], "")
	}
	rows[row-1][at] = value
	book[sheet] = rows
}

// file returns a workbook with these rows, every value as text.
func file(t testing.TB, book map[string][][]string) []byte {
	t.Helper()
	return fileWith(t, book, func(*excelize.File) {})
}

func fileWith(t testing.TB, book map[string][][]string, also func(*excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	for _, sheet := range slices.Sorted(maps.Keys(book)) {
		rows := book[sheet]
		if _, err := f.NewSheet(sheet); err != nil {
			t.Fatal(err)
		}
		for r, row := range rows {
			for c, value := range row {
				cell, err := excelize.CoordinatesToCellName(c+1, r+1)
				if err != nil {
					t.Fatal(err)
				}
				if value == "" {
					continue
				}
				if err := f.SetCellStr(sheet, cell, value); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := f.SetSheetName("Sheet1", "#scratch"); err != nil {
		t.Fatal(err)
	}
	also(f)
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func read(t testing.TB, file []byte) (floor.Forum, []Fault) {
	t.Helper()
	forum, faults, err := Read(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if len(faults) > 0 && forum.Event.ID != "" {
		t.Fatal("Read returned a forum and faults")
	}
	return forum, faults
}

func readOK(t testing.TB, file []byte) floor.Forum {
	t.Helper()
	forum, faults := read(t, file)
	for _, f := range faults {
		t.Error(f.Error())
	}
	if len(faults) > 0 {
		t.FailNow()
	}
	return forum
}

// at describes a fault in short form: "meetings 3 host: unknown_ref".
func at(f Fault) string {
	s := f.Sheet
	if f.Row != 0 {
		s += " " + itoa(f.Row)
	}
	if f.Column != "" {
		s += " " + f.Column
	}
	return s + ": " + string(f.Code)
}

func places(faults []Fault) []string {
	var out []string
	for _, f := range faults {
		out = append(out, at(f))
	}
	return out
}
