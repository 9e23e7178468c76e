package floor

import (
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strconv"

	"github.com/matchfloor/matchfloor/internal/hamt"
)

// Decision is what a command comes to.
type Decision struct {
	Changes []Change // what to log, in order
	Notes   []*Error // soft collisions, worth telling whoever decided

	tx *transaction // the state decided on, with the changes folded in
}

// Record answers what is logged of a decision.
func (d Decision) Record() Record {
	r := d.tx.record
	r.Changes = d.Changes
	return r
}

// Next answers what Apply answers of the decision's record, on the state that it was
// decided on: deciding has folded its changes in already. The state may share memory
// with the command.
func (d Decision) Next() (State, Affected) {
	next := *d.tx
	next.edit, next.affectedSet = new(hamt.Edit), nil // the decision's own stay as they are
	next.affectedRefs = slices.Clip(next.affectedRefs)
	return next.commit(d.Record())
}

// decision is a command being decided: the changes so far are folded into its
// draft, so that what comes later sees what came before.
type decision struct {
	*transaction
	envelope     Envelope
	right        right
	rightChecked bool // a limited right has been held against what the command concerns
	result       Decision
	idCount      int
}

// Decide answers the changes that a command makes of a state, or why it makes
// none. It is pure and total: whoever gives the same order on the same state
// gets the same answer. It does not know of commands that are in the log
// already; whoever appends does.
func Decide(s State, o Envelope) (Decision, *Error) {
	d := &decision{transaction: newTransaction(s, Record{Key: o.Key, Kind: KindOf(o.Command), By: o.By, Wall: o.ReceivedAt}), envelope: o}
	if err := d.authorise(); err != nil {
		return Decision{}, err
	}
	if o.NotAfter != 0 && o.ReceivedAt > o.NotAfter {
		return Decision{}, newError(CodeTooLate)
	}
	for _, key := range o.DependsOn {
		if _, ok := s.Done(key); !ok {
			return Decision{}, newError(CodeAfterMissing, "after", string(key))
		}
	}
	begun := d.beginLog()
	if err := o.Command.decide(d); err != nil {
		return Decision{}, err
	}
	if d.right != everywhere && !d.rightChecked {
		return Decision{}, newError(CodeForbidden, "command", string(KindOf(o.Command)))
	}
	if len(d.result.Changes) == begun {
		return Decision{}, newError(CodeNothingChanges)
	}
	if err := d.checkVersion(); err != nil {
		return Decision{}, err
	}
	d.result.tx = d.transaction
	return d.result, nil
}

// emit makes a change.
func (d *decision) emit(c Change) {
	c.apply(d.transaction)
	d.result.Changes = append(d.result.Changes, c)
}

func (d *decision) addNote(code Code, pairs ...string) {
	d.result.Notes = append(d.result.Notes, newError(code, pairs...))
}

// checkBase refuses the command if a thing that it changes was changed after the
// sequence that its sender's screen showed, but for the sender's own earlier commands.
func (d *decision) checkBase(refs ...Ref) *Error {
	if d.envelope.Unconditional {
		return nil
	}
	for _, ref := range append(refs, importRef) {
		r := d.before.revs.at(ref)
		if r.Seq > d.envelope.BaseSeq && !slices.Contains(d.envelope.DependsOn, r.Key) {
			return newError(CodeStale, "of", ref.card().String(), "by", string(r.By), "seq", strconv.FormatUint(r.Seq, 10))
		}
	}
	return nil
}

// newID derives an id from the command's, so that a repeat makes the same one.
func (d *decision) newID(prefix string) string {
	d.idCount++
	sum := sha256.Sum256([]byte(string(d.envelope.Key) + "#" + strconv.Itoa(d.idCount)))
	return prefix + idEncoding.EncodeToString(sum[:8])
}

var idEncoding = base32.NewEncoding("abcdefghijkmnpqrstuvwxyz23456789").WithPadding(base32.NoPadding)

func unknown(ref Ref) *Error { return newError(CodeUnknownThing, "of", ref.String()) }

func badValue(field string) *Error { return newError(CodeBadValue, "field", field) }

func (d *decision) checkReleased() *Error {
	if !d.Released() {
		return newError(CodeNotReleased)
	}
	return nil
}
