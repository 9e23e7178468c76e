package simulate

import (
	"slices"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
)

// sparedPeople are the attendees whose links are left to a human, and whom the runners do
// not check in or mark.
type sparedPeople struct{ attendees []floor.AttendeeID }

func sparedAttendees(links []Link) (h sparedPeople) {
	for _, l := range linksOf(links, floor.RoleAttendee) {
		h.attendees = append(h.attendees, floor.AttendeeID(l.ID))
	}
	return h
}

// checkInAtDesk checks in attendees who have come but did not check in by phone.
func (h sparedPeople) checkInAtDesk(p *planner, v client.View) (all []intent) {
	opens := doorsOpen(v)
	for id, a := range client.Each[floor.AttendeeCard](v, "attendee") {
		attendee, key := floor.AttendeeID(id), "desk "+id
		if a.CheckedIn != 0 || !attends(p, id) || slices.Contains(h.attendees, attendee) {
			continue
		}
		at := opens + p.delay(key, 70*minute, 100*minute)
		if at < p.joined {
			at = p.joined + p.delay(key, 2*minute, 8*minute)
		}
		all = append(all, intent{key: key, at: at, body: floor.CheckIn{Attendee: attendee}})
	}
	return all
}

// markPresence marks sides that sit at their tables but did not say so, and, after the
// grace period, those that did not come.
func (h sparedPeople) markPresence(p *planner, v client.View) (all []intent) {
	round := runningRound(v)
	if round == "" {
		return nil
	}
	for id, c := range client.Each[floor.MeetingCard](v, "meeting") {
		if c.Place.Round != round || c.Place.Table == "" || c.Cancelled {
			continue
		}
		all = append(all, h.markSide(p, v, floor.MeetingID(id), floor.Host, c.Host)...)
		all = append(all, h.markSide(p, v, floor.MeetingID(id), floor.Guest, c.Guest)...)
	}
	return all
}

func (h sparedPeople) markSide(p *planner, v client.View, meeting floor.MeetingID, side floor.Side, party floor.Party) []intent {
	if party.Presence != floor.Expected || slices.ContainsFunc(party.People, func(a floor.AttendeeID) bool { return slices.Contains(h.attendees, a) }) {
		return nil
	}
	here := slices.ContainsFunc(party.People, func(a floor.AttendeeID) bool {
		card, _ := client.Get[floor.AttendeeCard](v, floor.CardKey("attendee/"+a))
		return card.CheckedIn != 0
	})
	key := "sits " + string(meeting) + " " + string(side)
	switch {
	case here && p.sharedDraw("astray "+key) >= 0.03:
		return []intent{{key: key, at: p.delayAfter(key, minute, 4*minute), body: floor.MarkPresent{Meeting: meeting, Side: side}}}
	case party.GraceEnd:
		key = "missing " + key
		return []intent{{key: key, at: p.delayAfter(key, 20*second, 2*minute), body: floor.MarkNoShow{Meeting: meeting, Side: side}, based: true}}
	}
	return nil
}
