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

// judged is a test that only notes whether it was failed.
type judged struct {
	testing.TB
	failed string
}

func (j *judged) Helper()                      {}
func (j *judged) Logf(string, ...any)          {}
func (j *judged) Errorf(f string, args ...any) { j.failed = fmt.Sprintf(f, args...) }

// liar is a journal that breaks its word in one way.
type liar struct {
	journal.Journal
	forgets, stale, twice bool
	first                 journal.Page // what the first Read answered
}

func (l *liar) Append(ctx context.Context, log journal.LogID, expect journal.Position, batch []journal.Record) (journal.Result, error) {
	if l.forgets && expect.Seq == 3 {
		return journal.Result{Outcome: journal.Appended, Head: journal.Chain(expect, batch)}, nil
	}
	result, err := l.Journal.Append(ctx, log, expect, batch)
	if l.twice && result.Outcome == journal.AlreadyKnown {
		result = journal.Result{Outcome: journal.Appended, Head: result.Head}
	}
	return result, err
}

func (l *liar) Read(ctx context.Context, log journal.LogID, after uint64, limit int) (journal.Page, error) {
	page, err := l.Journal.Read(ctx, log, after, limit)
	if l.first.Head == (journal.Position{}) {
		l.first = page
	}
	if l.stale {
		return l.first, err
	}
	return page, err
}

// judge lets one client append five records, one of them twice, and read before
// and after, and answers what the checker says.
func judge(t *testing.T, l *liar) string {
	t.Helper()
	l.Journal = journal.NewMemory(time.Now)
	h := NewHistory(theLog)
	j, at := h.Record(l, 0), journal.Genesis(theLog, 1)
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
			if _, err := j.Append(t.Context(), theLog, at, batch); err != nil {
				t.Fatal(err)
			}
		}
		at = end
	}
	read()
	verdict := &judged{TB: t}
	h.Check(verdict, patience)
	return verdict.failed
}

// A checker that passes everything would prove nothing.
func TestHistoryFindsLies(t *testing.T) {
	if failed := judge(t, &liar{}); failed != "" {
		t.Errorf("an honest journal: %s", failed)
	}
	for name, l := range map[string]*liar{
		"an acknowledged append is forgotten": {forgets: true},
		"a read answers the past":             {stale: true},
		"a repeated append is appended":       {twice: true},
	} {
		if judge(t, l) == "" {
			t.Errorf("it is not found that %s", name)
		}
	}
}

// What the checker has no time for is not proven.
func TestHistoryWithoutTimeFails(t *testing.T) {
	h := NewHistory(theLog)
	m := journal.NewMemory(time.Now)
	var clients sync.WaitGroup
	for c := range 8 {
		j := h.Record(m, c)
		clients.Go(func() {
			at := journal.Genesis(theLog, 1)
			for n := range 200 {
				batch := numbered(fmt.Sprintf("c-%d-%d", c, n), 1)
				journal.Chain(at, batch)
				if result, err := j.Append(t.Context(), theLog, at, batch); err == nil {
					at = result.Head
				}
			}
		})
	}
	clients.Wait()
	verdict := &judged{TB: t}
	if h.Check(verdict, time.Nanosecond); verdict.failed == "" {
		t.Error("a history was passed that there was no time to check")
	}
}

// unanswered is a journal that does nothing and says that it does not know.
type unanswered struct{ journal.Journal }

func (unanswered) Append(context.Context, journal.LogID, journal.Position, []journal.Record) (journal.Result, error) {
	return journal.Result{}, journal.ErrUnknown
}

// Appends that were never stored are not looked for everywhere, once it is known that
// they were not: a few dozen of them would cost the checker its time.
func TestSettledHistoryIsChecked(t *testing.T) {
	h, m := NewHistory(theLog), journal.NewMemory(time.Now)
	at := journal.Genesis(theLog, 1)
	append1 := func(j journal.Journal, key string) {
		batch := numbered(key, 1)
		journal.Chain(at, batch)
		if _, err := j.Append(t.Context(), theLog, at, batch); err != nil && !errors.Is(err, journal.ErrUnknown) {
			t.Fatal(err)
		}
	}
	for n := range 40 {
		append1(h.Record(unanswered{}, 1+n), fmt.Sprint("lost-", n))
	}
	append1(h.Record(m, 0), "kept")
	page, err := m.Read(t.Context(), theLog, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	h.Settle(page.Records)
	verdict := &judged{TB: t}
	if n := h.Check(verdict, patience); n != 1 || verdict.failed != "" {
		t.Errorf("%d calls: %s", n, verdict.failed)
	}
}
