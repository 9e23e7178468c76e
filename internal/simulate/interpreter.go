package simulate

import (
	"cmp"
	"slices"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
)

// changeDuty lets an interpreter go on duty when the shift begins, and some of them rest in
// the breaks. The floor itself ends the duty with the shift.
func changeDuty(p *planner, v client.View) []intent {
	id := p.who.ID()
	self, ok := client.Get[floor.InterpreterSelfCard](v, floor.CardKey("self/"+id))
	if !ok {
		return nil
	}
	onShift, start := currentShift(self, v, p.now)
	pause := runningBreak(v)
	become := func(key string, at floor.Instant, to floor.Duty) []intent {
		return []intent{{key: key, at: at, body: floor.SetDuty{Interpreter: floor.InterpreterID(id), Duty: to}}}
	}
	switch {
	case !onShift:
		return nil
	case self.Duty == floor.OffDuty:
		return become("on duty", max(start, p.joined)+p.delay("on duty", 5*second, 3*minute), floor.OnDuty)
	case self.Duty == floor.OnBreak && pause == "":
		return become("back", p.delayAfter("back", 10*second, minute), floor.OnDuty)
	case self.Duty == floor.OnDuty && pause != "" && p.draw("rest "+pause) < 0.3 && !isBusy(v):
		return become("rest "+pause, p.delayAfter("rest "+pause, 30*second, 3*minute), floor.OnBreak)
	}
	return nil
}

// currentShift reports whether an interpreter has a shift now or later, and when it starts;
// without any shifts it starts when the doors open.
func currentShift(self floor.InterpreterSelfCard, v client.View, now floor.Instant) (on bool, start floor.Instant) {
	if len(self.Shifts) == 0 {
		return true, doorsOpen(v)
	}
	for _, s := range self.Shifts {
		if now < s.End {
			return true, s.Start
		}
	}
	return false, 0
}

// runningBreak returns the running break; "" if there is none.
func runningBreak(v client.View) string {
	for id, i := range client.Each[floor.ItemCard](v, "item") {
		if i.Kind == floor.ItemBreak && i.State == floor.StateRunning {
			return id
		}
	}
	return ""
}

// isBusy reports whether an interpreter has claimed a request, or is assigned to a meeting
// of the running round.
func isBusy(v client.View) bool {
	for _, o := range client.Each[floor.OfferCard](v, "offer") {
		if o.Mine {
			return true
		}
	}
	round := runningRound(v)
	for _, a := range client.Each[floor.AssignmentCard](v, "assignment") {
		if round != "" && a.Place.Round == round && !a.Cancelled {
			return true
		}
	}
	return false
}

// serveRequests lets a free interpreter claim the request that has waited longest, and
// serve it.
func serveRequests(p *planner, v client.View) []intent {
	self, ok := client.Get[floor.InterpreterSelfCard](v, floor.CardKey("self/"+p.who.ID()))
	if !ok || self.Duty != floor.OnDuty {
		return nil
	}
	type offer struct {
		id string
		floor.OfferCard
	}
	var waiting []offer
	for id, o := range client.Each[floor.OfferCard](v, "offer") {
		if o.Mine {
			return nextStep(p, id, o.State)
		}
		if o.State == floor.Requested {
			waiting = append(waiting, offer{id, o})
		}
	}
	if len(waiting) == 0 || isBusy(v) {
		return nil
	}
	oldest := slices.MinFunc(waiting, func(a, b offer) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.id, b.id))
	})
	key := "claim " + oldest.id
	return []intent{{key: key, at: p.delayAfter(key, 4*second, 40*second), body: floor.ClaimRequest{Request: floor.RequestID(oldest.id)}}}
}

// nextStep returns the next step of a claimed request.
func nextStep(p *planner, id string, state floor.RequestState) []intent {
	request, key := floor.RequestID(id), string(state)+" "+id
	switch state {
	case floor.Claimed:
		return []intent{{key: key, at: p.delayAfter(key, 3*second, 20*second), body: floor.MarkInterpreterDeparted{Request: request}}}
	case floor.OnTheWay:
		return []intent{{key: key, at: p.delayAfter(key, 40*second, 3*minute), body: floor.MarkInterpreterArrived{Request: request}}}
	case floor.Arrived:
		return []intent{{key: key, at: p.delayAfter(key, 5*minute, 15*minute), body: floor.ReleaseRequest{Request: request}}}
	}
	return nil
}
