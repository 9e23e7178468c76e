package workbook

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/matchfloor/matchfloor/floor"
)

// The longest texts, in characters.
const (
	maxText  = 120
	maxSkill = 40
)

// rowReader reads the cells of a row as their columns require. A cell that cannot be read is
// recorded as a fault, once a cell, and its value is the zero value.
type rowReader struct {
	b         *bookReader
	sheet     *matchedSheet
	rowNumber int
	cells     []string
	bad       map[string]bool // columns with a fault
}

// eachRow calls read for every row of a sheet below the header. If the id of the row occurs
// above, that is a fault, and the row is read only to find its other faults: keep is false.
func (b *bookReader) eachRow(sheet string, read func(r rowReader, id string, keep bool)) {
	g := b.sheets[sheet]
	if g.columnIndex == nil {
		return
	}
	for _, l := range g.rows {
		r := rowReader{b: b, sheet: g, rowNumber: l.number, cells: l.cells, bad: map[string]bool{}}
		if g.layout.column("id") == nil {
			read(r, "", true)
			continue
		}
		id, keep := r.id()
		read(r, id, keep)
	}
}

// fault records what is wrong with a column of the row. A second fault of the column is left
// out, since it would follow from the first.
func (r rowReader) fault(column string, code Code, pairs ...string) {
	if r.bad[column] {
		return
	}
	r.bad[column] = true
	r.b.faulty[cellRef{r.sheet.layout.Name, r.rowNumber, column}] = true
	r.b.add(r.sheet.index, r.sheet.layout.position(column), Fault{
		Sheet: r.sheet.name, Row: r.rowNumber, Column: r.sheet.headerOf(column), Code: code, Params: params(pairs...),
	})
}

// cell returns a cell's text, trimmed and in Unicode normalization form C; empty if the cell
// is empty, missing or has a fault. An empty required cell is a fault if the column exists.
func (r rowReader) cell(column string) string {
	c := r.sheet.layout.column(column)
	at, ok := r.sheet.columnIndex[column]
	if !ok {
		return ""
	}
	s := ""
	if at < len(r.cells) {
		s = r.cells[at]
	}
	list := c.Type == TypeList || c.Type == TypeRefs
	if list { // a line break separates entries
		s = strings.NewReplacer("\r\n", ";", "\n", ";").Replace(s)
	}
	s = norm.NFC.String(trim(s))
	if s == "" || list && len(splitList(s)) == 0 { // a cell of separators only is empty
		if c.Must {
			r.fault(column, Missing, "example", c.Example)
		}
		return ""
	}
	if char, found := findInvisible(s); found {
		r.fault(column, BadCharacter, "char", codePoint(char))
		return ""
	}
	if cellErrors[s] {
		r.fault(column, CellError, "value", s)
		return ""
	}
	if utf8.RuneCountInString(s) > maxCell {
		r.fault(column, TooLong, "limit", strconv.Itoa(maxCell))
		return ""
	}
	return s
}

// id returns the row's id, and whether no earlier row has it.
func (r rowReader) id() (string, bool) {
	s := normalize(r.cell("id"))
	if s == "" {
		return "", false
	}
	if !floor.ValidID(s) {
		r.fault("id", BadID, "value", quote(s))
		return "", false
	}
	if first := r.b.rowByID[r.sheet.layout.Name][s]; first != r.rowNumber {
		r.fault("id", Duplicate, "value", s, "row", strconv.Itoa(first))
		return s, false
	}
	return s, true
}

// text returns a name or sentence.
func (r rowReader) text(column string) string {
	s := r.cell(column)
	if utf8.RuneCountInString(s) > maxText {
		r.fault(column, TooLong, "limit", strconv.Itoa(maxText))
		return ""
	}
	return s
}

// texts returns the three languages of name_… or place_….
func (r rowReader) texts(prefix string) floor.Text {
	return floor.Text{Ko: r.text(prefix + "_ko"), Zh: r.text(prefix + "_zh"), En: r.text(prefix + "_en")}
}

// name returns the row's name. One language is enough; none is a fault.
func (r rowReader) name() floor.Text {
	t := r.texts("name")
	if t.Empty() && !r.bad["name_ko"] && !r.bad["name_zh"] && !r.bad["name_en"] {
		column := "name_en"
		for _, c := range []string{"name_zh", "name_ko"} {
			if _, ok := r.sheet.columnIndex[c]; ok {
				column = c
			}
		}
		r.fault(column, MissingName)
	}
	return t
}

