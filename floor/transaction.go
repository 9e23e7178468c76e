package floor

import (
	"slices"
	"strconv"

	"github.com/matchfloor/matchfloor/internal/hamt"
)

// transaction is a state while one record is being applied. It notes which things are affected; the
// cards that may differ follow from these.
type transaction struct {
	State
	before        State
	record        Record // without Changes
	now           Instant
	affectedRefs  []Ref        // the affected things, in order, each once
	affectedSet   map[Ref]bool // the same as a set, once there are more than smallRefs
	edit          *hamt.Edit   // for this record's changes of maps
	wholeSubjects []Subject
	everySubject  bool
	rotatedLinks  []LinkID
}

func newTransaction(s State, r Record) *transaction {
	tx := &transaction{State: s, before: s, record: r, now: s.clock.At(r.Wall), edit: new(hamt.Edit)}
	tx.seq++
	return tx
}

// smallRefs is the number of affected things up to which a linear search replaces the set.
const smallRefs = 16

// markAffected notes that cards of a thing may differ. It does not change the thing's revision.
func (tx *transaction) markAffected(ref Ref) {
	if tx.isAffected(ref) {
		return
	}
	if tx.affectedRefs = append(tx.affectedRefs, ref); tx.affectedSet != nil {
		tx.affectedSet[ref] = true
	}
}

func (tx *transaction) isAffected(ref Ref) bool {
	if len(tx.affectedRefs) < smallRefs {
		return slices.Contains(tx.affectedRefs, ref)
	}
	if tx.affectedSet == nil {
		tx.affectedSet = make(map[Ref]bool)
		for _, ref := range tx.affectedRefs {
			tx.affectedSet[ref] = true
		}
	}
	return tx.affectedSet[ref]
}

// markChanged notes that the record changed the thing itself, and sets its revision.
func (tx *transaction) markChanged(ref Ref) {
	tx.markAffected(ref)
	tx.revisions = tx.revisions.with(tx.edit, ref, revision{Seq: tx.seq, By: tx.record.By, Key: tx.record.Key})
}

// markWhole notes that so much of a subject's view has changed that it needs a snapshot.
func (tx *transaction) markWhole(s Subject) {
	if !slices.Contains(tx.wholeSubjects, s) {
		tx.wholeSubjects = append(tx.wholeSubjects, s)
	}
}

func (tx *transaction) setMeeting(m Meeting) {
	old := tx.meetings.At(m.ID)
	if old.seated() && tx.seats.At(old.Place.Round).At(old.Place.Table) == m.ID {
		tx.vacate(old.Place)
	}
	if m.seated() {
		tx.occupy(m.Place, m.ID)
	}
	tx.meetings = tx.meetings.With(tx.edit, m.ID, m)
}

// occupy puts a meeting at a place; vacate frees the place.
func (tx *transaction) occupy(p Place, m MeetingID) {
	tx.seats = tx.seats.With(tx.edit, p.Round, tx.seats.At(p.Round).With(tx.edit, p.Table, m))
}

func (tx *transaction) vacate(p Place) {
	tx.seats = tx.seats.With(tx.edit, p.Round, tx.seats.At(p.Round).Without(tx.edit, p.Table))
}

// seated reports whether the meeting takes up a place: it has one and is not cancelled.
func (m Meeting) seated() bool { return !m.Cancelled && m.Place.Round != "" && m.Place.Table != "" }

func (tx *transaction) setRequest(r Request) {
	tx.requests = tx.requests.With(tx.edit, r.ID, r)
	if r.State.Open() {
		tx.openRequestIDs = tx.openRequestIDs.With(tx.edit, r.ID, struct{}{})
	} else {
		tx.openRequestIDs = tx.openRequestIDs.Without(tx.edit, r.ID)
	}
}

func (tx *transaction) setSlot(r SlotRef, slot Slot) {
	if r.Round != "" {
		round := tx.rounds.At(r.Round)
		round.Slot = slot
		tx.rounds = tx.rounds.With(tx.edit, r.Round, round)
		return
	}
	item := tx.items.At(r.Item)
	item.Slot = slot
	tx.items = tx.items.With(tx.edit, r.Item, item)
}

// seqKey returns a key that sorts as the number does.
func seqKey(seq uint64) string {
	digits := strconv.FormatUint(seq, 10)
	return "00000000000000000000"[len(digits):] + digits
}

// withItem and withoutItem return a changed copy: slices that a State refers to are never written to.
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
