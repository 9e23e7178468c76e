package floor

import (
	"slices"

	"github.com/matchfloor/matchfloor/internal/hamt"
)

// keepDone is how many of the last commands a state remembers, for undo and for
// commands that come after them; keepStaff is how many of the staff's, which
// others therefore cannot crowd out; showDone how many of these moderators see.
const (
	keepDone  = 4096
	keepStaff = 1024
	showDone  = 40
)

// doing is a command that was done: enough to show it and to undo it.
type doing struct {
	Key      CommandKey
	Kind     CommandKind
	Seq      uint64
	By       ActorID
	At       Instant
	Of       []Ref    // what it changed
	Was      []uint64 // as of when each of those stood before
	Changes  []Change // those that have an inverse
	UndoneBy ActorID
}

// reversible is a change that another change can compensate.
type reversible interface {
	Change
	inverse() Change
}

// undoable reports whether the command can still be undone, as far as it knows itself.
func (e doing) undoable() bool { return len(e.Changes) > 0 && e.UndoneBy == "" }

// byStaff reports whether the command is of those that moderators see and undo.
// Attendees, interpreters and the clock give many more.
func (e doing) byStaff() bool {
	switch e.By.Role() {
	case RoleAttendee, RoleInterpreter, RoleClock:
		return false
	}
	return true
}

// keep remembers the record that was folded in, and forgets the oldest.
func (d *draft) keep(r Record) {
	e := doing{Key: r.Key, Kind: r.Kind, Seq: d.seq, By: r.By, At: d.now}
	for _, ref := range d.refs {
		if d.revs.at(ref).Seq == d.seq {
			e.Of, e.Was = append(e.Of, ref), append(e.Was, d.before.revs.at(ref).as())
		}
	}
	for _, c := range r.Changes {
		if _, ok := c.(reversible); ok {
			e.Changes = append(e.Changes, c)
		}
	}
	d.found(r.Key)
	d.remember(e)
	d.show(e)
	d.forget(&d.doneAt, keepDone)
	d.forget(&d.staffAt, keepStaff)
}

func (d *draft) remember(e doing) {
	d.done = d.done.With(d.edit, e.Key, e)
	if e.byStaff() {
		d.staffAt.add(d.edit, e)
	} else {
		d.doneAt.add(d.edit, e)
	}
}

func (d *draft) show(e doing) {
	switch {
	case !e.byStaff():
		return
	case e.Kind == "dismissLost", e.Kind == "raiseVersion", e.Kind == "recordExport":
		return // they do nothing to the floor
	}
	d.recent = append(slices.Clip(d.recent), e.Seq)
	d.touch(doneRef(e.Seq))
	if len(d.recent) > showDone {
		d.touch(doneRef(d.recent[0]))
		d.recent = d.recent[1:]
	}
}

// window is which commands are remembered, by their sequence numbers.
type window struct {
	keys   hamt.Map[string, CommandKey] // by seqKey
	len    int
	oldest uint64 // the first of them, or one before it that is gone
}

func (w *window) add(by *hamt.Edit, e doing) {
	if w.len == 0 {
		w.oldest = e.Seq
	}
	w.keys, w.len = w.keys.With(by, seqKey(e.Seq), e.Key), w.len+1
}

// forget lets go of the oldest commands of a window that holds more than most.
func (d *draft) forget(w *window, most int) {
	for ; w.len > most; w.oldest++ {
		at := seqKey(w.oldest)
		key, ok := w.keys.Get(at)
		if !ok {
			continue
		}
		w.keys, w.len = w.keys.Without(d.edit, at), w.len-1
		if d.done.At(key).Seq == w.oldest {
			d.done = d.done.Without(d.edit, key)
		}
	}
}

// doneAtSeq returns the remembered command that made the record of a sequence number.
func (s State) doneAtSeq(seq uint64) (doing, bool) {
	at := seqKey(seq)
	key, ok := s.staffAt.keys.Get(at)
	if !ok {
		key, ok = s.doneAt.keys.Get(at)
	}
	if !ok {
		return doing{}, false
	}
	return s.done.Get(key)
}

func (s State) doneCard(seq uint64) (Card, bool) {
	e, ok := s.doneAtSeq(seq)
	if !ok || !slices.Contains(s.recent, seq) {
		return nil, false
	}
	return HistoryCard{Command: e.Key, Kind: e.Kind, By: e.By, At: e.At, Of: cardTexts(e.Of), Undo: e.undoable()}, true
}
