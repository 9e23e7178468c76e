package workbook

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/matchfloor/matchfloor/floor"
)

// record is a row to write: column name → string or int.
type record map[string]any

// Write writes the forum as a workbook that [Read] turns back into it. What a workbook has
// no column for (presence, closed tables, versions, delays) is left out. Equal forums give
// equal bytes. Every text is stored as text, in cells formatted as text, so that no name
// becomes a formula when somebody edits it. An unknown time zone is an error; the other
// errors are w's.
func Write(w io.Writer, forum floor.Forum) error {
	zone, err := time.LoadLocation(forum.Event.TimeZone)
	if err != nil {
		return fmt.Errorf("load the event's time zone: %w", err)
	}
	e := exporter{forum: forum, calendar: calendar{zone: zone}}
	e.calendar.first = e.firstDay()
	f := excelize.NewFile()
	f.SetZipWriter(func(w io.Writer) excelize.ZipWriter { return &orderedZip{to: zip.NewWriter(w)} })
	if err := e.fillFile(f); err != nil {
		return fmt.Errorf("make the workbook: %w", err)
	}
	var file bytes.Buffer
	if err := f.Write(&file); err != nil {
		return fmt.Errorf("make the workbook: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("make the workbook: %w", err)
	}
	if _, err := w.Write(file.Bytes()); err != nil {
		return fmt.Errorf("write the workbook: %w", err)
	}
	return nil
}

// orderedZip writes the parts in the order of their names and without times, so that equal
// workbooks give equal bytes.
type orderedZip struct {
	to    *zip.Writer
	parts []part
}

type part struct {
	name string
	*bytes.Buffer
}

func (z *orderedZip) Create(name string) (io.Writer, error) {
	p := part{name, new(bytes.Buffer)}
	z.parts = append(z.parts, p)
	return p, nil
}

// Close writes all parts.
func (z *orderedZip) Close() error {
	slices.SortStableFunc(z.parts, func(a, b part) int { return strings.Compare(a.name, b.name) })
	for _, p := range z.parts {
		to, err := z.to.Create(p.name)
		if err != nil {
			return err
		}
		if _, err := to.Write(p.Bytes()); err != nil {
			return err
		}
	}
	return z.to.Close()
}

// exporter writes a forum as a workbook.
type exporter struct {
	forum    floor.Forum
	calendar calendar
}

// firstDay returns the day on which the first round or item starts.
func (e exporter) firstDay() date {
	var first floor.Instant
	note := func(s floor.Slot) {
		if first == 0 || s.Plan.Start < first {
			first = s.Plan.Start
		}
	}
	for _, i := range e.forum.Items {
		note(i.Slot)
	}
	for _, r := range e.forum.Rounds {
		note(r.Slot)
	}
	if first == 0 {
		return date{}
	}
	return dateOf(e.calendar.local(first))
}

// records returns a sheet's rows.
func (e exporter) records(sheet string) []record {
	f := e.forum
	switch sheet {
	case sheetEvent:
		return []record{e.event()}
	case sheetAgenda:
		return mapAll(f.Items, e.item)
	case sheetZones:
		return mapAll(f.Zones, func(z floor.Zone) record { return withText(record{"id": string(z.ID)}, "name", z.Name) })
	case sheetTables:
		return mapAll(f.Tables, func(t floor.Table) record {
			return record{"id": string(t.ID), "label": t.Label, "zone": string(t.Zone), "capacity": t.Capacity}
		})
	case sheetRounds:
		return mapAll(f.Rounds, func(r floor.Round) record {
			return e.slot(record{"id": string(r.ID), "no": r.No}, r.Slot)
		})
	case sheetCompanies:
		return mapAll(f.Companies, company)
	case sheetAttendees:
		return mapAll(f.Attendees, func(a floor.Attendee) record {
			return withText(record{"id": string(a.ID), "company": string(a.Company), "title": a.Title}, "name", a.Name)
		})
	case sheetStaff:
		return mapAll(f.Staff, staff)
	case sheetInterpreters:
		return mapAll(f.Interpreters, e.interpreter)
	case sheetDisplays:
		return mapAll(f.Displays, func(d floor.Display) record {
			return record{"id": string(d.ID), "name": d.Name, "zones": joinList(d.Zones), "languages": joinList(d.Languages)}
		})
	case sheetMeetings:
		return e.meetings()
	}
	return mapAll(f.Wishes, func(w floor.Wish) record {
		return record{"from": string(w.From), "to": string(w.To), "priority": w.Priority}
	})
}

func mapAll[T any](things []T, one func(T) record) []record {
	records := make([]record, len(things))
	for i, t := range things {
		records[i] = one(t)
	}
	return records
}

// withText adds a text in its three columns.
func withText(r record, prefix string, t floor.Text) record {
	r[prefix+"_ko"], r[prefix+"_zh"], r[prefix+"_en"] = t.Ko, t.Zh, t.En
	return r
}

func joinList[T ~string](things []T) string {
	parts := make([]string, len(things))
	for i, t := range things {
		parts[i] = string(t)
	}
	return strings.Join(parts, "; ")
}

func yesNoWord(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func (e exporter) event() record {
	v := e.forum.Event
	r := record{"id": string(v.ID), "time_zone": v.TimeZone, "grace_min": v.GraceMin, "escalate_min": v.EscalateMin}
	if e.calendar.first != (date{}) {
		r["date"] = e.calendar.first.String()
	}
	if v.PurgeAt != 0 {
		r["purge_after"] = dateOf(e.calendar.local(v.PurgeAt - 1)).String()
	}
	return withText(withText(r, "name", v.Name), "place", v.Place)
}

func (e exporter) item(i floor.Item) record {
	r := record{"id": string(i.ID), "kind": string(i.Kind), "absorbs_min": i.AbsorbsMin}
	return e.slot(withText(withText(r, "name", i.Name), "place", i.Place), i.Slot)
}

func (e exporter) slot(r record, s floor.Slot) record {
	day := dateOf(e.calendar.local(s.Plan.Start))
	r["day"] = day.String()
	r["start"], r["end"] = e.calendar.formatTime(s.Plan.Start, day), e.calendar.formatTime(s.Plan.End, day)
	return r
}

func company(c floor.Company) record {
	return withText(record{
		"id": string(c.ID), "country": c.Country, "languages": joinList(c.Languages),
		"home_table": string(c.HomeTable), "standby": yesNoWord(c.Standby),
	}, "name", c.Name)
}

func staff(s floor.Staff) record {
	role := string(s.Role)
	if s.Lead {
		role = "lead"
	}
	return withText(record{"id": string(s.ID), "role": role, "zones": joinList(s.Zones)}, "name", s.Name)
}

func (e exporter) interpreter(i floor.Interpreter) record {
	shifts := make([]string, len(i.Shifts))
	for n, s := range i.Shifts {
		shifts[n] = e.calendar.formatShift(s)
	}
	return withText(record{
		"id": string(i.ID), "pairs": joinList(i.Pairs), "skills": joinList(i.Skills),
		"shifts": joinList(shifts), "floater": yesNoWord(i.Floater),
	}, "name", i.Name)
}

// meetings returns the rows of the meetings. They name a side's people only if those are not
// all people of the company.
func (e exporter) meetings() []record {
	all := map[floor.CompanyID][]floor.AttendeeID{}
	for _, a := range e.forum.Attendees {
		all[a.Company] = append(all[a.Company], a.ID)
	}
	people := func(p floor.Party) string {
		if slices.Equal(p.People, all[p.Company]) {
			return ""
		}
		return joinList(p.People)
	}
	return mapAll(e.forum.Meetings, func(m floor.Meeting) record {
		return record{
			"id": string(m.ID), "round": string(m.Place.Round), "table": string(m.Place.Table),
			"host": string(m.Host.Company), "guest": string(m.Guest.Company),
			"host_people": people(m.Host), "guest_people": people(m.Guest),
			"pair": string(m.Pair), "interpreter": string(m.Interpreter), "locked": yesNoWord(m.Locked),
		}
	})
}
