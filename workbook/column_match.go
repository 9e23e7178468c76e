package workbook

import (
	"strings"

	"github.com/matchfloor/matchfloor/floor"
)

// grid is a sheet whose columns have been recognised.
type grid struct {
	layout *Layout
	index  int               // of the layout, for ordering faults
	name   string            // as the workbook calls it
	header int               // row number of the header
	at     map[string]int    // column name → index of its cell
	titles map[string]string // column name → its header as written
	lines  []line            // below the header
}

// title answers a column's header as the workbook writes it, or its English name.
func (g *grid) title(column string) string {
	if t, ok := g.titles[column]; ok {
		return t
	}
	return column
}

// book is a workbook under reading.
type book struct {
	faultList
	grids    map[string]*grid             // by the English names; absent ones are empty, not nil
	rows     map[string]map[string]int    // sheet → id → the row in which it first stands
	order    map[string][]string          // sheet → its ids, in the order of the rows
	alike    map[string]map[string]string // sheet → id in its barest form → id; made when first asked
	when     calendar
	spoilt   map[spot]bool // cells with a fault
	forum    floor.Forum
	partial  bool             // a sheet, a required column or some rows are missing
	readable bool             // every cell could be read
	entries  map[string][]row // sheet → the row of each entry of the forum, in its order
}

// spot is one cell.
type spot struct {
	sheet  string
	row    int
	column string
}

// broken reports whether one of the cells that describe a thing is at fault, so
// that what follows from them need not be told.
func (b *book) broken(sheet, id string, columns ...string) bool {
	for _, c := range columns {
		if b.spoilt[spot{sheet, b.rows[sheet][id], c}] {
			return true
		}
	}
	return false
}

// arrange recognises the sheets and their columns, and lists every id.
func arrange(u unpacked) *book {
	b := &book{
		grids: map[string]*grid{}, rows: map[string]map[string]int{}, order: map[string][]string{},
		alike: map[string]map[string]string{}, entries: map[string][]row{}, spoilt: map[spot]bool{},
	}
	b.when.d1904 = u.d1904
	for i, l := range layouts {
		b.grids[l.Name] = &grid{layout: l, index: i}
		b.rows[l.Name] = map[string]int{}
	}
	for _, t := range u.tables {
		b.addTable(t)
	}
	for i, l := range layouts {
		if l.Must && b.grids[l.Name].name == "" {
			b.partial = true
			b.add(i, 0, Fault{Code: MissingSheet, Params: params("sheet", l.Name, "columns", columnNames(l))})
		}
	}
	for _, l := range layouts {
		b.listIDs(b.grids[l.Name])
	}
	return b
}

// addTable recognises one sheet.
func (b *book) addTable(t table) {
	g := b.grids[sheetOf(t.name)]
	if g == nil && len(t.lines) == 0 && t.fault == nil {
		return // the empty sheet that spreadsheet programs begin with
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
		b.partial = true
		b.add(g.index, 0, *t.fault)
	}
	if len(t.lines) == 0 {
		b.partial = true
		b.add(g.index, 0, Fault{Sheet: t.name, Row: 1, Code: NoHeader, Params: params("columns", columnNames(g.layout))})
		return
	}
	g.header, g.lines = t.lines[0].no, t.lines[1:]
	b.readHeader(g, t.lines[0].cells)
}

func (b *book) readHeader(g *grid, cells []string) {
	g.at, g.titles = map[string]int{}, map[string]string{}
	for i, cell := range cells {
		title := trim(cell)
		if title == "" || strings.HasPrefix(fold(title), "#") && !cellErrors[title] {
			continue
		}
		fault := Fault{Sheet: g.name, Row: g.header, Column: quote(title)}
		c := g.layout.named(title)
		switch {
		case c == nil:
			fault.Code, fault.Params = UnknownColumn, params("columns", columnNames(g.layout))
			b.add(g.index, len(g.layout.Columns), fault)
		case g.titles[c.Name] != "":
			fault.Code, fault.Params = DoubleColumn, params("other", g.titles[c.Name])
			b.add(g.index, g.layout.position(c.Name), fault)
		default:
			g.at[c.Name], g.titles[c.Name] = i, title
		}
	}
	for i, c := range g.layout.Columns {
		if c.Must && g.titles[c.Name] == "" {
			b.partial = true
			b.add(g.index, i, Fault{Sheet: g.name, Row: g.header, Column: c.Name, Code: MissingColumn})
		}
	}
}

// listIDs notes which ids a sheet has, before any row is read, so that rows may
// name what stands further down or in a later sheet.
func (b *book) listIDs(g *grid) {
	at, ok := g.at["id"]
	if !ok {
		return
	}
	for _, l := range g.lines {
		if at >= len(l.cells) {
			continue
		}
		id := fold(l.cells[at])
		if _, seen := b.rows[g.layout.Name][id]; !seen && floor.ValidID(id) {
			b.rows[g.layout.Name][id] = l.no
			b.order[g.layout.Name] = append(b.order[g.layout.Name], id)
		}
	}
}

// named answers the column that a header means.
func (l *Layout) named(header string) *Column {
	header = key(header)
	for i := range l.Columns {
		if l.Columns[i].Name == header {
			return &l.Columns[i]
		}
	}
	for i := range l.Columns {
		for _, also := range l.Columns[i].Also {
			if key(also) == header {
				return &l.Columns[i]
			}
		}
	}
	return nil
}

// sheetOf answers the English name of a sheet.
func sheetOf(name string) string {
	name = key(name)
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
