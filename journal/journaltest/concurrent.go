package journaltest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/matchfloor/matchfloor/journal"
)

// concurrentWriters lets several writers append at once, each at the head that it knows, in
// batches of one to three: every record is stored exactly once, in one order for all.
func concurrentWriters(f *fixture) {
	handles := []journal.Journal{f.Journal}
	if f.Other != nil {
		handles = append(handles, f.Other)
	}
	const writers, appends = 6, 15
	fo := f.follow(handles[len(handles)-1], theLog, journal.Genesis(theLog, 1))
	var wg sync.WaitGroup
	errs := make(chan error, writers)
	for w := range writers {
		wg.Go(func() { errs <- appendAll(f, handles[w%len(handles)], w, appends) })
	}
	wg.Wait()
	for range writers {
		if err := <-errs; err != nil {
			f.Error(err)
		}
	}
	if f.Failed() {
		return
	}
	want := 0
	for n := range appends {
		want += writers * (1 + n%3)
	}
	all := f.readAll(f.Journal, theLog)
	count := make(map[journal.CommandKey]int)
	for _, r := range all {
		count[r.Key]++
	}
	if len(all) != want || len(count) != want {
		f.Fatalf("%d records with %d keys, want %d of each", len(all), len(count), want)
	}
	wantRecords(f, fo.wait(f, want), all)
	wantWritersOrder(f, all, writers)
}

// wantWritersOrder fails the test unless each writer's records are in the order in which it
// appended them.
func wantWritersOrder(f *fixture, all []journal.Record, writers int) {
	next := make([]int, writers)
	for _, r := range all {
		var writer, n int
		if _, err := fmt.Sscanf(string(r.Key), "writer-%d-%d", &writer, &n); err != nil {
			f.Fatalf("key %q: %v", r.Key, err)
		}
		if n != next[writer] {
			f.Fatalf("writer %d: record %d is in the place of %d", writer, n, next[writer])
		}
		next[writer]++
	}
}

// appendAll makes the appends of one writer as a node does: after a conflict it takes the
// missed records and tries again at the new head.
func appendAll(f *fixture, j journal.Journal, writer, appends int) error {
	cursor := journal.NewCursor(theLog, journal.Genesis(theLog, 1))
	next := 0
	for n := range appends {
		batch := make([]journal.Record, 1+n%3)
		for i := range batch {
			batch[i] = record(fmt.Sprintf("writer-%d-%d", writer, next))
			next++
		}
		if err := appendBatch(f, j, cursor, batch); err != nil {
			return fmt.Errorf("writer %d: %w", writer, err)
		}
	}
	return nil
}

// appendBatch appends a batch at the cursor, after as many conflicts as there are.
func appendBatch(f *fixture, j journal.Journal, cursor *journal.Cursor, batch []journal.Record) error {
	for range attempts {
		result := f.appendTo(j, theLog, cursor.At(), batch)
		switch {
		case result.Outcome == journal.Appended:
			_, err := cursor.Take(batch)
			return err
		case result.Outcome != journal.Conflict || result.Diverged:
			return fmt.Errorf("at %v: %+v, want it appended, or a conflict that has not diverged", cursor.At(), result)
		}
		if _, err := cursor.Take(result.Missed); err != nil {
			return fmt.Errorf("the missed records do not follow: %w", err)
		}
		if cursor.At() != result.Head {
			return fmt.Errorf("the missed records lead to %v, not to the head %v", cursor.At(), result.Head)
		}
	}
	return errors.New("every attempt was a conflict")
}

func twoHandles(f *fixture) {
	if f.Other == nil {
		f.Log("does not apply: one handle only")
		return
	}
	all, at := f.fill(theLog, "first", 3)
	wantRecords(f, f.readAll(f.Other, theLog), all)
	second := numbered("second", 2)
	result := f.appendTo(f.Other, theLog, at, second)
	if result.Outcome != journal.Appended {
		f.Fatalf("appending by the other handle: %+v", result)
	}
	stale := f.appendTo(f.Journal, theLog, at, numbered("third", 1))
	if stale.Outcome != journal.Conflict || stale.Diverged {
		f.Fatalf("appending behind the other handle: %+v, want a conflict", stale)
	}
	wantRecords(f, stale.Missed, second)
	duplicate := f.appendTo(f.Journal, theLog, result.Head, []journal.Record{record("second-1")})
	if duplicate.Outcome != journal.AlreadyKnown || duplicate.Duplicates[0].Seq != 5 {
		f.Fatalf("a key of the other handle: %+v, want record 5 named", duplicate)
	}
	head, err := f.replace(theLog, result.Head, erase(append(all, second...)))
	if err != nil {
		f.Fatalf("Replace: %v", err)
	}
	old := f.appendTo(f.Other, theLog, result.Head, numbered("third", 1))
	if old.Outcome != journal.Conflict || !old.Diverged || old.Head != head {
		f.Fatalf("the other handle, expecting the old epoch: %+v, want a diverged conflict", old)
	}
}

// linearizable lets clients append to and read one log at once, each from the position that it
// saw last: one order must explain all results.
func linearizable(f *fixture) {
	handles := []journal.Journal{f.Journal}
	if f.Other != nil {
		handles = append(handles, f.Other)
	}
	const clients, calls = 4, 25
	h := NewHistory(theLog)
	var wg sync.WaitGroup
	for c := range clients {
		wrapped := h.Wrap(handles[c%len(handles)], c)
		wg.Go(func() { runClient(f, wrapped, c, calls) })
	}
	wg.Wait()
	h.DropUnstored(f.readAll(h.Wrap(f.Journal, clients), theLog))
	h.Check(f, timeout)
}

// runClient makes the calls of one client: appends, of which some are sent twice and some too
// late, reads and checks of the head. It does not repeat a call that fails; the history records the failure.
func runClient(f *fixture, j journal.Journal, client, calls int) {
	at := journal.Genesis(theLog, 1)
	for n := range calls {
		batch := numbered(fmt.Sprintf("client-%d-%d", client, n), 1+n%2)
		expect := at
		journal.Chain(expect, batch)
		for range 1 + n%3/2 {
			result, err := j.Append(f.Context(), theLog, expect, batch, deadline(n))
			if err == nil {
				at = result.Head
			} else if !f.isTransient(err) {
				f.Errorf("Append: %v", err)
			}
		}
		var err error
		if n%4 == 0 {
			_, err = j.CheckHead(f.Context(), theLog, at)
		} else if n%4 == 1 {
			_, err = j.Read(f.Context(), theLog, at.Seq/2, 1+n)
		}
		if err != nil && !errors.Is(err, journal.ErrPositionMismatch) && !f.isTransient(err) {
			f.Errorf("client %d, call %d: %v", client, n, err)
		}
	}
}

// deadline returns the deadline of a client's nth append: none, one that has passed, or one
// that has not.
func deadline(n int) time.Time {
	switch n % 5 {
	case 2:
		return time.UnixMicro(1)
	case 3:
		return time.Now().Add(200 * 365 * 24 * hour)
	}
	return time.Time{}
}
