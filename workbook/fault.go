package workbook

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Code names a kind of fault. Its sentences for people are the entries "workbook.<code>" of
// the catalogs, with the parameters as placeholders. The English sentences are repeated here
// for the command line.
type Code string

// The codes. The sentences below name the parameters of each.
const (
	FileTooBig    Code = "file_too_big"
	FileNotXLSX   Code = "file_not_xlsx"
	FileLocked    Code = "file_locked"
	FileBroken    Code = "file_broken"
	MoreFaults    Code = "more_faults"
	TooManyRows   Code = "too_many_rows"
	TooWide       Code = "too_wide"
	MissingSheet  Code = "missing_sheet"
	UnknownSheet  Code = "unknown_sheet"
	DoubleSheet   Code = "double_sheet"
	NoHeader      Code = "no_header"
	MissingColumn Code = "missing_column"
	UnknownColumn Code = "unknown_column"
	DoubleColumn  Code = "double_column"
	EventRows     Code = "event_rows"

	Missing      Code = "missing"
	MissingName  Code = "missing_name"
	BadCharacter Code = "bad_character"
	TooLong      Code = "too_long"
	CellError    Code = "cell_error"
	BadID        Code = "bad_id"
	Duplicate    Code = "duplicate"
	UnknownRef   Code = "unknown_ref"
	NearRef      Code = "near_ref"
	ListedTwice  Code = "listed_twice"
	BadNumber    Code = "bad_number"
	BadYesNo     Code = "bad_yes_no"
	BadChoice    Code = "bad_choice"
	BadCountry   Code = "bad_country"
	BadLanguage  Code = "bad_language"
	NearLanguage Code = "near_language"
	BadPair      Code = "bad_pair"
	BadTimeZone  Code = "bad_time_zone"
	BadDate      Code = "bad_date"
	BadTime      Code = "bad_time"
	NoDate       Code = "no_date"
	NoSuchTime   Code = "no_such_time"
	BadShift     Code = "bad_shift"
	EndFirst     Code = "end_first"

	HalfPlace         Code = "half_place"
	SameCompany       Code = "same_company"
	NoPeople          Code = "no_people"
	OtherCompany      Code = "other_company"
	HomeTaken         Code = "home_taken"
	TableTwice        Code = "table_twice"
	TableSmall        Code = "table_small"
	PersonTwice       Code = "person_twice"
	InterpreterTwice  Code = "interpreter_twice"
	InterpreterPair   Code = "interpreter_pair"
	InterpreterNoPair Code = "interpreter_no_pair"
	InterpreterShift  Code = "interpreter_shift"
	RoundsOverlap     Code = "rounds_overlap"
	Rule              Code = "rule"
)

// sentence is what a person reads for a code: first what is wrong, then what to do. {name}
// stands for the parameter of that name.
type sentence struct {
	code Code
	text string
}

var sentences = []sentence{
	{FileTooBig, "The file is too large: at most {limit} MiB, unpacked too. Remove pictures and empty formatted rows, then save it again."},
	{FileNotXLSX, "This is not an .xlsx workbook. Save it as “Excel Workbook (.xlsx)”."},
	{FileLocked, "This is an old .xls file or a workbook with a password. Save it as .xlsx without a password."},
	{FileBroken, "The workbook is damaged and cannot be read. Open it in a spreadsheet program and save it again."},
	{MoreFaults, "There are {count} more errors. Correct those above first, then check the file again."},
	{TooManyRows, "The sheet has too many rows: at most {limit}. Remove what is not needed."},
	{TooWide, "The row has too many columns: at most {limit}. Remove what stands to the right of the table."},
	{MissingSheet, "The workbook has no sheet “{sheet}”. Add it with the columns {columns}."},
	{UnknownSheet, "No sheet of this name is known. Known are: {sheets}. Put # before the name of a sheet that is only for you."},
	{DoubleSheet, "This sheet is there twice, also as “{other}”. Keep one of them."},
	{NoHeader, "The sheet is empty. Its first row must name the columns: {columns}."},
	{MissingColumn, "The column is missing. Add it to the header row."},
	{UnknownColumn, "No column of this name is known here. Known are: {columns}. Put # before the name of a column that is only for you."},
	{DoubleColumn, "This column is there twice, also as “{other}”. Keep one of them."},
	{EventRows, "The sheet describes {count} events. It must have exactly one row below the header."},

	{Missing, "The cell is empty but needed here, for example {example}. Of merged cells only the first one counts: undo the merging."},
	{MissingName, "There is no name. Fill in at least one of name_ko, name_zh and name_en."},
	{BadCharacter, "The text has an invisible or control character ({char}). Delete the text and type it again."},
	{TooLong, "The text is too long: at most {limit} characters."},
	{CellError, "The cell's formula failed ({value}). Put the value itself there."},
	{BadID, "“{value}” cannot be an id. Use 1 to 40 of the letters A–Z a–z, digits, - and _."},
	{Duplicate, "“{value}” already stands in row {row}. Each may stand once: remove one row or give it another id."},
	{UnknownRef, "“{value}” does not stand in the sheet {of}. Use an id from there, or add it there."},
	{NearRef, "“{value}” does not stand in the sheet {of}. Is {near} meant?"},
	{ListedTwice, "“{value}” is listed twice. Once is enough."},
	{BadNumber, "“{value}” is not a whole number from {min} to {max}."},
	{BadYesNo, "“{value}” is neither yes nor no. Write yes or no, or O or X; empty is no."},
	{BadChoice, "“{value}” is not possible here. Write one of: {choices}."},
	{BadCountry, "“{value}” is not a country code. Write two letters, for example KR or CN."},
	{BadLanguage, "“{value}” is not a known language. Write its code, for example ko, zh or en."},
	{NearLanguage, "“{value}” is the code of a country, not of a language. Is {near} meant?"},
	{BadPair, "“{value}” is not a pair of two languages. Write it like ko-zh."},
	{BadTimeZone, "“{value}” is not a known time zone. Write it like Asia/Seoul or Asia/Shanghai."},
	{BadDate, "“{value}” is not a date. Write it like 2026-11-24."},
	{BadTime, "“{value}” is not a time. Write it like 13:30, or 2026-11-24 13:30."},
	{NoDate, "It is not said on which day “{value}” is. Fill in the date in the sheet event, or write 2026-11-24 13:30."},
	{NoSuchTime, "“{value}” does not exist in the event's time zone, because the clocks change then. Choose another time."},
	{BadShift, "“{value}” is not a shift. Write it like 13:00-18:30, and separate several with semicolons."},
	{EndFirst, "It ends ({end}) before or when it starts ({start}). Correct one of the two."},

	{HalfPlace, "A place is a round and a table. Fill in both, or neither."},
	{SameCompany, "{company} is to meet itself. Name another company as the guest."},
	{NoPeople, "{company} has nobody in the sheet attendees. Add its people there."},
	{OtherCompany, "{person} is of {company}, not of {expected}. Name people of {expected}."},
	{HomeTaken, "{table} is already the home table of {company} (row {row}). Give one of them another table."},
	{TableTwice, "At {table} in {round} there is already meeting {meeting} (row {row}). Choose another table or round."},
	{TableSmall, "{people} people do not fit at {table}, which seats {capacity}. Choose a larger table, or name fewer people."},
	{PersonTwice, "Already in meeting {meeting} (row {row}) in {round}: {person}. Choose another round, or other people."},
	{InterpreterTwice, "{person} already interprets meeting {meeting} (row {row}) in {round}. Choose another interpreter or round."},
	{InterpreterPair, "{person} does not interpret {pair}. Choose another interpreter, or correct the pair."},
	{InterpreterNoPair, "{person} is to interpret, but not between which languages. Fill in the pair, for example ko-zh."},
	{InterpreterShift, "{person} is not on shift in {round}. Choose another interpreter, or extend the shift."},
	{RoundsOverlap, "{round} begins before {other} (row {row}) has ended. Correct one of their times."},
	{Rule, "This breaks a rule of the floor: {error}."},
}

