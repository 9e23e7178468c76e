package simulate

import (
	"slices"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
)

// human is what the runners leave to whoever holds the spared links.
type human struct{ attendees []floor.AttendeeID }

func spares(links []Link) (h human) {
	for _, l := range ofRole(links, floor.RoleAttendee) {
		h.attendees = append(h.attendees, floor.AttendeeID(l.ID))
	}
	return h
}

// desk: whoever has come and has not checked in by phone is checked in by hand.
func (h human) desk(m *mind, v client.View) (all []errand) {
	opens := doorsOpen(v)
	for id, a := range client.Each[floor.AttendeeCard](v, "attendee") {
		attendee, key := floor.AttendeeID(id), "desk "+id
		if a.CheckedIn != 0 || !comes(m, id) || slices.Contains(h.attendees, attendee) {
			continue
		}
		at := opens + m.within(key, 70*minute, 100*minute)
		if at < m.joined {
			at = m.joined + m.within(key, 2*minute, 8*minute)
		}
		all = append(all, errand{key: key, at: at, body: floor.CheckIn{Attendee: attendee}})
	}
	return all
}

// seats: the runners mark who sits at the tables without having said so, and who
// has not come when the grace period is over.
func (h human) seats(m *mind, v client.View) (all []errand) {
	round := running(v)
	if round == "" {
		return nil
	}
	for id, c := range client.Each[floor.MeetingCard](v, "meeting") {
		if c.Place.Round != round || c.Place.Table == "" || c.Cancelled {
			continue
		}
		all = append(all, h.seat(m, v, floor.MeetingID(id), floor.Host, c.Host)...)
		all = append(all, h.seat(m, v, floor.MeetingID(id), floor.Guest, c.Guest)...)
	}
	return all
}

func (h human) seat(m *mind, v client.View, meeting floor.MeetingID, side floor.Side, p floor.Party) []errand {
	if p.Presence != floor.Expected || slices.ContainsFunc(p.People, func(a floor.AttendeeID) bool { return slices.Contains(h.attendees, a) }) {
		return nil
	}
	here := slices.ContainsFunc(p.People, func(a floor.AttendeeID) bool {
		card, _ := client.Get[floor.AttendeeCard](v, floor.CardKey("attendee/"+a))
		return card.CheckedIn != 0
	})
	key := "sits " + string(meeting) + " " + string(side)
	switch {
	case here && m.common("astray "+key) >= 0.03:
		return []errand{{key: key, at: m.after(key, minute, 4*minute), body: floor.MarkPresent{Meeting: meeting, Side: side}}}
	case p.GraceEnd:
		key = "missing " + key
		return []errand{{key: key, at: m.after(key, 20*second, 2*minute), body: floor.MarkNoShow{Meeting: meeting, Side: side}, based: true}}
	}
	return nil
}
