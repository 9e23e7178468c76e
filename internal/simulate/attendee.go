package simulate

import (
	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
)

// attends reports whether an attendee takes part at all. It is the same for every planner,
// so that the runners know who is missing.
func attends(p *planner, id string) bool { return p.sharedDraw("comes "+id) < 0.95 }

// doorsOpen returns when people may enter: an hour before the first item.
func doorsOpen(v client.View) floor.Instant {
	var first floor.Instant
	for _, i := range client.Each[floor.ItemCard](v, "item") {
		if first == 0 || i.Plan.Start < first {
			first = i.Plan.Start
		}
	}
	return first - hour
}

// checkIn lets an attendee check in within the hour before the first item, or late, or
// soon after joining a day that has begun.
func checkIn(p *planner, v client.View) []intent {
	id := p.who.ID()
	me, ok := client.Get[floor.AttendeeSelfCard](v, floor.CardKey("me/"+id))
	if !ok || me.CheckedIn != 0 || !attends(p, id) {
		return nil
	}
	at := doorsOpen(v) + p.delay("arrival", minute, 59*minute)
	if p.draw("late") < 0.08 {
		at += p.delay("late by", hour/2, 3*hour)
	}
	if at < p.joined {
		at = p.joined + p.delay("arrival", 2*second, 90*second)
	}
	return []intent{{key: "check in", at: at, body: floor.CheckIn{Attendee: floor.AttendeeID(id)}}}
}

// acknowledgeNotices lets an attendee acknowledge notices after a delay. Some are never
// acknowledged.
func acknowledgeNotices(p *planner, v client.View) (all []intent) {
	for id := range client.Each[floor.OwnNoticeCard](v, "notice") {
		key := "notice " + id
		if p.draw("deaf "+key) < 0.04 {
			continue
		}
		slow := p.draw("slow " + key)
		all = append(all, intent{
			key: key, at: p.firstSeen(key) + 3*second + floor.Instant(slow*slow*slow*float64(150*second)),
			body: floor.AcknowledgeNotices{Notices: []floor.NoticeID{floor.NoticeID(id)}},
		})
	}
	return all
}

// runningRound returns the running round; "" if there is none.
func runningRound(v client.View) floor.RoundID {
	for id, r := range client.Each[floor.RoundCard](v, "round") {
		if r.State == floor.StateRunning {
			return floor.RoundID(id)
		}
	}
	return ""
}

// isSeating reports whether people go to their tables for a round: it is running, or it
// has been called and no other is running.
func isSeating(v client.View, round floor.RoundID) bool {
	r, _ := client.Get[floor.RoundCard](v, floor.CardKey("round/"+round))
	switch r.State {
	case floor.StateRunning:
		return true
	case floor.StateCalled, floor.StateCalledLast:
		return runningRound(v) == ""
	}
	return false
}

// takeSeat lets an attendee go to the table after the call, and mark the company present.
func takeSeat(p *planner, v client.View) (all []intent) {
	me, _ := client.Get[floor.AttendeeSelfCard](v, floor.CardKey("me/"+p.who.ID()))
	if me.CheckedIn == 0 {
		return nil
	}
	for id, c := range client.Each[floor.OwnMeetingCard](v, "meeting") {
		key := "sit " + id
		if c.Cancelled || c.Mine != floor.Expected || !isSeating(v, c.Place.Round) || p.draw("astray "+key) < 0.05 {
			continue
		}
		all = append(all, intent{
			key: key, at: p.delayAfter(key, 30*second, 5*minute),
			body: floor.MarkPresent{Meeting: floor.MeetingID(id), Side: c.Side},
		})
	}
	return all
}

// interpreterNeed returns the probability that somebody at a meeting requests an interpreter.
func interpreterNeed(c floor.OwnMeetingCard) float64 {
	switch {
	case !c.Interpreter.Empty():
		return 0.03 // another one, with a special skill
	case c.Pair != "":
		return 0.6
	}
	return 0.2
}

// requestInterpreter lets an attendee at the table request an interpreter. Some cancel the
// request.
func requestInterpreter(p *planner, v client.View) (all []intent) {
	open := map[floor.MeetingID]bool{}
	for id, r := range client.Each[floor.OwnRequestCard](v, "request") {
		open[r.Meeting] = true
		if key := "regret " + id; r.State == floor.Requested && p.draw(key) < 0.07 {
			all = append(all, intent{
				key: key, at: p.delayAfter(key, minute, 3*minute), body: floor.CancelRequest{Request: floor.RequestID(id)},
			})
		}
	}
	round := runningRound(v)
	for id, c := range client.Each[floor.OwnMeetingCard](v, "meeting") {
		meeting, key := floor.MeetingID(id), "ask "+id
		if round == "" || c.Place.Round != round || c.Cancelled || open[meeting] ||
			c.Mine != floor.Present || p.draw("need "+key) >= interpreterNeed(c) {
			continue
		}
		all = append(all, intent{key: key, at: p.delayAfter(key, 20*second, 4*minute), body: floor.RequestInterpreter{Meeting: meeting}})
	}
	return all
}
