package workbook

import (
	"slices"

	"github.com/matchfloor/matchfloor/floor"
)

func (b *bookReader) readMeetings() {
	people := map[floor.CompanyID][]floor.AttendeeID{}
	company := map[floor.AttendeeID]floor.CompanyID{}
	for _, a := range b.forum.Attendees {
		people[a.Company] = append(people[a.Company], a.ID)
		company[a.ID] = a.Company
	}
	whole := b.listsPeople()
	b.eachRow(sheetMeetings, func(r rowReader, id string, keep bool) {
		m := floor.Meeting{
			ID: floor.MeetingID(id), Place: r.place(),
			Host: r.party("host", people, company), Guest: r.party("guest", people, company),
			Pair: r.pair("pair", r.cell("pair")), Interpreter: floor.InterpreterID(r.ref("interpreter")), Locked: r.yesNo("locked"),
		}
		for side, p := range map[string]floor.Party{"host": m.Host, "guest": m.Guest} {
			if whole && p.Company != "" && len(p.People) == 0 && !r.bad[side+"_people"] {
				r.fault(side, NoPeople, "company", string(p.Company))
			}
		}
		if m.Host.Company != "" && m.Host.Company == m.Guest.Company {
			r.fault("guest", SameCompany, "company", string(m.Guest.Company))
		}
		if m.Interpreter != "" && m.Pair == "" {
			r.fault("pair", InterpreterNoPair, "person", string(m.Interpreter))
		}
		if keep {
			b.forum.Meetings = append(b.forum.Meetings, m)
			r.recordEntry()
		}
	})
}

// place returns the round and table of a meeting: both, or neither.
func (r rowReader) place() floor.Place {
	p := floor.Place{Round: floor.RoundID(r.ref("round")), Table: floor.TableID(r.ref("table"))}
	if p.Round != "" && p.Table != "" {
		return p
	}
	round, table := r.cell("round") != "", r.cell("table") != ""
	switch {
	case r.bad["round"] || r.bad["table"]: // the unreadable cell has a fault already
	case round && !table:
		r.fault("table", HalfPlace)
	case table && !round:
		r.fault("round", HalfPlace)
	}
	return floor.Place{}
}

// party returns a side of a meeting: the people named in the row, or all of the company.
func (r rowReader) party(side string, people map[floor.CompanyID][]floor.AttendeeID, company map[floor.AttendeeID]floor.CompanyID) floor.Party {
	p := floor.Party{Company: floor.CompanyID(r.ref(side)), Presence: floor.Expected}
	column := side + "_people"
	for _, id := range r.refs(column) {
		person := floor.AttendeeID(id)
		if of := company[person]; of != "" && p.Company != "" && of != p.Company {
			r.fault(column, OtherCompany, "person", id, "company", string(of), "expected", string(p.Company))
		}
		p.People = append(p.People, person)
	}
	if len(p.People) > 0 || p.Company == "" || r.bad[column] {
		return p
	}
	p.People = slices.Clone(people[p.Company])
	return p
}

// listsPeople reports whether every row of the sheet attendees has a readable id and
// company. Only then is a company without people a fault.
func (b *bookReader) listsPeople() bool {
	g := b.sheets[sheetAttendees]
	if _, ids := g.columnIndex["id"]; !ids {
		return false
	}
	for _, l := range g.rows {
		if b.faulty[cellRef{sheetAttendees, l.number, "company"}] || b.faulty[cellRef{sheetAttendees, l.number, "id"}] {
			return false
		}
	}
	_, companies := g.columnIndex["company"]
	return companies
}
