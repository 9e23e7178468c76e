package journaltest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal"
)

// fakeTB is a test that only records its failure.
type fakeTB struct {
	testing.TB
	failed string
}

func (f *fakeTB) Helper()                           {}
func (f *fakeTB) Logf(string, ...any)               {}
func (f *fakeTB) Errorf(format string, args ...any) { f.failed = fmt.Sprintf(format, args...) }

// brokenJournal is a journal that breaks the contract in one way.
type brokenJournal struct {
	journal.Journal
	loses, stale, appendsTwice bool
	first                      journal.Page // the result of the first Read
}

func (b *brokenJournal) Append(ctx context.Context, log journal.LogID, expect journal.Position, batch []journal.Record, notAfter time.Time) (journal.Result, error) {
	if b.loses && expect.Seq == 3 {
		return journal.Result{Outcome: journal.Appended, Head: journal.Chain(expect, batch)}, nil
	}
	result, err := b.Journal.Append(ctx, log, expect, batch, notAfter)
	if b.appendsTwice && result.Outcome == journal.AlreadyKnown {
		result = journal.Result{Outcome: journal.Appended, Head: result.Head}
	}
	return result, err
}

func (b *brokenJournal) Read(ctx context.Context, log journal.LogID, after uint64, limit int) (journal.Page, error) {
	page, err := b.Journal.Read(ctx, log, after, limit)
	if b.first.Head == (journal.Position{}) {
		b.first = page
	}
	if b.stale {
		return b.first, err
	}
	return page, err
}

// verdictOn lets one client append five records, two of them twice, and read before and after.
// It returns the failure that Check reports, or "".
func verdictOn(t *testing.T, b *brokenJournal) string {
	t.Helper()
	b.Journal = journal.NewMemory(time.Now)
	h := NewHistory(theLog)
	j, at := h.Wrap(b, 0), journal.Genesis(theLog, 1)
	read := func() {
		if _, err := j.Read(t.Context(), theLog, 0, 10); err != nil {
			t.Fatal(err)
		}
	}
	read()
	for n := range 5 {
		batch := numbered(fmt.Sprint("n-", n), 1)
		end := journal.Chain(at, batch)
		for range 1 + n%2 {
			if _, err := j.Append(t.Context(), theLog, at, batch, time.Time{}); err != nil {
				t.Fatal(err)
			}
		}
		at = end
	}
	read()
	verdict := &fakeTB{TB: t}
	h.Check(verdict, timeout)
	return verdict.failed
}

func TestHistory_FindsBrokenPromises(t *testing.T) {
	if failed := verdictOn(t, &brokenJournal{}); failed != "" {
		t.Errorf("a correct journal: %s", failed)
	}
	for name, b := range map[string]*brokenJournal{
		"an acknowledged append is lost": {loses: true},
		"a read returns an old page":     {stale: true},
		"a repeated append is appended":  {appendsTwice: true},
	} {
		if verdictOn(t, b) == "" {
			t.Errorf("Check does not find that %s", name)
		}
	}
}

func TestHistory_FailsWithoutTimeToCheck(t *testing.T) {
	h := NewHistory(theLog)
	m := journal.NewMemory(time.Now)
	var clients sync.WaitGroup
	for c := range 8 {
		j := h.Wrap(m, c)
		clients.Go(func() {
			at := journal.Genesis(theLog, 1)
			for n := range 200 {
				batch := numbered(fmt.Sprintf("c-%d-%d", c, n), 1)
				journal.Chain(at, batch)
				if result, err := j.Append(t.Context(), theLog, at, batch, time.Time{}); err == nil {
					at = result.Head
				}
			}
		})
	}
	clients.Wait()
	verdict := &fakeTB{TB: t}
	if h.Check(verdict, time.Nanosecond); verdict.failed == "" {
		t.Error("Check passed without the time to check")
	}
}

// lostAppends is a journal that loses every append and returns ErrUnknown.
type lostAppends struct{ journal.Journal }

func (lostAppends) Append(context.Context, journal.LogID, journal.Position, []journal.Record, time.Time) (journal.Result, error) {
	return journal.Result{}, journal.ErrUnknown
}

// A few dozen appends with an unknown outcome would take more time than Check has.
func TestHistory_ChecksWithoutUnstoredAppends(t *testing.T) {
	h, m := NewHistory(theLog), journal.NewMemory(time.Now)
	at := journal.Genesis(theLog, 1)
	appendOne := func(j journal.Journal, key string) {
		batch := numbered(key, 1)
		journal.Chain(at, batch)
		if _, err := j.Append(t.Context(), theLog, at, batch, time.Time{}); err != nil && !errors.Is(err, journal.ErrUnknown) {
			t.Fatal(err)
		}
	}
	for n := range 40 {
		appendOne(h.Wrap(lostAppends{}, 1+n), fmt.Sprint("lost-", n))
	}
	appendOne(h.Wrap(m, 0), "kept")
	page, err := m.Read(t.Context(), theLog, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	h.DropUnstored(page.Records)
	verdict := &fakeTB{TB: t}
	if n := h.Check(verdict, timeout); n != 1 || verdict.failed != "" {
		t.Errorf("%d calls: %s", n, verdict.failed)
	}
}
