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

	folded *draft // the state decided on, with the changes folded in
}

// Record answers what is logged of a decision.
func (d Decision) Record() Record {
	r := d.folded.rec
	r.Changes = d.Changes
	return r
}

// Next answers what Apply answers of the decision's record, on the state that it was
// decided on: deciding has folded its changes in already. The state may share memory
// with the command.
func (d Decision) Next() (State, Affected) {
	next := *d.folded
	next.edit, next.seen = new(hamt.Edit), nil // the decision's own stay as they are
	next.refs = slices.Clip(next.refs)
	return next.finish(d.Record())
}

// decision is a command being decided: the changes so far are folded into its
// draft, so that what comes later sees what came before.
type decision struct {
	*draft
	order   Envelope
	right   right
	checked bool // a limited right has been held against what the command concerns
	out     Decision
	ids     int
}

// Decide answers the changes that a command makes of a state, or why it makes
// none. It is pure and total: whoever gives the same order on the same state
// gets the same answer. It does not know of commands that are in the log
// already; whoever appends does.
func Decide(s State, o Envelope) (Decision, *Error) {
	d := &decision{draft: newDraft(s, Record{Key: o.Key, Kind: KindOf(o.Command), By: o.By, Wall: o.ReceivedAt}), order: o}
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
	begun := d.begin()
	if err := o.Command.decide(d); err != nil {
		return Decision{}, err
	}
	if d.right != everywhere && !d.checked {
		return Decision{}, newError(CodeForbidden, "command", string(KindOf(o.Command)))
	}
	if len(d.out.Changes) == begun {
		return Decision{}, newError(CodeNothingChanges)
	}
	if err := d.writable(); err != nil {
		return Decision{}, err
	}
	d.out.folded = d.draft
	return d.out, nil
}

// do makes a change.
func (d *decision) do(c Change) {
	c.apply(d.draft)
	d.out.Changes = append(d.out.Changes, c)
}

func (d *decision) note(code Code, pairs ...string) {
	d.out.Notes = append(d.out.Notes, newError(code, pairs...))
}

// fresh refuses the command if a thing that it changes was changed after the
// sequence that its sender's screen showed, but for the sender's own earlier commands.
func (d *decision) fresh(refs ...Ref) *Error {
	if d.order.Unconditional {
		return nil
	}
	for _, ref := range append(refs, importRef) {
		r := d.before.revs.at(ref)
		if r.Seq > d.order.BaseSeq && !slices.Contains(d.order.DependsOn, r.Key) {
			return newError(CodeStale, "of", ref.card().String(), "by", string(r.By), "seq", strconv.FormatUint(r.Seq, 10))
		}
	}
	return nil
}

// newID derives an id from the command's, so that a repeat makes the same one.
func (d *decision) newID(prefix string) string {
	d.ids++
	sum := sha256.Sum256([]byte(string(d.order.Key) + "#" + strconv.Itoa(d.ids)))
	return prefix + idEncoding.EncodeToString(sum[:8])
}

var idEncoding = base32.NewEncoding("abcdefghijkmnpqrstuvwxyz23456789").WithPadding(base32.NoPadding)

func unknown(ref Ref) *Error { return newError(CodeUnknownThing, "of", ref.String()) }

func badValue(field string) *Error { return newError(CodeBadValue, "field", field) }

func (d *decision) released() *Error {
	if !d.Released() {
		return newError(CodeNotReleased)
	}
	return nil
}
