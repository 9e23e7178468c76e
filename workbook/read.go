package workbook

import (
	"cmp"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/matchfloor/matchfloor/floor"
)

// Read reads a workbook of at most [MaxFile] bytes from r. size is its length in bytes, so
// that a larger one is refused without reading it; -1 if it is unknown.
//
// Read returns the forum before its day: rounds are planned, interpreters off duty, nobody
// is checked in. Or it returns all faults of the workbook, in the order of sheets, rows and
// columns, and an empty forum. The error is r's. Read blocks on r only.
func Read(r io.Reader, size int64) (floor.Forum, []Fault, error) {
	raw, fault, err := unpack(r, size)
	if err != nil {
		return floor.Forum{}, nil, err
	}
	if fault != nil {
		return floor.Forum{}, []Fault{*fault}, nil
	}
	b := matchSheets(raw)
	b.readEvent()
	b.readRoom()
	b.readTimes()
	b.readCompanies()
	b.readPeople()
	b.readMeetings()
	b.readWishes()
	b.checkRules()
	if faults := b.sorted(); len(faults) > 0 {
		return floor.Forum{}, faults, nil
	}
	return b.forum, nil, nil
}

// recordEntry records that the row describes the entry that was appended to the forum last.
func (r rowReader) recordEntry() {
	sheet := r.sheet.layout.Name
	r.b.entries[sheet] = append(r.b.entries[sheet], r)
}

func (b *bookReader) readEvent() {
	b.calendar.zone = time.UTC
	g := b.sheets[sheetEvent]
	if g.columnIndex == nil {
		return
	}
	if len(g.rows) != 1 {
		b.add(g.index, 0, Fault{Sheet: g.name, Row: g.header, Code: EventRows, Params: params("count", strconv.Itoa(len(g.rows)))})
	}
	first := true
	b.eachRow(sheetEvent, func(r rowReader, id string, _ bool) {
		if !first {
			return
		}
		first = false
		r.readCalendar()
		b.forum.Event = floor.Event{
			ID: floor.EventID(id), Name: r.name(), TimeZone: b.calendar.zone.String(), Place: r.texts("place"),
			GraceMin: r.number("grace_min", 0, 60, 5), EscalateMin: r.number("escalate_min", 0, 60, 3),
			PurgeAt: r.purgeAt(),
		}
		r.recordEntry()
	})
}

// readCalendar reads the time zone and the date of the event, which all times of the
// workbook depend on.
func (r rowReader) readCalendar() {
	if s := normalize(r.cell("time_zone")); s != "" {
		if zone, ok := loadZone(s); ok {
			r.b.calendar.zone = zone
		} else {
			r.fault("time_zone", BadTimeZone, "value", quote(s))
		}
	}
	if s := r.cell("date"); s != "" {
		d, ok := r.b.calendar.parseDate(s)
		if !ok {
			r.fault("date", BadDate, "value", quote(s))
			d = date{2000, time.January, 1} // so that times without a date are not faults too
		}
		r.b.calendar.first = d
	}
}

// loadZone returns a time zone of the IANA database. Names that only a computer's own files have,
// such as posix/Asia/Seoul and localtime, are none: no browser knows them.
func loadZone(name string) (*time.Location, bool) {
	first, _, _ := strings.Cut(name, "/")
	switch first {
	case "posix", "right", "localtime", "posixrules", "Factory", "Local":
		return nil, false
	}
	zone, err := time.LoadLocation(name)
	return zone, err == nil
}

// purgeAt returns the start of the day after the last one on which names are kept, in the
// event's time zone; 0 if the cell is empty.
func (r rowReader) purgeAt() floor.Instant {
	s := r.cell("purge_after")
	if s == "" {
		return 0
	}
	d, ok := r.b.calendar.parseDate(s)
	if !ok {
		r.fault("purge_after", BadDate, "value", quote(s))
		return 0
	}
	return floor.Instant(time.Date(d.year, d.month, d.day+1, 0, 0, 0, 0, r.b.calendar.zone).UnixMilli())
}

