package workbook

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/matchfloor/matchfloor/floor"
)

// parts returns the files in the archive of a workbook.
func parts(t testing.TB, file []byte) map[string][]byte {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	inside := map[string][]byte{}
	for _, p := range archive.File {
		r, err := p.Open()
		if err != nil {
			t.Fatal(err)
		}
		if inside[p.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return inside
}

func zipParts(t testing.TB, inside map[string][]byte) []byte {
	t.Helper()
	return zipPartsWith(t, inside, zip.Deflate)
}

// zipPartsWith makes an archive with a compression method.
func zipPartsWith(t testing.TB, inside map[string][]byte, method uint16) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(inside)) {
		p, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Write(inside[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const attendeesPart = "xl/worksheets/sheet3.xml" // of the small workbook

// withPart returns the small workbook with a replacement in one of its parts.
func withPart(t testing.TB, part, old, with string) []byte {
	t.Helper()
	inside := parts(t, file(t, small()))
	if !bytes.Contains(inside[part], []byte(old)) {
		t.Fatalf("%s has no %s", part, old)
	}
	inside[part] = bytes.ReplaceAll(inside[part], []byte(old), []byte(with))
	return zipParts(t, inside)
}

func TestRead_RefusesFilesThatAreNoWorkbook(t *testing.T) {
	good := file(t, small())
	bomb := parts(t, good)
	bomb["xl/media/image1.png"] = make([]byte, maxUnpacked)
	many := parts(t, good)
	for i := range maxParts {
		many[fmt.Sprint("xl/media/", i)] = nil
	}
	for name, c := range map[string]struct {
		file []byte
		want Code
	}{
		"empty":           {nil, FileNotXLSX},
		"text":            {[]byte("id,name\nT01,Table"), FileNotXLSX},
		"pdf":             {[]byte("%PDF-1.7"), FileNotXLSX},
		"another archive": {zipParts(t, map[string][]byte{"a.txt": []byte("a")}), FileNotXLSX},
		"xls or password": {append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), make([]byte, 512)...), FileLocked},
		"zip magic only":  {[]byte("PK\x03\x04"), FileBroken},
		"too large":       {make([]byte, MaxFile+1), FileTooBig},
		"a zip bomb":      {zipParts(t, bomb), FileTooBig},
		"too many parts":  {zipParts(t, many), FileTooBig},
		"half a sheet":    {withPart(t, attendeesPart, "</sheetData>", "<row"), FileBroken},
		"broken workbook": {withPart(t, "xl/workbook.xml", "<sheets>", "<sheets"), FileBroken},
	} {
		t.Run(name, func(t *testing.T) {
			_, faults := read(t, c.file)
			if len(faults) != 1 || faults[0].Code != c.want || faults[0].Sheet != "" {
				t.Errorf("got %v, want %s", faults, c.want)
			}
		})
	}
}

// A part that unpacks to more than it declares is read only up to the declared size.
func TestRead_RefusesAPartLargerThanDeclared(t *testing.T) {
	file := zipParts(t, func() map[string][]byte {
		inside := parts(t, file(t, small()))
		inside["xl/media/big"] = bytes.Repeat([]byte{0}, 4<<20)
		return inside
	}())
	at := bytes.Index(file, []byte("PK\x01\x02"))
	for at >= 0 && !bytes.HasPrefix(file[at+46:], []byte("xl/media/big")) {
		at += 4 + bytes.Index(file[at+4:], []byte("PK\x01\x02"))
	}
	copy(file[at+24:], []byte{10, 0, 0, 0}) // the size in the directory
	_, faults := read(t, file)
	if len(faults) != 1 || faults[0].Code != FileBroken {
		t.Errorf("got %v", faults)
	}
}

func TestRead_DoesNotReadATooLargeFile(t *testing.T) {
	r := iotest.ErrReader(errors.New("was read"))
	if _, faults, err := Read(r, MaxFile+1); err != nil || len(faults) != 1 || faults[0].Code != FileTooBig {
		t.Errorf("got %v, %v", faults, err)
	}
	if _, _, err := Read(r, -1); err == nil {
		t.Error("the reader's error was swallowed")
	}
}

// Reading a truncated or altered workbook must soon end in faults.
func TestRead_DamagedFilesGiveFaults(t *testing.T) {
	good := file(t, small())
	for n := 0; n < len(good); n += 1 + len(good)/100 {
		if _, faults := read(t, good[:n]); len(faults) == 0 {
			t.Fatalf("the first %d of %d bytes were taken for a workbook", n, len(good))
		}
	}
	want := readOK(t, good)
	bent := bytes.Clone(good)
	for n := 0; n < len(good); n += 1 + len(good)/250 {
		bent[n] ^= 0x55
		got, faults := read(t, bent)
		if diff := cmp.Diff(want, got); len(faults) == 0 && diff != "" { // some bytes of an archive mean nothing
			t.Fatalf("a workbook bent at byte %d was taken for another one: %s", n, diff)
		}
		bent[n] = good[n]
	}
}

func TestRead_StopsEarlyInHugeSheets(t *testing.T) {
	rows := func(n int, row string) string {
		return strings.Repeat(row, n) + "</sheetData>"
	}
	for name, c := range map[string]struct {
		file []byte
		want []string
	}{
		"many rows":     {withPart(t, attendeesPart, "</sheetData>", rows(60_000, `<row><c t="str"><v>x</v></c></row>`)), []string{": too_many_rows"}},
		"the last row":  {withPart(t, attendeesPart, "</sheetData>", `<row r="1048576"><c r="A1048576" t="str"><v>x</v></c></row></sheetData>`), nil},
		"beyond it":     {withPart(t, attendeesPart, "</sheetData>", `<row r="1048577"><c r="A1048577" t="str"><v>x</v></c></row></sheetData>`), []string{": file_broken"}},
		"wide rows":     {withPart(t, attendeesPart, "</sheetData>", rows(60_000, `<row><c r="XFD9" t="str"><v>x</v></c></row>`)), []string{": too_wide"}},
		"wide nothing":  {withPart(t, attendeesPart, "</sheetData>", rows(60_000, `<row><c r="XFD9" t="str"><v> </v></c></row>`)), []string{": too_wide"}},
		"beyond column": {withPart(t, attendeesPart, "</sheetData>", `<row><c r="ZZZZ9" t="str"><v>x</v></c></row></sheetData>`), []string{": file_broken"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, faults := read(t, c.file)
			if c.want == nil { // some cell is needed in that row
				if len(faults) == 0 || faults[len(faults)-1].Row != 1048576 {
					t.Errorf("got %q", places(faults))
				}
				return
			}
			found := slices.ContainsFunc(faults, func(f Fault) bool { return ": "+string(f.Code) == c.want[0] })
			if !found {
				t.Errorf("got %q, want %q", places(faults), c.want)
			}
		})
	}
}

// With many mistakes the faults are bounded, and the last one says how many were left out.
func TestRead_BoundsTheNumberOfFaults(t *testing.T) {
	book := small()
	for i := range 3000 {
		book["attendees"] = append(book["attendees"], []string{fmt.Sprintf("x%04d", i), "k99", "", "", "a\u202eb"})
	}
	_, faults := read(t, file(t, book))
	last := faults[len(faults)-1]
	if len(faults) != maxFaults+1 || last.Code != MoreFaults || last.Params["count"] != itoa(9000-maxFaults) {
		t.Errorf("%d faults, the last %v", len(faults), last)
	}
}

func TestRead_RefusesMoreEntriesThanTheFloorHolds(t *testing.T) {
	book := small()
	for i := range 101 {
		book["rounds"] = append(book["rounds"], []string{fmt.Sprint("X", i), fmt.Sprintf("%02d:%02d", 15+i/60, i%60), fmt.Sprintf("%02d:%02d", 15+(i+1)/60, (i+1)%60)})
	}
	_, faults := read(t, file(t, book))
	if got := places(faults); !slices.Equal(got, []string{"rounds: too_many_rows"}) {
		t.Errorf("got %q", got)
	}
}

// Only the first of merged cells has a value; the others must have faults.
func TestRead_NamesMergedCells(t *testing.T) {
	book := small()
	set(book, "attendees", 3, "company", "")
	merged := fileWith(t, book, func(f *excelize.File) {
		if err := f.MergeCell("attendees", "B2", "B3"); err != nil {
			t.Fatal(err)
		}
	})
	_, faults := read(t, merged)
	if got := places(faults); !slices.Equal(got, []string{"attendees 3 company: missing"}) {
		t.Errorf("got %q", got)
	}
}

// A full workbook of 300 tables and 20 rounds must be read within seconds.
func TestRead_LargeForumTakesSeconds(t *testing.T) {
	want := large(300, 20)
	book := written(t, want)
	start := time.Now()
	got := readOK(t, book)
	took := time.Since(start)
	t.Logf("%d meetings, %d attendees, %d KiB, read in %v", len(got.Meetings), len(got.Attendees), len(book)>>10, took)
	if len(got.Meetings) != 6000 || took > time.Minute { // it takes one second; a bound for slow machines under the race detector
		t.Errorf("%d meetings in %v", len(got.Meetings), took)
	}
}

// large returns a forum in which every table is taken in every round.
func large(tables, rounds int) floor.Forum {
	f := floor.Forum{
		Event: floor.Event{ID: "large", Name: floor.Text{En: "Large"}, TimeZone: "Asia/Seoul"},
		Zones: []floor.Zone{{ID: "A", Name: floor.Text{En: "A"}}},
	}
	at := floor.Instant(1795492800000)
	for r := range rounds {
		s := floor.Span{Start: at, End: at + 10*floor.Minute}
		at = s.End + floor.Minute
		f.Rounds = append(f.Rounds, floor.Round{ID: floor.RoundID(fmt.Sprint("R", r+1)), No: r + 1, Slot: slotOf(s)})
	}
	side := func(kind string, n int) floor.Party {
		c := floor.CompanyID(fmt.Sprintf("%s%03d", kind, n))
		p := floor.Party{Company: c, Presence: floor.Expected}
		for i := range 3 {
			p.People = append(p.People, floor.AttendeeID(fmt.Sprint(c, "-", i)))
		}
		return p
	}
	for i := range tables {
		f.Tables = append(f.Tables, floor.Table{ID: floor.TableID(fmt.Sprintf("T%03d", i)), Label: fmt.Sprint(i), Zone: "A", Capacity: 6})
		f.Interpreters = append(f.Interpreters, floor.Interpreter{ID: floor.InterpreterID(fmt.Sprintf("i%03d", i)), Name: floor.Text{Ko: "통역"}, Pairs: []floor.Pair{"ko-zh"}, Duty: floor.OffDuty})
		for _, kind := range []string{"k", "c"} {
			p := side(kind, i)
			f.Companies = append(f.Companies, floor.Company{ID: p.Company, Name: floor.Text{Ko: "회사", Zh: "公司"}, Country: "KR", Languages: []floor.Lang{"ko"}})
			for _, a := range p.People {
				f.Attendees = append(f.Attendees, floor.Attendee{ID: a, Company: p.Company, Name: floor.Text{Ko: "김서연", En: "Kim Seoyeon"}, Title: "CEO"})
			}
		}
		for r := range rounds {
			f.Meetings = append(f.Meetings, floor.Meeting{
				ID: floor.MeetingID(fmt.Sprintf("m%03d-%02d", i, r)), Place: floor.Place{Round: f.Rounds[r].ID, Table: f.Tables[i].ID},
				Host: side("k", i), Guest: side("c", (i+r)%tables), Pair: "ko-zh", Interpreter: f.Interpreters[i].ID,
			})
		}
	}
	return f
}

// FuzzRead reads arbitrary bytes. Read must not panic or hang, and a forum that it returns
// must be writable.
func FuzzRead(f *testing.F) {
	f.Add(file(f, small()))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, file []byte) {
		forum, faults, err := Read(bytes.NewReader(file), -1)
		if err != nil {
			t.Fatal(err)
		}
		if len(faults) == 0 {
			written(t, forum)
		}
	})
}

// FuzzCell puts arbitrary text into a cell. Read must return a forum that survives a round
// trip, or faults with complete sentences.
func FuzzCell(f *testing.F) {
	for i, value := range append(awkwardTexts, "ko-zh", "R1", "46350.5", "99999999999999999999", "-0", "0x10", "Inf", "13:00-18:00;;", "\x00", "\xff", "2026-02-30 25:61") {
		f.Add(uint(i), uint(i/3), uint(i/2), value)
	}
	f.Fuzz(func(t *testing.T, sheet, row, column uint, value string) {
		book := small()
		name := layouts[sheet%uint(len(layouts))].Name
		rows := book[name]
		set(book, name, 1+int(row%uint(len(rows)+1)), rows[0][column%uint(len(rows[0]))], value)
		forum, faults := read(t, file(t, book))
		for _, fault := range faults {
			if placeholder.MatchString(Message(fault.Code)) == (len(fault.Params) == 0) {
				t.Errorf("%+v", fault)
			}
		}
		if len(faults) == 0 {
			again := readOK(t, written(t, forum))
			if diff := cmp.Diff(forum, again); diff != "" {
				t.Error(diff)
			}
		}
	})
}
