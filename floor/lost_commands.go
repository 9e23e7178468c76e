package floor

import (
	"cmp"
	"slices"
)

// The limits of lost commands.
const (
	MaxDismissed = 100 // lost commands in one DismissLost
	maxLost      = 512 // lost commands in a state; the oldest are dropped first
	maxLostRefs  = 24  // things that one of them names
)

// LostID is the id of a lost command in the state that reports it.
type LostID string

// LostCommand is a command that was accepted, but whose record the log no longer has: its store went back to
// an earlier state, and other records were appended there.
type LostCommand struct {
	Command CommandKey  `json:"command"`
	Kind    CommandKind `json:"kind"`
	By      ActorID     `json:"by"`
	Wall    Instant     `json:"wall"`         // when it was accepted
	Of      []string    `json:"of,omitempty"` // what it had changed: "meeting/m017", "table/T05", …
}

// ReportLost says that a command was lost. The clock gives it, under a key made of the lost record's
// hash: every node that had the record submits it, and one of these commands is logged.
type ReportLost struct{ LostCommand }

// DismissLost removes lost commands from the screens of those who were notified.
type DismissLost struct {
	Lost []LostID `json:"lost"`
}

type (
	// LostReported says which command the log has lost.
	LostReported struct {
		ID LostID `json:"id"`
		LostCommand
	}
	// LostDismissed says that somebody who was notified has dismissed it.
	LostDismissed struct {
		Lost LostID `json:"lost"`
	}
)

// LostReport returns the command that reports the loss of the record r, which led to this state. ok is false
// if nothing needs to be reported: what the clock gave falls due again, and a notice whose
// acknowledgement was lost is on its reader's screen again.
func (s State) LostReport(r Record) (ReportLost, bool) {
	if r.By.Role() == RoleClock || r.Kind == "seen" || r.Kind == "dismissLost" {
		return ReportLost{}, false
	}
	of := cardTexts(s.history.At(r.Key).Changed)
	for i, text := range of { // a lost request cannot be looked up, but its meeting can
		if ref := ParseRef(text); ref.Kind == RefRequest {
			of[i] = meetingRef(s.requests.At(RequestID(ref.ID)).Meeting).String()
		}
	}
	return ReportLost{LostCommand{Command: r.Key, Kind: r.Kind, By: r.By, Wall: r.Wall, Of: of[:min(len(of), maxLostRefs)]}}, true
}

// LostReport returns the command that made the record, if that reported a lost command. It must be
// given again if the log loses this record too.
func (r Record) LostReport() (ReportLost, bool) {
	for _, c := range r.Changes {
		if c, ok := c.(LostReported); ok {
			return ReportLost{c.LostCommand}, true
		}
	}
	return ReportLost{}, false
}

func (c ReportLost) decide(d *decision) *Error {
	if _, ok := d.CommandSeq(c.Command); ok {
		return nil // it was given again, and the log has it after all
	}
	d.emit(LostReported{LostID(d.newID("l")), c.LostCommand})
	return nil
}

func (c DismissLost) decide(d *decision) *Error {
	if len(c.Lost) == 0 || len(c.Lost) > MaxDismissed {
		return badValue("lost")
	}
	for _, id := range c.Lost {
		l, ok := d.lost.Get(id)
		if err := d.checkOwner(l.By == d.envelope.By, lostRef(id)); err != nil {
			return err
		}
		if ok {
			d.emit(LostDismissed{id})
		}
	}
	return nil
}

func (c LostReported) apply(tx *transaction) {
	tx.lost = tx.lost.With(tx.edit, c.ID, LostReported{c.ID, c.LostCommand})
	tx.markAffected(lostRef(c.ID))
	if tx.lost.Len() > maxLost {
		tx.dropLost(slices.MinFunc(slices.Collect(tx.lost.Values()), func(a, b LostReported) int {
			return cmp.Or(cmp.Compare(a.Wall, b.Wall), cmp.Compare(a.ID, b.ID))
		}).ID)
	}
}

func (c LostDismissed) apply(tx *transaction) { tx.dropLost(c.Lost) }

func (tx *transaction) dropLost(id LostID) {
	tx.markAffected(lostRef(id))
	tx.lost = tx.lost.Without(tx.edit, id)
}

// dropFoundLost removes the report of a command that the log has again: its sender had no result, and
// gave it once more.
func (tx *transaction) dropFoundLost(key CommandKey) {
	for l := range tx.lost.Values() {
		if l.Command == key {
			tx.dropLost(l.ID)
		}
	}
}

// lostKeys returns the keys of the cards about commands that w lost.
func (s State) lostKeys(w ActorID) (keys []CardKey) {
	for l := range s.lost.Values() {
		if l.By == w {
			keys = append(keys, CardKey("lost/"+l.ID))
		}
	}
	return keys
}

func (s State) lostCard(id LostID) (LostCard, bool) {
	l, ok := s.lost.Get(id)
	return LostCard{Command: l.Command, Kind: l.Kind, By: l.By, Wall: l.Wall, Of: l.Of}, ok
}

func (s State) ownLostCard(w ActorID, id LostID) (Card, bool) {
	l, ok := s.lostCard(id)
	return l, ok && l.By == w
}

func (a *affectedCards) addLost(s State, id LostID, key CardKey) {
	l, ok := s.lost.Get(id)
	if !ok {
		return
	}
	a.add(Moderator, key)
	if role := l.By.Role(); role == RoleAttendee || role == RoleInterpreter {
		a.add(Subject(l.By), key)
	}
}
