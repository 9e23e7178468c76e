package journaltest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal"
)

// timeout bounds every wait of the suite, and attempts the repetitions of one call.
const (
	timeout  = 30 * time.Second
	attempts = 1000
)

// Env is one empty store as the suite uses it. The function that opens it registers what must
// be closed with t.Cleanup.
type Env struct {
	Journal   journal.Journal
	Snapshots journal.Snapshots // nil leaves out the cases of snapshots

	// Other is a second handle on the same store, as another process or node has it; nil leaves
	// out the cases of two handles.
	Other journal.Journal

	// Flip changes one bit of a field of a stored record, in the store and without the journal;
	// nil leaves out the cases of damage.
	Flip func(log journal.LogID, seq uint64, field Field)

	// Faulty says that calls may fail with ErrUnknown or ErrUnavailable and that hints may be
	// lost. The suite then sends again and reads the log by itself, as the contract asks of
	// callers.
	Faulty bool
}

// Field names the field of a record that Flip damages.
type Field string

// The fields of a stored record.
const (
	Body   Field = "body"
	Key    Field = "key"
	Digest Field = "digest"
	Hash   Field = "hash"
)

// fixture is the store of one case, with the helpers that several cases need. They fail the
// test if the journal breaks the contract.
type fixture struct {
	*testing.T
	Env
}

// appendTo is appendWith without a deadline.
func (f *fixture) appendTo(j journal.Journal, log journal.LogID, expect journal.Position, batch []journal.Record) journal.Result {
	f.Helper()
	return f.appendWith(j, log, expect, batch, time.Time{})
}

// appendWith chains batch to expect and appends it to j, again while the outcome is unknown. A
// batch that a failed attempt has stored counts as appended.
func (f *fixture) appendWith(j journal.Journal, log journal.LogID, expect journal.Position, batch []journal.Record, notAfter time.Time) journal.Result {
	f.Helper()
	end := journal.Chain(expect, batch)
	unknown := false
	for range attempts {
		result, err := j.Append(f.Context(), log, expect, batch, notAfter)
		switch {
		case err == nil && unknown && allDuplicates(result, batch):
			result.Outcome, result.Head, result.Duplicates = journal.Appended, end, nil
			return result
		case err == nil:
			return result
		case f.isTransient(err):
			unknown = unknown || errors.Is(err, journal.ErrUnknown)
		default:
			f.Fatalf("Append(%q, %v): %v", log, expect, err)
		}
	}
	f.Fatalf("Append(%q, %v): no result in %d attempts", log, expect, attempts)
	panic("unreachable")
}

// isTransient reports whether err is one that a faulty journal may return, and after which the
// caller may try again.
func (f *fixture) isTransient(err error) bool {
	return f.Faulty && (errors.Is(err, journal.ErrUnknown) || errors.Is(err, journal.ErrUnavailable))
}

// allDuplicates reports whether result names every record of batch, at the sequence number that
// the batch would have given it.
func allDuplicates(result journal.Result, batch []journal.Record) bool {
	if result.Outcome != journal.AlreadyKnown || len(result.Duplicates) != len(batch) {
		return false
	}
	for i, k := range result.Duplicates {
		r := batch[i]
		if k != (journal.Duplicate{Key: r.Key, Seq: r.Seq, Digest: r.Digest}) {
			return false
		}
	}
	return true
}

// mustAppend appends records at expect and returns the position after them.
func (f *fixture) mustAppend(log journal.LogID, expect journal.Position, records ...journal.Record) journal.Position {
	f.Helper()
	result := f.appendTo(f.Journal, log, expect, records)
	if result.Outcome != journal.Appended {
		f.Fatalf("Append(%q, %v) = %+v, want it appended", log, expect, result)
	}
	if want := journal.Chain(expect, records); result.Head != want {
		f.Fatalf("Append(%q, %v): head %v, want %v", log, expect, result.Head, want)
	}
	if result.Clock.IsZero() {
		f.Fatalf("Append(%q, %v): no clock", log, expect)
	}
	return result.Head
}

