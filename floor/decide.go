package floor

import (
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strconv"

	"github.com/matchfloor/matchfloor/internal/hamt"
)

// Decision is the result of an accepted command.
type Decision struct {
	Changes []Change // what to log, in order
	Notes   []*Error // soft collisions: the command is accepted, and its sender should know them

	tx *transaction // the state that was decided on, with the changes applied
}

// Record returns the record to log.
func (d Decision) Record() Record {
	r := d.tx.record
	r.Changes = d.Changes
	return r
}

// Next returns what Apply returns for the decision's record on the state that was decided on, without
// applying the changes again. It may be called several times. The state may share memory with the
// command, so the caller must not change the command afterwards.
func (d Decision) Next() (State, Affected) {
	next := *d.tx
	next.edit, next.affectedSet = new(hamt.Edit), nil // the decision's own stay as they are
	next.affectedRefs = slices.Clip(next.affectedRefs)
	return next.commit(d.Record())
}

// decision is a command while it is being decided. Each change is applied to the transaction at once,
// so that later rules see it.
type decision struct {
	*transaction
	envelope     Envelope
	right        right
	rightChecked bool // a limited right was checked against what the command concerns
	result       Decision
	idCount      int
}

// Decide returns the changes that a command makes to a state, or the reason why it is refused. It is
// pure and total: the same envelope on the same state always has the same result. It does not look
// for earlier commands with the same key: the caller that appends to the log must do that.
func Decide(s State, o Envelope) (Decision, *Error) {
	d := &decision{transaction: newTransaction(s, Record{Key: o.Key, Kind: KindOf(o.Command), By: o.By, Wall: o.ReceivedAt}), envelope: o}
	if err := d.authorise(); err != nil {
		return Decision{}, err
	}
	if o.NotAfter != 0 && o.ReceivedAt > o.NotAfter {
		return Decision{}, newError(CodeTooLate)
	}
	for _, key := range o.DependsOn {
		if _, ok := s.CommandSeq(key); !ok {
			return Decision{}, newError(CodeAfterMissing, "after", string(key))
		}
	}
	versionChanges := d.beginLog()
	if err := o.Command.decide(d); err != nil {
		return Decision{}, err
	}
	if d.right != everywhere && !d.rightChecked {
		return Decision{}, newError(CodeForbidden, "command", string(KindOf(o.Command)))
	}
	if len(d.result.Changes) == versionChanges {
		return Decision{}, newError(CodeNothingChanges)
	}
	if err := d.checkVersion(); err != nil {
		return Decision{}, err
	}
	d.result.tx = d.transaction
	return d.result, nil
}

// emit applies a change and adds it to the result.
func (d *decision) emit(c Change) {
	c.apply(d.transaction)
	d.result.Changes = append(d.result.Changes, c)
}

func (d *decision) addNote(code Code, pairs ...string) {
	d.result.Notes = append(d.result.Notes, newError(code, pairs...))
}

// checkBase refuses the command if something that it changes was changed after the sequence number
// that the sender's screen showed, unless the sender's own earlier commands changed it.
func (d *decision) checkBase(refs ...Ref) *Error {
	if d.envelope.Unconditional {
		return nil
	}
	for _, ref := range append(refs, importRef) {
		r := d.before.revisions.at(ref)
		if r.Seq > d.envelope.BaseSeq && !slices.Contains(d.envelope.DependsOn, r.Key) {
			return newError(CodeStale, "of", ref.card().String(), "by", string(r.By), "seq", strconv.FormatUint(r.Seq, 10))
		}
	}
	return nil
}

// newID derives an id from the command's key, so that a repeated command makes the same id.
func (d *decision) newID(prefix string) string {
	d.idCount++
	sum := sha256.Sum256([]byte(string(d.envelope.Key) + "#" + strconv.Itoa(d.idCount)))
	return prefix + idEncoding.EncodeToString(sum[:8])
}

var idEncoding = base32.NewEncoding("abcdefghijkmnpqrstuvwxyz23456789").WithPadding(base32.NoPadding)

func unknown(ref Ref) *Error { return newError(CodeUnknown, "of", ref.String()) }

func badValue(field string) *Error { return newError(CodeBadValue, "field", field) }

func (d *decision) checkReleased() *Error {
	if !d.Released() {
		return newError(CodeNotReleased)
	}
	return nil
}
