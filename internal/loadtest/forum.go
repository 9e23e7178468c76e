//go:build linux

package loadtest

import (
	"fmt"
	"time"

	"github.com/matchfloor/matchfloor/floor"
)

// The shape of a generated forum: a meeting has three people of one company and two of
// another, and each company has up to three meetings.
const (
	peoplePerHost, peoplePerGuest = 3, 2
	peoplePerMeeting              = peoplePerHost + peoplePerGuest
	meetingsPerCompany            = 3
	freeTablesPerRound            = 40 // tables that stay free, to move meetings to
	minRounds                     = 10
	seats                         = peoplePerMeeting + 1
)

// newForum generates a forum of at least n attendees. Its rounds begin a day ahead and last
// an hour, and its grace period is the longest, so that time alone changes nothing during a
// run.
func newForum(event floor.EventID, n, consoles int, now time.Time) floor.Forum {
	f := floor.Forum{Event: floor.Event{
		ID: event, Name: floor.Text{En: "Load " + string(event)}, TimeZone: "UTC", GraceMin: 60, EscalateMin: 60,
	}}
	pairs := (n + peoplePerMeeting - 1) / peoplePerMeeting
	rounds := minRounds
	for meetingsPerCompany*pairs/rounds+freeTablesPerRound+1 > floor.MaxTables && rounds < floor.MaxRounds {
		rounds += minRounds
	}
	first := floor.Instant(now.Add(24 * time.Hour).Truncate(24 * time.Hour).UnixMilli())
	slot := func(from, to int) floor.Slot {
		span := floor.Span{Start: first + floor.Instant(from)*floor.Minute, End: first + floor.Instant(to)*floor.Minute}
		return floor.Slot{Plan: span, Now: span, State: floor.StatePlanned}
	}
	f.Items = []floor.Item{{ID: "matching", Kind: floor.ItemMatching, Name: floor.Text{En: "Matching"}, Slot: slot(0, 60*rounds)}}
	for r := range rounds {
		f.Rounds = append(f.Rounds, floor.Round{ID: roundID(r), No: r + 1, Slot: slot(60*r, 60*r+60)})
	}
	for z := range 4 {
		f.Zones = append(f.Zones, floor.Zone{ID: floor.ZoneID(fmt.Sprintf("z%d", z)), Name: floor.Text{En: fmt.Sprintf("Zone %d", z)}})
	}
	for i := range consoles {
		f.Staff = append(f.Staff, floor.Staff{
			ID: floor.StaffID(fmt.Sprintf("s%02d", i)), Name: floor.Text{En: fmt.Sprintf("Lead %d", i)}, Role: floor.RoleModerator, Lead: true,
		})
	}
	companies(&f, pairs)
	meetings(&f, pairs, rounds)
	return f
}

func roundID(r int) floor.RoundID { return floor.RoundID(fmt.Sprintf("R%02d", r+1)) }
func tableID(t int) floor.TableID { return floor.TableID(fmt.Sprintf("T%03d", t+1)) }

// companies adds pairs of a host and a guest company, with their people.
func companies(f *floor.Forum, pairs int) {
	for i := range pairs {
		for _, c := range []struct {
			side, country string
			people        int
		}{{"h", "KR", peoplePerHost}, {"g", "CN", peoplePerGuest}} {
			id := fmt.Sprintf("%s%05d", c.side, i)
			f.Companies = append(f.Companies, floor.Company{
				ID: floor.CompanyID(id), Country: c.country, Languages: []floor.Lang{"en"}, Name: floor.Text{En: "Company " + id},
			})
			for p := range c.people {
				f.Attendees = append(f.Attendees, floor.Attendee{
					ID: floor.AttendeeID(fmt.Sprintf("%s%c", id, 'a'+p)), Company: floor.CompanyID(id), Name: floor.Text{En: fmt.Sprintf("Person %s %d", id, p)},
				})
			}
		}
	}
}

// meetings gives host i the guests i, i+1 and i+2, in the rounds i, i+3 and i+6 modulo the
// number of rounds, so that no company has two meetings in a round.
func meetings(f *floor.Forum, pairs, rounds int) {
	used := make([]int, rounds) // tables of each round
	tables := 0
	for i := range pairs {
		for k := range min(meetingsPerCompany, pairs-i) {
			r := (i + 3*k) % rounds
			f.Meetings = append(f.Meetings, floor.Meeting{
				ID:    floor.MeetingID(fmt.Sprintf("m%05d%d", i, k)),
				Place: floor.Place{Round: roundID(r), Table: tableID(used[r])},
				Host:  party("h", i, peoplePerHost), Guest: party("g", i+k, peoplePerGuest),
			})
			used[r]++
			tables = max(tables, used[r])
		}
	}
	for t := range min(tables+freeTablesPerRound, floor.MaxTables) {
		f.Tables = append(f.Tables, floor.Table{
			ID: tableID(t), Label: fmt.Sprintf("%03d", t+1), Zone: f.Zones[t%len(f.Zones)].ID, Capacity: seats,
		})
	}
}

func party(side string, i, people int) floor.Party {
	id := fmt.Sprintf("%s%05d", side, i)
	p := floor.Party{Company: floor.CompanyID(id), Presence: floor.Expected}
	for n := range people {
		p.People = append(p.People, floor.AttendeeID(fmt.Sprintf("%s%c", id, 'a'+n)))
	}
	return p
}
