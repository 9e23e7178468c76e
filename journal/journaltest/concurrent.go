package journaltest

import (
	"errors"
	"fmt"
	"sync"

	"github.com/matchfloor/matchfloor/journal"
)

// concurrentWriters lets many append at once, each on what it believes to be
// the head, in batches of one to three: every record is stored exactly once, in
// one order that all agree on.
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
		wg.Go(func() { errs <- f.write(handles[w%len(handles)], w, appends) })
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
	f.wantWritersOrder(all, writers)
}

// wantWritersOrder fails unless each writer's records stand in the order in
// which it appended them.
func (f *fixture) wantWritersOrder(all []journal.Record, writers int) {
	next := make([]int, writers)
	for _, r := range all {
		var writer, n int
		if _, err := fmt.Sscanf(string(r.Key), "writer-%d-%d", &writer, &n); err != nil {
			f.Fatalf("key %q: %v", r.Key, err)
		}
		if n != next[writer] {
			f.Fatalf("writer %d: record %d stands where %d should", writer, n, next[writer])
		}
		next[writer]++
	}
}

// write makes the appends of one writer, as a node's fold loop does: a conflict
// is caught up with and tried again on the new head.
func (f *fixture) write(j journal.Journal, writer, appends int) error {
	cursor := journal.NewCursor(theLog, journal.Genesis(theLog, 1))
	next := 0
	for n := range appends {
		batch := make([]journal.Record, 1+n%3)
		for i := range batch {
			batch[i] = record(fmt.Sprintf("writer-%d-%d", writer, next))
			next++
		}
		if err := f.writeBatch(j, cursor, batch); err != nil {
			return fmt.Errorf("writer %d: %w", writer, err)
		}
	}
	return nil
}

func (f *fixture) writeBatch(j journal.Journal, cursor *journal.Cursor, batch []journal.Record) error {
	for range tries {
		result := f.try(j, theLog, cursor.At(), batch)
		switch {
		case result.Outcome == journal.Appended:
			_, err := cursor.Take(batch)
			return err
		case result.Outcome != journal.Conflict || result.Diverged:
			return fmt.Errorf("at %v: %+v, want it appended or a conflict of the same lineage", cursor.At(), result)
		}
		if _, err := cursor.Take(result.Missed); err != nil {
			return fmt.Errorf("what was missed does not follow: %w", err)
		}
		if cursor.At() != result.Head {
			return fmt.Errorf("what was missed leads to %v, not to the head %v", cursor.At(), result.Head)
		}
	}
	return errors.New("no append got through")
}

func twoHandles(f *fixture) {
	if f.Other == nil {
		f.Log("does not apply: one handle only")
		return
	}
	all, at := f.fill(theLog, "first", 3)
	wantRecords(f, f.readAll(f.Other, theLog), all)
	second := numbered("second", 2)
	result := f.try(f.Other, theLog, at, second)
	if result.Outcome != journal.Appended {
		f.Fatalf("appending by the other handle: %+v", result)
	}
	stale := f.try(f.Journal, theLog, at, numbered("third", 1))
	if stale.Outcome != journal.Conflict || stale.Diverged {
		f.Fatalf("appending behind the other handle: %+v, want a conflict", stale)
	}
	wantRecords(f, stale.Missed, second)
	known := f.try(f.Journal, theLog, result.Head, []journal.Record{record("second-1")})
	if known.Outcome != journal.AlreadyKnown || known.Duplicates[0].Seq != 5 {
		f.Fatalf("a key of the other handle: %+v, want it known as 5", known)
	}
	head, err := f.replace(theLog, result.Head, blanked(append(all, second...)))
	if err != nil {
		f.Fatalf("Replace: %v", err)
	}
	old := f.try(f.Other, theLog, result.Head, numbered("third", 1))
	if old.Outcome != journal.Conflict || !old.Diverged || old.Head != head {
		f.Fatalf("the other handle, expecting the old epoch: %+v, want a conflict of lineage", old)
	}
}

// histories lets clients append to and read one log as they like, each from what
// it saw last: one order has to explain everything that they were answered.
func histories(f *fixture) {
	handles := []journal.Journal{f.Journal}
	if f.Other != nil {
		handles = append(handles, f.Other)
	}
	const clients, calls = 4, 25
	h := NewHistory(theLog)
	var wg sync.WaitGroup
	for c := range clients {
		recorded := h.Record(handles[c%len(handles)], c)
		wg.Go(func() { f.wander(recorded, c, calls) })
	}
	wg.Wait()
	h.Settle(f.readAll(h.Record(f.Journal, clients), theLog))
	h.Check(f, patience)
}

// wander makes one client's calls: an append that is sent twice now and then, a
// read, a confirmation. What fails is left at that; the history knows.
func (f *fixture) wander(j journal.Journal, client, calls int) {
	at := journal.Genesis(theLog, 1)
	for n := range calls {
		batch := numbered(fmt.Sprintf("client-%d-%d", client, n), 1+n%2)
		expect := at
		journal.Chain(expect, batch)
		for range 1 + n%3/2 {
			result, err := j.Append(f.Context(), theLog, expect, batch)
			if err == nil {
				at = result.Head
			} else if !f.passing(err) {
				f.Errorf("Append: %v", err)
			}
		}
		var err error
		if n%4 == 0 {
			_, err = j.CheckHead(f.Context(), theLog, at)
		} else if n%4 == 1 {
			_, err = j.Read(f.Context(), theLog, at.Seq/2, 1+n)
		}
		if err != nil && !errors.Is(err, journal.ErrPositionMismatch) && !f.passing(err) {
			f.Errorf("client %d, call %d: %v", client, n, err)
		}
	}
}
