package demo

import (
	"bytes"
	"fmt"

	"github.com/xuri/excelize/v2"

	"github.com/matchfloor/matchfloor/workbook"
)

// WithBadRows returns the sample workbook with the three mistakes of the acceptance
// day, and the faults that reading it must return: a company with an unknown language, a
// person listed twice, and a company in two meetings of one round. The caller owns the
// bytes.
func WithBadRows() ([]byte, []workbook.Fault, error) {
	f, err := excelize.OpenReader(bytes.NewReader(forumXLSX))
	if err != nil {
		return nil, nil, fmt.Errorf("open the sample workbook: %w", err)
	}
	faults, err := addMistakes(f)
	if err != nil {
		return nil, nil, fmt.Errorf("add mistakes to the sample workbook: %w", err)
	}
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		return nil, nil, fmt.Errorf("write the workbook with mistakes: %w", err)
	}
	return out.Bytes(), faults, f.Close()
}

func addMistakes(f *excelize.File) ([]workbook.Fault, error) {
	companies, err := f.GetRows("companies")
	if err != nil {
		return nil, err
	}
	attendees, err := f.GetRows("attendees")
	if err != nil {
		return nil, err
	}
	meetings, err := f.GetRows("meetings")
	if err != nil {
		return nil, err
	}
	company := rowOf(companies, "c23")
	if err := f.SetCellStr("companies", cellOf(companies, "languages", company), "zh; cn"); err != nil {
		return nil, err
	}
	person, again := rowOf(attendees, "c17b"), len(attendees)+1
	if err := f.SetSheetRow("attendees", fmt.Sprintf("A%d", again), &attendees[person-1]); err != nil {
		return nil, err
	}
	booked, twice := rowAt(meetings, "R3", "T05"), len(meetings)+1
	if booked == 0 {
		return nil, fmt.Errorf("no meeting is at T05 in R3")
	}
	wrong := map[string]string{"id": "m169", "round": "R3", "table": "T25", "host": "k05", "guest": freeGuest(meetings, "R3"), "pair": "ko-zh"}
	for column, value := range wrong {
		if err := f.SetCellStr("meetings", cellOf(meetings, column, twice), value); err != nil {
			return nil, err
		}
	}
	return []workbook.Fault{
		{Sheet: "companies", Row: company, Column: "languages", Code: workbook.NearLanguage, Params: map[string]string{"value": "cn", "near": "zh"}},
		{Sheet: "attendees", Row: again, Column: "id", Code: workbook.Duplicate, Params: map[string]string{"value": "c17b", "row": fmt.Sprint(person)}},
		{Sheet: "meetings", Row: twice, Column: "host", Code: workbook.PersonTwice, Params: map[string]string{
			"person": "k05a, k05b", "round": "R3", "meeting": meetings[booked-1][0], "row": fmt.Sprint(booked),
		}},
	}, nil
}

// rowOf returns the row of an id, counted from 1; 0 if there is none. The id is in the
// first column.
func rowOf(rows [][]string, id string) int {
	for i, r := range rows {
		if len(r) > 0 && r[0] == id {
			return i + 1
		}
	}
	return 0
}

func columnOf(rows [][]string, column string) int {
	for i, title := range rows[0] {
		if title == column {
			return i
		}
	}
	return 0
}

func cellOf(rows [][]string, column string, row int) string {
	name, err := excelize.CoordinatesToCellName(columnOf(rows, column)+1, row)
	if err != nil { // a row or column below 1, which the callers do not pass
		return ""
	}
	return name
}

func rowAt(meetings [][]string, round, table string) int {
	inRound, atTable := columnOf(meetings, "round"), columnOf(meetings, "table")
	for i, r := range meetings {
		if r[inRound] == round && r[atTable] == table {
			return i + 1
		}
	}
	return 0
}

// freeGuest returns a company that is a guest in another round, but not in this one.
func freeGuest(meetings [][]string, round string) string {
	inRound, guest := columnOf(meetings, "round"), columnOf(meetings, "guest")
	busy := map[string]bool{}
	for _, r := range meetings[1:] {
		if r[inRound] == round {
			busy[r[guest]] = true
		}
	}
	for _, r := range meetings[1:] {
		if !busy[r[guest]] {
			return r[guest]
		}
	}
	return ""
}