// number returns a whole number from low to high; fallback for an empty cell.
func (r rowReader) number(column string, low, high, fallback int) int {
	s := normalize(r.cell(column))
	if s == "" {
		return fallback
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != math.Trunc(f) || f < float64(low) || f > float64(high) {
		r.fault(column, BadNumber, "value", quote(s), "min", strconv.Itoa(low), "max", strconv.Itoa(high))
		return fallback
	}
	return int(f)
}

// yesNo reports whether a cell says yes; an empty cell means no.
func (r rowReader) yesNo(column string) bool {
	s := compareForm(r.cell(column))
	if s != "" && !yes[s] && !no[s] {
		r.fault(column, BadYesNo, "value", quote(s))
	}
	return yes[s]
}

// choice returns the English word for the choice in a cell.
func (r rowReader) choice(column string) string {
	s := r.cell(column)
	word, ok := findChoice(column, compareForm(s))
	if s != "" && !ok {
		r.fault(column, BadChoice, "value", quote(s), "choices", choiceWords(column))
	}
	return word
}

// ref returns the cell as an id of the sheet that the column refers to. It returns "" if that sheet
// has no such id, which is a fault unless the cell is empty.
func (r rowReader) ref(column string) string {
	s := normalize(r.cell(column))
	if s == "" || !r.checkRef(column, s) {
		return ""
	}
	return s
}

// refs returns a list of ids, or for "all" every id of the sheet.
func (r rowReader) refs(column string) []string {
	of := r.sheet.layout.column(column).Of
	parts := r.list(column)
	if len(parts) == 1 && slices.Contains(allWords, compareForm(parts[0])) {
		return append([]string(nil), r.b.idOrder[of]...)
	}
	var ids []string
	for _, part := range parts {
		if id := normalize(part); r.checkRef(column, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// allWords stand for every id of a sheet.
var allWords = strings.Fields("all * 전체 모두 全部 所有")

// checkRef reports whether an id is in the column's sheet. If that sheet is missing or has
// no ids, the sheet has a fault, and not each row that names an id.
func (r rowReader) checkRef(column, id string) bool {
	of := r.b.sheets[r.sheet.layout.column(column).Of]
	if r.b.rowByID[of.layout.Name][id] != 0 {
		return true
	}
	_, listed := of.columnIndex["id"]
	absent := of.name == "" && !of.layout.Must // a missing optional sheet: the id is unknown
	if !listed && !absent {
		return false
	}
	name := cmp.Or(of.name, of.layout.Name)
	if near := r.b.nearID(of.layout.Name, id); near != "" {
		r.fault(column, NearRef, "value", quote(id), "of", name, "near", near)
	} else {
		r.fault(column, UnknownRef, "value", quote(id), "of", name)
	}
	return false
}

// nearID returns the id that is probably meant: one that differs only in case, leading zeros
// and signs, such as T7 for T07; empty if there is none.
func (b *bookReader) nearID(sheet, id string) string {
	if b.nearIDs[sheet] == nil {
		b.nearIDs[sheet] = map[string]string{}
		for _, known := range b.idOrder[sheet] {
			b.nearIDs[sheet][looseForm(known)] = known
		}
	}
	return b.nearIDs[sheet][looseForm(id)]
}

func looseForm(id string) string {
	var out strings.Builder
	digits := false
	for _, r := range strings.ToLower(id) {
		isDigit := r >= '0' && r <= '9'
		if r == '-' || r == '_' || r == ' ' || r == '.' || r == '0' && !digits {
			continue
		}
		digits = isDigit
		out.WriteRune(r)
	}
	return out.String()
}

// list returns the entries of a cell; a repeated entry is a fault.
func (r rowReader) list(column string) []string {
	parts := splitList(r.cell(column))
	seen := map[string]bool{}
	for _, p := range parts {
		if seen[p] {
			r.fault(column, ListedTwice, "value", quote(p))
		}
		seen[p] = true
	}
	return parts
}

// languages returns a list of language codes.
func (r rowReader) languages(column string) []floor.Lang {
	var langs []floor.Lang
	for _, part := range r.list(column) {
		l, near, ok := parseLanguage(part)
		switch {
		case near != "":
			r.fault(column, NearLanguage, "value", quote(part), "near", string(near))
		case !ok:
			r.fault(column, BadLanguage, "value", quote(part))
		case slices.Contains(langs, l): // two names of one language
			r.fault(column, ListedTwice, "value", quote(part))
		default:
			langs = append(langs, l)
		}
	}
	return langs
}

// pair returns the language pair of a cell.
func (r rowReader) pair(column, s string) floor.Pair {
	if s == "" {
		return ""
	}
	p, code, details := parsePair(s)
	if code != "" {
		r.fault(column, code, details...)
	}
	return p
}

// date returns the row's day: the event's date if the cell is empty.
func (r rowReader) date() date {
	s := r.cell("day")
	if s == "" {
		return r.b.calendar.first
	}
	d, ok := r.b.calendar.parseDay(s)
	if !ok {
		r.fault("day", BadDate, "value", quote(s))
	}
	return d
}

// slot returns the slot of a round or item, planned and not begun.
func (r rowReader) slot() floor.Slot {
	day := r.date()
	plan := floor.Span{Start: r.time("start", day), End: r.time("end", day)}
	if plan.Start != 0 && plan.End != 0 && plan.End <= plan.Start {
		r.fault("end", EndFirst, "start", r.b.calendar.format(plan.Start), "end", r.b.calendar.format(plan.End))
	}
	return floor.Slot{Plan: plan, Now: plan, State: floor.StatePlanned}
}

func (r rowReader) time(column string, day date) floor.Instant {
	s := r.cell(column)
	if s == "" || r.bad["day"] {
		return 0
	}
	i, code := r.b.calendar.parseTime(s, day)
	r.timeFault(column, code, s)
	return i
}

// timeFault records what is wrong with a time, if anything. If no date is known, that is one
// fault of the event, and not one of each time.
func (r rowReader) timeFault(column string, code Code, s string) {
	if code == "" {
		return
	}
	if code != NoDate {
		r.fault(column, code, "value", quote(s))
		return
	}
	for _, event := range r.b.entries[sheetEvent] {
		event.fault("date", NoDate, "value", quote(s))
	}
}

// format formats an instant for a sentence.
func (c calendar) format(i floor.Instant) string { return c.local(i).Format("2006-01-02 15:04") }
