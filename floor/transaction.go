package floor

import (
	"slices"
	"strconv"

	"github.com/matchfloor/matchfloor/internal/hamt"
)

// draft is a state while one record is folded into it. It notes what was
// touched, from which the cards that may differ follow.
type draft struct {
	State
	before  State
	rec     Record // without Changes
	now     Instant
	refs    []Ref        // touched things, in order, once each
	seen    map[Ref]bool // those of refs, once there are more than a few
	edit    *hamt.Edit   // of this record
	whole   []Subject
	all     bool
	rotated []LinkID
}

func newDraft(s State, r Record) *draft {
	d := &draft{State: s, before: s, rec: r, now: s.clock.At(r.Wall), edit: new(hamt.Edit)}
	d.seq++
	return d
}

// fewRefs is up to how many refs are looked through, rather than kept in a map.
const fewRefs = 16

// touch notes that the cards of a thing may differ; its revision stays.
func (d *draft) touch(ref Ref) {
	if d.saw(ref) {
		return
	}
	if d.refs = append(d.refs, ref); d.seen != nil {
		d.seen[ref] = true
	}
}

func (d *draft) saw(ref Ref) bool {
	if len(d.refs) < fewRefs {
		return slices.Contains(d.refs, ref)
	}
	if d.seen == nil {
		d.seen = make(map[Ref]bool)
		for _, ref := range d.refs {
			d.seen[ref] = true
		}
	}
	return d.seen[ref]
}

// change notes that a thing itself was changed by this record.
func (d *draft) change(ref Ref) {
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
	old := d.meetings.At(m.ID)
	if old.seated() && d.seats.At(old.Place.Round).At(old.Place.Table) == m.ID {
		d.stand(old.Place)
	}
	if m.seated() {
		d.sit(m.Place, m.ID)
	}
	d.meetings = d.meetings.With(d.edit, m.ID, m)
}

// sit gives a place to a meeting, and stand to nobody.
func (d *draft) sit(p Place, m MeetingID) {
	d.seats = d.seats.With(d.edit, p.Round, d.seats.At(p.Round).With(d.edit, p.Table, m))
}

func (d *draft) stand(p Place) {
	d.seats = d.seats.With(d.edit, p.Round, d.seats.At(p.Round).Without(d.edit, p.Table))
}

// seated reports whether the meeting takes up its place.
func (m Meeting) seated() bool { return !m.Cancelled && m.Place.Round != "" && m.Place.Table != "" }

func (d *draft) setRequest(r Request) {
	d.requests = d.requests.With(d.edit, r.ID, r)
	if r.State.Open() {
		d.open = d.open.With(d.edit, r.ID, struct{}{})
	} else {
		d.open = d.open.Without(d.edit, r.ID)
	}
}

func (d *draft) setSlot(r SlotRef, slot Slot) {
	if r.Round != "" {
		round := d.rounds.At(r.Round)
		round.Slot = slot
		d.rounds = d.rounds.With(d.edit, r.Round, round)
		return
	}
	item := d.items.At(r.Item)
	item.Slot = slot
	d.items = d.items.With(d.edit, r.Item, item)
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
