package floor

import (
	"slices"
	"strconv"
)

// draft is a state while one record is folded into it. It notes what was
// touched, from which the cards that may differ follow.
type draft struct {
	State
	before  State
	rec     Record // without Changes
	now     Instant
	refs    []string        // touched things, in order, once each
	seen    map[string]bool // those of refs, once there are more than a few
	edit    *edit           // of this record
	whole   []Subject
	all     bool
	rotated []LinkID
}

func newDraft(s State, r Record) *draft {
	d := &draft{State: s, before: s, rec: r, now: s.clock.At(r.Wall), edit: new(edit)}
	d.seq++
	return d
}

// fewRefs is up to how many refs are looked through, rather than kept in a map.
const fewRefs = 16

// touch notes that the cards of a thing may differ; its revision stays.
func (d *draft) touch(ref string) {
	if d.saw(ref) {
		return
	}
	if d.refs = append(d.refs, ref); d.seen != nil {
		d.seen[ref] = true
	}
}

func (d *draft) saw(ref string) bool {
	if len(d.refs) < fewRefs {
		return slices.Contains(d.refs, ref)
	}
	if d.seen == nil {
		d.seen = make(map[string]bool)
		for _, ref := range d.refs {
			d.seen[ref] = true
		}
	}
	return d.seen[ref]
}

// change notes that a thing itself was changed by this record.
func (d *draft) change(ref string) {
	d.touch(ref)
	d.revs = d.revs.with(d.edit, ref, revision{Seq: d.seq, By: d.rec.By, Key: d.rec.Key})
}

// subjectWhole notes that what a subject may see has changed at large.
func (d *draft) subjectWhole(s Subject) {
	if !slices.Contains(d.whole, s) {
		d.whole = append(d.whole, s)
	}
}

func (d *draft) setMeeting(m Meeting) {
	old := d.meetings.at(m.ID)
	if old.seated() && d.seats.at(old.Place.Round).at(old.Place.Table) == m.ID {
		d.stand(old.Place)
	}
	if m.seated() {
		d.sit(m.Place, m.ID)
	}
	d.meetings = d.meetings.with(d.edit, m.ID, m)
}

// sit gives a place to a meeting, and stand to nobody.
func (d *draft) sit(p Place, m MeetingID) {
	d.seats = d.seats.with(d.edit, p.Round, d.seats.at(p.Round).with(d.edit, p.Table, m))
}

func (d *draft) stand(p Place) {
	d.seats = d.seats.with(d.edit, p.Round, d.seats.at(p.Round).without(d.edit, p.Table))
}

// seated reports whether the meeting takes up its place.
func (m Meeting) seated() bool { return !m.Cancelled && m.Place.Round != "" && m.Place.Table != "" }

func (d *draft) setRequest(r Request) {
	d.requests = d.requests.with(d.edit, r.ID, r)
	if r.State.Open() {
		d.open = d.open.with(d.edit, r.ID, struct{}{})
	} else {
		d.open = d.open.without(d.edit, r.ID)
	}
}

func (d *draft) setSlot(r SlotRef, slot Slot) {
	if r.Round != "" {
		round := d.rounds.at(r.Round)
		round.Slot = slot
		d.rounds = d.rounds.with(d.edit, r.Round, round)
		return
	}
	item := d.items.at(r.Item)
	item.Slot = slot
	d.items = d.items.with(d.edit, r.Item, item)
}

// seqKey makes a key that sorts as the number does.
func seqKey(seq uint64) string {
	digits := strconv.FormatUint(seq, 10)
	return "00000000000000000000"[len(digits):] + digits
}

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
