package floor

import (
	"fmt"
	"slices"
)

// draft is a state while one record is folded into it. It notes what was
// touched, from which the cards that may differ follow.
type draft struct {
	State
	before  State
	rec     Record // without Changes
	now     Instant
	refs    []string // touched things, in order, once each
	seen    map[string]bool
	whole   []Subject
	all     bool
	rotated []LinkID
}

func newDraft(s State, r Record) *draft {
	d := &draft{State: s, before: s, rec: r, now: s.clock.At(r.Wall), seen: map[string]bool{}}
	d.seq++
	return d
}

// touch notes that the cards of a thing may differ; its revision stays.
func (d *draft) touch(ref string) {
	if !d.seen[ref] {
		d.seen[ref] = true
		d.refs = append(d.refs, ref)
	}
}

// change notes that a thing itself was changed by this record.
func (d *draft) change(ref string) {
	d.touch(ref)
	d.revs = d.revs.with(ref, revision{Seq: d.seq, By: d.rec.By, Key: d.rec.Key})
}

// subjectWhole notes that what a subject may see has changed at large.
func (d *draft) subjectWhole(s Subject) {
	if !slices.Contains(d.whole, s) {
		d.whole = append(d.whole, s)
	}
}

func (d *draft) setMeeting(m Meeting) {
	old := d.meetings.at(m.ID)
	if old.seated() && d.seats.at(seatKey(old.Place)) == m.ID {
		d.seats = d.seats.without(seatKey(old.Place))
	}
	if m.seated() {
		d.seats = d.seats.with(seatKey(m.Place), m.ID)
	}
	d.meetings = d.meetings.with(m.ID, m)
}

// seated reports whether the meeting takes up its place.
func (m Meeting) seated() bool { return !m.Cancelled && m.Place.Round != "" && m.Place.Table != "" }

func (d *draft) setRequest(r Request) {
	d.requests = d.requests.with(r.ID, r)
	if r.State.Open() {
		d.open = d.open.with(r.ID, struct{}{})
	} else {
		d.open = d.open.without(r.ID)
	}
}

func (d *draft) setSlot(r SlotRef, slot Slot) {
	if r.Round != "" {
		round := d.rounds.at(r.Round)
		round.Slot = slot
		d.rounds = d.rounds.with(r.Round, round)
		return
	}
	item := d.items.at(r.Item)
	item.Slot = slot
	d.items = d.items.with(r.Item, item)
}

// seqKey makes a key that sorts as the number does.
func seqKey(seq uint64) string { return fmt.Sprintf("%020d", seq) }

// withItem and withoutItem answer a changed copy: slices in a State are never written to.
func withItem[T comparable](list []T, v T) []T {
	if slices.Contains(list, v) {
		return list
	}
	return append(slices.Clip(list), v)
}

func withoutItem[T comparable](list []T, v T) []T {
	i := slices.Index(list, v)
	if i < 0 {
		return list
	}
	return slices.Concat(list[:i], list[i+1:])
}
