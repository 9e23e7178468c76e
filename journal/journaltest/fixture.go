package journaltest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal"
)

// patience bounds every wait of the suite, tries every repetition.
const (
	patience = 30 * time.Second
	tries    = 1000
)

const theLog journal.LogID = "spring-forum"

// fixture is one case's journal with the helpers that every case needs. Its
// calls fail the test where the journal answers what the contract rules out.
type fixture struct {
	*testing.T
	Env
}

// record answers an unchained record with the key and a body made from it.
func record(key string) journal.Record {
	return recordOf(key, []byte("body of "+key))
}

func recordOf(key string, body []byte) journal.Record {
	return journal.Record{Key: journal.CommandKey(key), Digest: sha256.Sum256(body), Body: body}
}

// numbered answers n records with the keys prefix-0, prefix-1, …
func numbered(prefix string, n int) []journal.Record {
	records := make([]journal.Record, n)
	for i := range records {
		records[i] = record(fmt.Sprintf("%s-%d", prefix, i))
	}
	return records
}

// try chains batch onto expect and appends it, again and again while the
// journal does not know. A batch that turns out to have been stored by a call
// that failed counts as appended.
func (f *fixture) try(j journal.Journal, log journal.LogID, expect journal.Position, batch []journal.Record) journal.Result {
	f.Helper()
	end := journal.Chain(expect, batch)
	unknown := false
	for range tries {
		result, err := j.Append(f.Context(), log, expect, batch)
		switch {
		case err == nil && unknown && knowsAll(result, batch):
			result.Outcome, result.Head, result.Duplicates = journal.Appended, end, nil
			return result
		case err == nil:
			return result
		case f.passing(err):
			unknown = unknown || errors.Is(err, journal.ErrUnknown)
		default:
			f.Fatalf("Append(%q, %v): %v", log, expect, err)
		}
	}
	f.Fatalf("Append(%q, %v): no answer in %d tries", log, expect, tries)
	panic("unreachable")
}

// passing reports whether err is one that a faulty journal may answer and that
// calls for another try.
func (f *fixture) passing(err error) bool {
	return f.Faulty && (errors.Is(err, journal.ErrUnknown) || errors.Is(err, journal.ErrUnavailable))
}

// knowsAll reports whether result names every record of batch, where the batch
// would have put it.
func knowsAll(result journal.Result, batch []journal.Record) bool {
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

// append appends records at expect and answers the position after them.
func (f *fixture) append(log journal.LogID, expect journal.Position, records ...journal.Record) journal.Position {
	f.Helper()
	result := f.try(f.Journal, log, expect, records)
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

// fill appends n numbered records in batches and answers all of them.
func (f *fixture) fill(log journal.LogID, prefix string, n int) ([]journal.Record, journal.Position) {
	f.Helper()
	all := numbered(prefix, n)
	at := journal.Genesis(log, 1)
	for rest := all; len(rest) > 0; {
		batch := rest[:min(len(rest), journal.MaxBatch)]
		at = f.append(log, at, batch...)
		rest = rest[len(batch):]
	}
	return all, at
}

// read reads a page that has to be readable.
func (f *fixture) read(j journal.Journal, log journal.LogID, after uint64, limit int) journal.Page {
	f.Helper()
	page, err := f.tryRead(j, log, after, limit)
	if err != nil {
		f.Fatalf("Read(%q, %d, %d): %v", log, after, limit, err)
	}
	return page
}

func (f *fixture) tryRead(j journal.Journal, log journal.LogID, after uint64, limit int) (page journal.Page, err error) {
	for range tries {
		if page, err = j.Read(f.Context(), log, after, limit); err == nil || !f.passing(err) {
			break
		}
	}
	return page, err
}

// readAll answers the whole log, read by a cursor from its start.
func (f *fixture) readAll(j journal.Journal, log journal.LogID) []journal.Record {
	f.Helper()
	records, err := f.catchUp(journal.NewCursor(log, journal.Position{}), j)
	if err != nil {
		f.Fatalf("reading all of %q: %v", log, err)
	}
	return records
}

// catchUp calls Cursor.CatchUp until it gets through.
func (f *fixture) catchUp(c *journal.Cursor, j journal.Journal) (all []journal.Record, err error) {
	for range tries {
		var more []journal.Record
		more, err = c.CatchUp(f.Context(), j)
		all = append(all, more...)
		if err == nil || !f.passing(err) {
			break
		}
	}
	return all, err
}

// replace rewrites the log until it is known to be rewritten or refused.
func (f *fixture) replace(log journal.LogID, expect journal.Position, records []journal.Record) (journal.Position, error) {
	f.Helper()
	_, want, err := journal.Rechain(log, expect, records)
	if err != nil {
		f.Fatalf("Rechain: %v", err)
	}
	unknown := false
	for range tries {
		head, err := f.Journal.Replace(f.Context(), log, expect, records)
		// A try whose outcome is unknown may be stored at any moment, also between
		// the look at the head and the next try, which then finds the log moved.
		late := unknown && errors.Is(err, journal.ErrPositionMismatch)
		if err == nil || !late && !f.passing(err) {
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
	f.Fatalf("Replace(%q, %v): no answer in %d tries", log, expect, tries)
	panic("unreachable")
}

// confirm calls Confirm until it is answered.
func (f *fixture) confirm(log journal.LogID, at journal.Position) (clock time.Time, err error) {
	for range tries {
		if clock, err = f.Journal.CheckHead(f.Context(), log, at); err == nil || !f.passing(err) {
			break
		}
	}
	return clock, err
}

// wantLog fails unless the log holds exactly records, at head.
func (f *fixture) wantLog(log journal.LogID, head journal.Position, records []journal.Record) {
	f.Helper()
	if got := f.read(f.Journal, log, 0, 0).Head; got != head {
		f.Fatalf("the log stands at %v, want %v", got, head)
	}
	wantRecords(f, f.readAll(f.Journal, log), records)
}

func wantRecords(t testing.TB, got, want []journal.Record) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i := range got {
		if !same(got[i], want[i]) {
			t.Fatalf("record %d is %s, want %s", i, show(got[i]), show(want[i]))
		}
	}
}

func same(a, b journal.Record) bool {
	return a.Seq == b.Seq && a.Key == b.Key && a.Digest == b.Digest && a.Hash == b.Hash && bytes.Equal(a.Body, b.Body)
}

func show(r journal.Record) string {
	return fmt.Sprintf("{%d %q %d bytes %x}", r.Seq, string(r.Key), len(r.Body), r.Hash[:4])
}

// bounded answers a context of the test that ends after patience.
func (f *fixture) bounded() (context.Context, context.CancelFunc) {
	return context.WithTimeout(f.Context(), patience)
}
