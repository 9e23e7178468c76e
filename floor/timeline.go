package floor

import (
	"cmp"
	"slices"
)

// restGap is the length of a gap in the plan that no delay crosses. What comes after it, such as the
// next day's site visits, keeps its time.
const restGap = 180 * Minute

// plannedSlot is a slot on the timeline.
type plannedSlot struct {
	SlotRef
	Slot
	absorbs Instant
}

// timeline returns the slots of the event in the order of the plan. It has the rounds of matching
// sessions, not the sessions.
func (d *decision) timeline() []plannedSlot {
	var line []plannedSlot
	for r := range d.rounds.Values() {
		line = append(line, plannedSlot{SlotRef{Round: r.ID}, r.Slot, 0})
	}
	for i := range d.items.Values() {
		if i.Kind != ItemMatching {
			line = append(line, plannedSlot{SlotRef{Item: i.ID}, i.Slot, Instant(i.AbsorbsMin) * Minute})
		}
	}
	slices.SortStableFunc(line, func(a, b plannedSlot) int {
		return cmp.Or(cmp.Compare(a.Plan.Start, b.Plan.Start), cmp.Compare(a.Plan.End, b.Plan.End), cmp.Compare(a.ref().String(), b.ref().String()))
	})
	return line
}

// spanFrom returns how the slot runs if it starts at a time: its planned length, less what it can
// absorb of a delay, plus its extensions.
func (p plannedSlot) spanFrom(at Instant) Span {
	late := at - p.Plan.Start
	if late > 0 {
		late = max(0, late-p.absorbs)
	}
	return Span{at, max(at+Minute, p.Plan.End+late+p.Extra)}
}

// expectedSpan returns how a slot runs if it starts at a time.
func (d *decision) expectedSpan(r SlotRef, slot Slot, at Instant) Span {
	p := plannedSlot{SlotRef: r, Slot: slot}
	if r.Item != "" {
		p.absorbs = Instant(d.items.At(r.Item).AbsorbsMin) * Minute
	}
	return p.spanFrom(at)
}

// shiftFollowers moves the slots after one. A delay passes from slot to slot, less what each absorbs,
// until nothing is left of it or a rest gap comes. Nothing is moved before its plan, because people
// were told that time.
func (d *decision) shiftFollowers(of SlotRef) {
	var shifts []SlotShift
	line := d.timeline()
	at := slices.IndexFunc(line, func(p plannedSlot) bool { return p.SlotRef == of })
	prev := line[at]
	for _, p := range line[at+1:] {
		if p.Plan.Start-prev.Plan.End >= restGap {
			break
		}
		if p.State == StateRunning || p.State == StateEnded {
			prev = p
			continue
		}
		if now := p.spanFrom(p.Plan.Start + max(0, prev.Late())); now != p.Now {
			shifts = append(shifts, SlotShift{p.SlotRef, now})
			p.Now = now
		}
		prev = p
	}
	shifts = append(shifts, d.matchingShifts(shifts)...)
	if len(shifts) > 0 {
		d.emit(SlotsShifted{shifts})
	}
}

// matchingShifts returns the matching sessions whose times are not those of their rounds, once the
// given shifts are made.
func (d *decision) matchingShifts(shifts []SlotShift) []SlotShift {
	now := func(r Round) Span {
		for _, s := range shifts {
			if s.Round == r.ID {
				return s.Now
			}
		}
		return r.Now
	}
	var out []SlotShift
	for item := range d.items.Values() {
		if item.Kind != ItemMatching {
			continue
		}
		span := item.Now
		first := true
		for r := range d.rounds.Values() {
			if !item.Plan.Contains(r.Plan.Start) {
				continue
			}
			n := now(r)
			if first {
				span, first = n, false
			}
			span = Span{min(span.Start, n.Start), max(span.End, n.End)}
		}
		if span != item.Now {
			out = append(out, SlotShift{SlotRef{Item: item.ID}, span})
		}
	}
	return out
}