// Codes returns all codes of faults in a fixed order. The catalogs have an entry
// "workbook.<code>" for each.
func Codes() []Code {
	codes := make([]Code, len(sentences))
	for i, s := range sentences {
		codes[i] = s.code
	}
	return codes
}

// Message returns the English sentence of a code, with placeholders such as {name}; empty
// for an unknown code.
func Message(code Code) string {
	for _, s := range sentences {
		if s.code == code {
			return s.text
		}
	}
	return ""
}

// Fault is a mistake in a workbook and where it is.
type Fault struct {
	Sheet  string            `json:"sheet,omitempty"`  // as the workbook names it; empty: the fault concerns the file
	Row    int               `json:"row,omitempty"`    // counted from 1 as in a spreadsheet program; 0: the fault concerns the sheet
	Column string            `json:"column,omitempty"` // its header in the workbook; empty: the fault concerns the row
	Code   Code              `json:"code"`
	Params map[string]string `json:"params,omitempty"`
}

// Error returns the place and the English sentence on one line.
func (f Fault) Error() string {
	var where []string
	if f.Sheet != "" {
		where = append(where, f.Sheet)
	}
	if f.Row != 0 {
		where = append(where, "row "+strconv.Itoa(f.Row))
	}
	if f.Column != "" {
		where = append(where, f.Column)
	}
	text := fill(Message(f.Code), f.Params)
	if len(where) == 0 {
		return text
	}
	return strings.Join(where, ", ") + ": " + text
}

func fill(text string, params map[string]string) string {
	pairs := make([]string, 0, 2*len(params))
	for name, value := range params {
		pairs = append(pairs, "{"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// maxFaults bounds how many faults Read returns for a workbook.
const maxFaults = 500

// faultList collects faults and sorts them by sheet, row and column.
type faultList struct {
	faults  []sortedFault
	omitted int
}

// sortedFault is a fault with its sort keys.
type sortedFault struct {
	sheet, column int
	Fault
}

func (l *faultList) add(sheet, column int, f Fault) {
	if len(l.faults) >= maxFaults {
		l.omitted++
		return
	}
	l.faults = append(l.faults, sortedFault{sheet, column, f})
}

// sorted returns the faults in order. The last one says how many were left out, if any.
func (l *faultList) sorted() []Fault {
	slices.SortStableFunc(l.faults, func(a, b sortedFault) int {
		return cmp.Or(cmp.Compare(a.sheet, b.sheet), cmp.Compare(a.Row, b.Row), cmp.Compare(a.column, b.column))
	})
	var out []Fault
	for _, p := range l.faults {
		out = append(out, p.Fault)
	}
	if l.omitted > 0 {
		out = append(out, Fault{Code: MoreFaults, Params: map[string]string{"count": strconv.Itoa(l.omitted)}})
	}
	return out
}

// params returns the parameters of a fault from pairs of name and value.
func params(pairs ...string) map[string]string {
	if len(pairs) == 0 {
		return nil
	}
	m := make(map[string]string, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}
