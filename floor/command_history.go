package floor

import (
	"slices"

	"github.com/matchfloor/matchfloor/internal/hamt"
)

// A state remembers the last commands, so that they can be undone and that later commands can depend
// on them. Those of staff are counted apart, so that the many commands of others cannot push them
// out. Moderators see the last maxShownHistory of the staff's.
const (
	maxOtherHistory = 4096
	maxStaffHistory = 1024
	maxShownHistory = 40
)

// historyEntry is a remembered command, with what is needed to show it and to undo it.
type historyEntry struct {
	Key      CommandKey
	Kind     CommandKind
	Seq      uint64
	By       ActorID
	At       Instant
	Changed  []Ref    // the things that it changed
	AsOf     []uint64 // for each of Changed: standsAsOf before the command
	Changes  []Change // those of its changes that have an inverse
	UndoneBy ActorID
}

// reversible is a change that another change can undo.
type reversible interface {
	Change
	inverse() Change
}

// undoable reports whether the entry itself allows an undo; the state may still forbid it.
func (e historyEntry) undoable() bool { return len(e.Changes) > 0 && e.UndoneBy == "" }

// isStaff reports whether the command counts as one of the staff's: of anyone but attendees,
// interpreters and the clock.
func (e historyEntry) isStaff() bool {
	switch e.By.Role() {
	case RoleAttendee, RoleInterpreter, RoleClock:
		return false
	}
	return true
}

// addToHistory remembers the record that was applied, and forgets the oldest commands.
func (tx *transaction) addToHistory(r Record) {
	e := historyEntry{Key: r.Key, Kind: r.Kind, Seq: tx.seq, By: r.By, At: tx.now}
	for _, ref := range tx.affectedRefs {
		if tx.revisions.at(ref).Seq == tx.seq {
			e.Changed, e.AsOf = append(e.Changed, ref), append(e.AsOf, tx.before.revisions.at(ref).standsAsOf())
		}
	}
	for _, c := range r.Changes {
		if _, ok := c.(reversible); ok {
			e.Changes = append(e.Changes, c)
		}
	}
	tx.dropFoundLost(r.Key)
	tx.remember(e)
	tx.showToModerators(e)
	tx.forgetOldest(&tx.otherWindow, maxOtherHistory)
	tx.forgetOldest(&tx.staffWindow, maxStaffHistory)
}

func (tx *transaction) remember(e historyEntry) {
	tx.history = tx.history.With(tx.edit, e.Key, e)
	if e.isStaff() {
		tx.staffWindow.add(tx.edit, e)
	} else {
		tx.otherWindow.add(tx.edit, e)
	}
}

func (tx *transaction) showToModerators(e historyEntry) {
	switch {
	case !e.isStaff():
		return
	case e.Kind == "dismissLost", e.Kind == "raiseVersion", e.Kind == "recordExport":
		return // they change nothing on the floor
	}
	tx.shown = append(slices.Clip(tx.shown), e.Seq)
	tx.markAffected(doneRef(e.Seq))
	if len(tx.shown) > maxShownHistory {
		tx.markAffected(doneRef(tx.shown[0]))
		tx.shown = tx.shown[1:]
	}
}

// historyWindow lists remembered commands by the sequence numbers of their records.
type historyWindow struct {
	keys   hamt.Map[string, CommandKey] // by seqKey
	count  int
	oldest uint64 // the first of them, or a lower number
}

func (w *historyWindow) add(by *hamt.Edit, e historyEntry) {
	if w.count == 0 {
		w.oldest = e.Seq
	}
	w.keys, w.count = w.keys.With(by, seqKey(e.Seq), e.Key), w.count+1
}

// forgetOldest removes the oldest commands while a window has more than most.
func (tx *transaction) forgetOldest(w *historyWindow, most int) {
	for ; w.count > most; w.oldest++ {
		at := seqKey(w.oldest)
		key, ok := w.keys.Get(at)
		if !ok {
			continue
		}
		w.keys, w.count = w.keys.Without(tx.edit, at), w.count-1
		if tx.history.At(key).Seq == w.oldest {
			tx.history = tx.history.Without(tx.edit, key)
		}
	}
}

// historyAt returns the remembered command whose record has a sequence number.
func (s State) historyAt(seq uint64) (historyEntry, bool) {
	at := seqKey(seq)
	key, ok := s.staffWindow.keys.Get(at)
	if !ok {
		key, ok = s.otherWindow.keys.Get(at)
	}
	if !ok {
		return historyEntry{}, false
	}
	return s.history.Get(key)
}

func (s State) historyCard(seq uint64) (Card, bool) {
	e, ok := s.historyAt(seq)
	if !ok || !slices.Contains(s.shown, seq) {
		return nil, false
	}
	return HistoryCard{Command: e.Key, Kind: e.Kind, By: e.By, At: e.At, Of: cardTexts(e.Changed), Undo: e.undoable()}, true
}
