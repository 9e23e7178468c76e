package workbook

import (
	"strings"

	"github.com/matchfloor/matchfloor/floor"
)

// matchedSheet is a sheet whose columns have been recognised.
type matchedSheet struct {
	layout      *Layout
	index       int               // of the layout, for sorting faults
	name        string            // as the workbook names it; empty: the workbook has no such sheet
	header      int               // row number of the header
	columnIndex map[string]int    // column name → index of its cells
	headers     map[string]string // column name → its header in the workbook
	rows        []rawRow          // below the header
}

// headerOf returns a column's header as the workbook writes it; if it has none, the English
// name.
func (s *matchedSheet) headerOf(column string) string {
	if t, ok := s.headers[column]; ok {
		return t
	}
	return column
}

// bookReader holds a workbook while it is read.
type bookReader struct {
	faultList
	sheets     map[string]*matchedSheet     // by English name; a missing sheet is empty, not nil
	rowByID    map[string]map[string]int    // sheet → id → the number of its first row
	idOrder    map[string][]string          // sheet → ids in the order of the rows
	nearIDs    map[string]map[string]string // sheet → loose form of an id → id; made on first use
	calendar   calendar
	faulty     map[cellRef]bool // cells with a fault
	forum      floor.Forum
	incomplete bool                   // a sheet, a required column or some rows are missing
	readable   bool                   // no cell has a fault
	entries    map[string][]rowReader // sheet → the rows of the forum's entries, in their order
}

// cellRef names a cell.
type cellRef struct {
	sheet  string
	row    int
	column string
}

// hasFault reports whether one of the cells that describe a thing has a fault, so that
// faults which follow from it are left out.
func (b *bookReader) hasFault(sheet, id string, columns ...string) bool {
	for _, c := range columns {
		if b.faulty[cellRef{sheet, b.rowByID[sheet][id], c}] {
			return true
		}
	}
	return false
}

// matchSheets recognises the sheets and their columns, and lists all ids.
func matchSheets(u rawBook) *bookReader {
	b := &bookReader{
		sheets: map[string]*matchedSheet{}, rowByID: map[string]map[string]int{}, idOrder: map[string][]string{},
		nearIDs: map[string]map[string]string{}, entries: map[string][]rowReader{}, faulty: map[cellRef]bool{},
	}
	b.calendar.d1904 = u.d1904
	for i, l := range layouts {
		b.sheets[l.Name] = &matchedSheet{layout: l, index: i}
		b.rowByID[l.Name] = map[string]int{}
	}
	for _, t := range u.sheets {
		b.matchSheet(t)
	}
	for i, l := range layouts {
		if l.Must && b.sheets[l.Name].name == "" {
			b.incomplete = true
			b.add(i, 0, Fault{Code: MissingSheet, Params: params("sheet", l.Name, "columns", columnNames(l))})
		}
	}
	for _, l := range layouts {
		b.listIDs(b.sheets[l.Name])
	}
	return b
}

// matchSheet recognises one sheet.
func (b *bookReader) matchSheet(t rawSheet) {
	g := b.sheets[layoutName(t.name)]
	if g == nil && len(t.rows) == 0 && t.fault == nil {
		return // the empty sheet of a new workbook
	}
	if g == nil {
		b.add(len(layouts), 0, Fault{Sheet: t.name, Code: UnknownSheet, Params: params("sheets", sheetNames())})
		return
	}
	if g.name != "" {
		b.add(g.index, 0, Fault{Sheet: t.name, Code: DoubleSheet, Params: params("other", g.name)})
		return
	}
	g.name = t.name
	if t.fault != nil {
		b.incomplete = true
		b.add(g.index, 0, *t.fault)
	}
	if len(t.rows) == 0 {
		b.incomplete = true
		b.add(g.index, 0, Fault{Sheet: t.name, Row: 1, Code: NoHeader, Params: params("columns", columnNames(g.layout))})
		return
	}
	g.header, g.rows = t.rows[0].number, t.rows[1:]
	b.readHeader(g, t.rows[0].cells)
}

func (b *bookReader) readHeader(g *matchedSheet, cells []string) {
	g.columnIndex, g.headers = map[string]int{}, map[string]string{}
	for i, cell := range cells {
		title := trim(cell)
		if title == "" || strings.HasPrefix(normalize(title), "#") && !cellErrors[title] {
			continue
		}
		fault := Fault{Sheet: g.name, Row: g.header, Column: quote(title)}
		c := g.layout.columnFor(title)
		switch {
		case c == nil:
			fault.Code, fault.Params = UnknownColumn, params("columns", columnNames(g.layout))
			b.add(g.index, len(g.layout.Columns), fault)
		case g.headers[c.Name] != "":
			fault.Code, fault.Params = DoubleColumn, params("other", g.headers[c.Name])
			b.add(g.index, g.layout.position(c.Name), fault)
		default:
			g.columnIndex[c.Name], g.headers[c.Name] = i, title
		}
	}
	for i, c := range g.layout.Columns {
		if c.Must && g.headers[c.Name] == "" {
			b.incomplete = true
			b.add(g.index, i, Fault{Sheet: g.name, Row: g.header, Column: c.Name, Code: MissingColumn})
		}
	}
}

// listIDs lists the ids of a sheet before any row is read, so that a row may name an id of a
// later row or sheet.
func (b *bookReader) listIDs(g *matchedSheet) {
	at, ok := g.columnIndex["id"]
	if !ok {
		return
	}
	for _, l := range g.rows {
		if at >= len(l.cells) {
			continue
		}
		id := normalize(l.cells[at])
		if _, seen := b.rowByID[g.layout.Name][id]; !seen && floor.ValidID(id) {
			b.rowByID[g.layout.Name][id] = l.number
			b.idOrder[g.layout.Name] = append(b.idOrder[g.layout.Name], id)
		}
	}
}

// columnFor returns the column that a header means; nil if there is none.
func (l *Layout) columnFor(header string) *Column {
	header = compareForm(header)
	for i := range l.Columns {
		if l.Columns[i].Name == header {
			return &l.Columns[i]
		}
	}
	for i := range l.Columns {
		for _, also := range l.Columns[i].Also {
			if compareForm(also) == header {
				return &l.Columns[i]
			}
		}
	}
	return nil
}

// layoutName returns the English name of a sheet; empty if it is unknown.
func layoutName(name string) string {
	name = compareForm(name)
	for _, l := range layouts {
		if l.Name == name {
			return l.Name
		}
		for _, also := range l.Also {
			if also == name {
				return l.Name
			}
		}
	}
	return ""
}

func sheetNames() string {
	names := make([]string, len(layouts))
	for i, l := range layouts {
		names[i] = l.Name
	}
	return strings.Join(names, ", ")
}

func columnNames(l *Layout) string {
	names := make([]string, len(l.Columns))
	for i, c := range l.Columns {
		names[i] = c.Name
	}
	return strings.Join(names, ", ")
}