func (b *bookReader) readRoom() {
	b.eachRow(sheetZones, func(r rowReader, id string, keep bool) {
		zone := floor.Zone{ID: floor.ZoneID(id), Name: r.name()}
		if keep {
			b.forum.Zones = append(b.forum.Zones, zone)
			r.recordEntry()
		}
	})
	b.eachRow(sheetTables, func(r rowReader, id string, keep bool) {
		t := floor.Table{
			ID: floor.TableID(id), Label: cmp.Or(r.text("label"), id),
			Zone: floor.ZoneID(r.ref("zone")), Capacity: r.number("capacity", 1, 100, 6),
		}
		if keep {
			b.forum.Tables = append(b.forum.Tables, t)
			r.recordEntry()
		}
	})
}

func (b *bookReader) readTimes() {
	b.eachRow(sheetAgenda, func(r rowReader, id string, keep bool) {
		slot := r.slot()
		item := floor.Item{
			ID: floor.ItemID(id), Kind: floor.ItemKind(r.choice("kind")), Name: r.name(), Slot: slot,
			AbsorbsMin: r.number("absorbs_min", 0, mostAbsorbed(slot), 0), Place: r.texts("place"),
		}
		if keep {
			b.forum.Items = append(b.forum.Items, item)
			r.recordEntry()
		}
	})
	b.eachRow(sheetRounds, func(r rowReader, id string, keep bool) {
		round := floor.Round{ID: floor.RoundID(id), No: r.number("no", 1, 999, len(b.forum.Rounds)+1), Slot: r.slot()}
		if keep {
			b.forum.Rounds = append(b.forum.Rounds, round)
			r.recordEntry()
		}
	})
}

// mostAbsorbed returns how many minutes an item may lose: fewer than it lasts.
func mostAbsorbed(s floor.Slot) int {
	if s.Plan.Length() <= 0 || s.Plan.Start == 0 {
		return 24 * 60 // its times have faults already
	}
	return int((s.Plan.Length() - 1) / floor.Minute)
}

func (b *bookReader) readCompanies() {
	homes := map[floor.TableID]rowReader{}
	b.eachRow(sheetCompanies, func(r rowReader, id string, keep bool) {
		c := floor.Company{
			ID: floor.CompanyID(id), Name: r.name(), Country: r.country(), Languages: r.languages("languages"),
			HomeTable: floor.TableID(r.ref("home_table")), Standby: r.yesNo("standby"),
		}
		if !keep {
			return
		}
		b.forum.Companies = append(b.forum.Companies, c)
		r.recordEntry()
		if c.HomeTable == "" {
			return
		}
		if other, taken := homes[c.HomeTable]; taken {
			of, _ := other.id()
			r.fault("home_table", HomeTaken, "table", string(c.HomeTable), "company", of, "row", strconv.Itoa(other.rowNumber))
			return
		}
		homes[c.HomeTable] = r
		i := slices.IndexFunc(b.forum.Tables, func(t floor.Table) bool { return t.ID == c.HomeTable })
		if i >= 0 {
			b.forum.Tables[i].Home = c.ID
		}
	})
}

func (r rowReader) country() string {
	s := r.cell("country")
	if s == "" {
		return ""
	}
	code, ok := parseCountry(s)
	if !ok {
		r.fault("country", BadCountry, "value", quote(s))
	}
	return code
}

func (b *bookReader) readWishes() {
	seen := map[[2]floor.CompanyID]int{}
	b.eachRow(sheetWishes, func(r rowReader, _ string, _ bool) {
		w := floor.Wish{
			From: floor.CompanyID(r.ref("from")), To: floor.CompanyID(r.ref("to")), Priority: r.number("priority", 1, 9, 1),
		}
		pair := [2]floor.CompanyID{w.From, w.To}
		switch {
		case w.From == "" || w.To == "":
			return
		case w.From == w.To:
			r.fault("to", SameCompany, "company", string(w.From))
		case seen[pair] != 0:
			r.fault("to", Duplicate, "value", string(w.From)+" → "+string(w.To), "row", strconv.Itoa(seen[pair]))
		default:
			seen[pair] = r.rowNumber
			b.forum.Wishes = append(b.forum.Wishes, w)
			r.recordEntry()
		}
	})
}
