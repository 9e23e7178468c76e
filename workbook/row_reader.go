package workbook

import (
	"cmp"
	"math"
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

// rowReader reads the cells of one row, each as its column asks. What cannot be read
// is noted as a fault, once a cell, and answered as the zero value.
type rowReader struct {
	b         *bookReader
	sheet     *matchedSheet
	rowNumber int
	cells     []string
	bad       map[string]bool // columns with a fault
}

// eachRow reads every row of a sheet, the header excepted. A row whose id stood
// further up is a fault and is read for its other faults only: keep is false.
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

// fault notes what is wrong with a column of the row; a second one is left out,
// since it would follow from the first.
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

// cell answers a cell's text, composed and trimmed; empty if it is empty, absent
// or at fault. Only a required cell in a column that is there can be missing.
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
	if list { // a line break parts entries
		s = strings.NewReplacer("\r\n", ";", "\n", ";").Replace(s)
	}
	s = norm.NFC.String(trim(s))
	if s == "" || list && len(splitList(s)) == 0 { // a cell of separators lists nothing
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

// id answers the row's id, and whether the row is the first one with it.
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

// text answers a name or sentence.
func (r rowReader) text(column string) string {
	s := r.cell(column)
	if utf8.RuneCountInString(s) > maxText {
		r.fault(column, TooLong, "limit", strconv.Itoa(maxText))
		return ""
	}
	return s
}

// texts answers the three languages of name_… or place_….
func (r rowReader) texts(prefix string) floor.Text {
	return floor.Text{Ko: r.text(prefix + "_ko"), Zh: r.text(prefix + "_zh"), En: r.text(prefix + "_en")}
}

// name answers the row's name; one language is enough, none is a fault.
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

// number answers a whole number of a range; an empty cell is fallback.
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

// yesNo answers whether a cell says yes; an empty one does not.
func (r rowReader) yesNo(column string) bool {
	s := compareForm(r.cell(column))
	if s != "" && !yes[s] && !no[s] {
		r.fault(column, BadYesNo, "value", quote(s))
	}
	return yes[s]
}

// choice answers the English word of what a cell chooses.
func (r rowReader) choice(column string) string {
	s := r.cell(column)
	word, ok := choices[column][compareForm(s)]
	if s != "" && !ok {
		r.fault(column, BadChoice, "value", quote(s), "choices", choiceWords[column])
	}
	return word
}

// ref answers an id that stands in the column's sheet; empty if it does not.
func (r rowReader) ref(column string) string {
	s := normalize(r.cell(column))
	if s == "" || !r.checkRef(column, s) {
		return ""
	}
	return s
}

// refs answers a list of such ids, or for "all" every one of the sheet.
func (r rowReader) refs(column string) []string {
	of := r.sheet.layout.column(column).Of
	parts := r.list(column)
	if len(parts) == 1 && allWords[compareForm(parts[0])] {
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

var allWords = words("all * 전체 모두 全部 所有")

// checkRef reports whether an id stands in the column's sheet. Where that sheet is
// missing or without ids, it is at fault, not each row that names it.
func (r rowReader) checkRef(column, id string) bool {
	of := r.b.sheets[r.sheet.layout.column(column).Of]
	if r.b.rowByID[of.layout.Name][id] != 0 {
		return true
	}
	_, listed := of.columnIndex["id"]
	absent := of.name == "" && !of.layout.Must // which is no fault as long as nobody names what would stand there
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

// nearID answers the id that is probably meant: the same but for case, leading
// zeros and signs, as T7 for T07.
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

// list answers the entries of a cell; one that is there twice is a fault.
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

// languages answers a list of language codes.
func (r rowReader) languages(column string) []floor.Lang {
	var langs []floor.Lang
	for _, part := range r.list(column) {
		l, ok := parseLanguage(part)
		if !ok {
			r.fault(column, BadLanguage, "value", quote(part))
			continue
		}
		langs = append(langs, l)
	}
	return langs
}

// pair answers a cell's language pair.
func (r rowReader) pair(column, s string) floor.Pair {
	if s == "" {
		return ""
	}
	p, code, word := parsePair(s)
	if code != "" {
		r.fault(column, code, "value", quote(word))
	}
	return p
}

// date answers the row's day: the event's date if the cell is empty.
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

// slot answers when a round or item is planned, with nothing of it past.
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

// timeFault notes what is wrong with a time, if anything. That no day is known is
// one fault of the event, not one of each time.
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

// format writes an instant for a sentence.
func (c calendar) format(i floor.Instant) string { return c.local(i).Format("2006-01-02 15:04") }
