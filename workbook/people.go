package workbook

import (
	"cmp"
	"strconv"
	"unicode/utf8"

	"github.com/matchfloor/matchfloor/floor"
)

// readPeople reads everyone and everything with a link: attendees, staff, interpreters,
// displays.
func (b *bookReader) readPeople() {
	b.eachRow(sheetAttendees, func(r rowReader, id string, keep bool) {
		a := floor.Attendee{
			ID: floor.AttendeeID(id), Company: floor.CompanyID(r.ref("company")), Name: r.name(), Title: r.text("title"),
		}
		if keep {
			b.forum.Attendees = append(b.forum.Attendees, a)
			r.recordEntry()
		}
	})
	b.eachRow(sheetStaff, func(r rowReader, id string, keep bool) {
		s := r.staff(id)
		if keep {
			b.forum.Staff = append(b.forum.Staff, s)
			r.recordEntry()
		}
	})
	b.eachRow(sheetInterpreters, func(r rowReader, id string, keep bool) {
		i := floor.Interpreter{
			ID: floor.InterpreterID(id), Name: r.name(), Pairs: r.pairs(), Skills: r.skills(),
			Shifts: r.shifts(), Floater: r.yesNo("floater"), Duty: floor.OffDuty,
		}
		if keep {
			b.forum.Interpreters = append(b.forum.Interpreters, i)
			r.recordEntry()
		}
	})
	b.eachRow(sheetDisplays, func(r rowReader, id string, keep bool) {
		d := floor.Display{
			ID: floor.DisplayID(id), Name: cmp.Or(r.text("name"), id), Zones: r.zones(), Languages: r.languages("languages"),
		}
		if keep {
			b.forum.Displays = append(b.forum.Displays, d)
			r.recordEntry()
		}
	})
}

func (r rowReader) staff(id string) floor.Staff {
	role := r.choice("role")
	s := floor.Staff{ID: floor.StaffID(id), Name: r.name(), Role: floor.Role(role), Zones: r.zones()}
	if role == "lead" {
		s.Role, s.Lead = floor.RoleModerator, true
	}
	return s
}

func (r rowReader) zones() []floor.ZoneID {
	var zones []floor.ZoneID
	for _, id := range r.refs("zones") {
		zones = append(zones, floor.ZoneID(id))
	}
	return zones
}

func (r rowReader) pairs() []floor.Pair {
	var pairs []floor.Pair
	seen := map[floor.Pair]bool{}
	for _, part := range r.list("pairs") {
		p := r.pair("pairs", part)
		if p == "" {
			continue
		}
		if seen[p] { // ko-zh and zh-ko are the same pair
			r.fault("pairs", ListedTwice, "value", quote(part))
		}
		seen[p] = true
		pairs = append(pairs, p)
	}
	return pairs
}

func (r rowReader) skills() []string {
	skills := r.list("skills")
	for _, s := range skills {
		if utf8.RuneCountInString(s) > maxSkill {
			r.fault("skills", TooLong, "limit", strconv.Itoa(maxSkill))
		}
	}
	return skills
}

func (r rowReader) shifts() []floor.Span {
	var shifts []floor.Span
	for _, part := range r.list("shifts") {
		span, code := r.b.calendar.parseShift(part)
		if code != "" {
			r.timeFault("shifts", code, part)
			continue
		}
		shifts = append(shifts, span)
	}
	return shifts
}