// fill appends n numbered records in batches to an empty log. It returns them and the head.
func (f *fixture) fill(log journal.LogID, prefix string, n int) ([]journal.Record, journal.Position) {
	f.Helper()
	all := numbered(prefix, n)
	at := journal.Genesis(log, 1)
	for rest := all; len(rest) > 0; {
		batch := rest[:min(len(rest), journal.MaxBatch)]
		at = f.mustAppend(log, at, batch...)
		rest = rest[len(batch):]
	}
	return all, at
}

// read returns a page, and fails the test on an error.
func (f *fixture) read(j journal.Journal, log journal.LogID, after uint64, limit int) journal.Page {
	f.Helper()
	page, err := f.tryRead(j, log, after, limit)
	if err != nil {
		f.Fatalf("Read(%q, %d, %d): %v", log, after, limit, err)
	}
	return page
}

func (f *fixture) tryRead(j journal.Journal, log journal.LogID, after uint64, limit int) (page journal.Page, err error) {
	for range attempts {
		if page, err = j.Read(f.Context(), log, after, limit); err == nil || !f.isTransient(err) {
			break
		}
	}
	return page, err
}

// readAll returns the whole log, read by a cursor from its start.
func (f *fixture) readAll(j journal.Journal, log journal.LogID) []journal.Record {
	f.Helper()
	records, err := f.catchUp(journal.NewCursor(log, journal.Position{}), j)
	if err != nil {
		f.Fatalf("reading all of %q: %v", log, err)
	}
	return records
}

// catchUp calls Cursor.CatchUp again while the error is transient.
func (f *fixture) catchUp(c *journal.Cursor, j journal.Journal) (all []journal.Record, err error) {
	for range attempts {
		var more []journal.Record
		more, err = c.CatchUp(f.Context(), j)
		all = append(all, more...)
		if err == nil || !f.isTransient(err) {
			break
		}
	}
	return all, err
}

// replace calls Replace until the outcome is known.
func (f *fixture) replace(log journal.LogID, expect journal.Position, records []journal.Record) (journal.Position, error) {
	f.Helper()
	_, want, err := journal.Rechain(log, expect, records)
	if err != nil {
		f.Fatalf("Rechain: %v", err)
	}
	unknown := false
	for range attempts {
		head, err := f.Journal.Replace(f.Context(), log, expect, records)
		// An attempt with an unknown outcome may be stored at any moment, also between the
		// read of the head and the next attempt, which then finds another head.
		late := unknown && errors.Is(err, journal.ErrPositionMismatch)
		if err == nil || !late && !f.isTransient(err) {
			return head, err
		}
		if head := f.read(f.Journal, log, 0, 0).Head; head == want {
			return head, nil
		}
		if late {
			return head, err
		}
		unknown = unknown || errors.Is(err, journal.ErrUnknown)
	}
	f.Fatalf("Replace(%q, %v): no result in %d attempts", log, expect, attempts)
	panic("unreachable")
}

// checkHead calls CheckHead again while the error is transient.
func (f *fixture) checkHead(log journal.LogID, at journal.Position) (clock time.Time, err error) {
	for range attempts {
		if clock, err = f.Journal.CheckHead(f.Context(), log, at); err == nil || !f.isTransient(err) {
			break
		}
	}
	return clock, err
}

// wantLog fails the test unless the log holds exactly records, at head.
func (f *fixture) wantLog(log journal.LogID, head journal.Position, records []journal.Record) {
	f.Helper()
	if got := f.read(f.Journal, log, 0, 0).Head; got != head {
		f.Fatalf("the log is at %v, want %v", got, head)
	}
	wantRecords(f, f.readAll(f.Journal, log), records)
}

// withTimeout returns a context of the test that ends after timeout.
func (f *fixture) withTimeout() (context.Context, context.CancelFunc) {
	return context.WithTimeout(f.Context(), timeout)
}

// afterTimeout returns a channel that receives after timeout.
func afterTimeout() <-chan time.Time { return time.After(timeout) }
