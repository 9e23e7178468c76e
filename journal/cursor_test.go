package journal_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/matchfloor/matchfloor/journal"
)

const theLog journal.LogID = "spring-forum"

func records(prefix string, n int) []journal.Record {
	rs := make([]journal.Record, n)
	for i := range rs {
		rs[i] = journal.Record{Key: journal.CommandKey(fmt.Sprintf("%s-%d", prefix, i)), Body: []byte(prefix)}
	}
	return rs
}

// testContext is the common part of *testing.T and *rapid.T that filled uses.
type testContext interface {
	Fatalf(format string, args ...any)
	Context() context.Context
}

// filled returns a journal whose log has n records, and the records.
func filled(t testContext, n int) (*journal.Memory, []journal.Record) {
	m := journal.NewMemory(time.Now)
	all := records("first", n)
	at := journal.Genesis(theLog, 1)
	for rest := all; len(rest) > 0; {
		batch := rest[:min(len(rest), journal.MaxBatch)]
		end := journal.Chain(at, batch)
		if r, err := m.Append(t.Context(), theLog, at, batch, time.Time{}); err != nil || r.Outcome != journal.Appended {
			t.Fatalf("Append: %+v, %v", r, err)
		}
		at, rest = end, rest[len(batch):]
	}
	return m, all
}

// A cursor returns the records of the log, each once and in order, although hints are cut,
// repeated, out of order or forged.
func TestCursor_ReturnsEachRecordOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const size = 30
		m, all := filled(t, size)
		forged := records("forged", size)
		journal.Chain(journal.Genesis(theLog, 2), forged) // of another history
		cursor := journal.NewCursor(theLog, journal.Genesis(theLog, 1))
		var got []journal.Record
		for range rapid.IntRange(0, 40).Draw(t, "hints") {
			from := rapid.IntRange(0, size-1).Draw(t, "from")
			to := rapid.IntRange(from, size).Draw(t, "to")
			hint := append([]journal.Record(nil), all[from:to]...)
			if rapid.IntRange(0, 3).Draw(t, "forge") == 0 && to > from {
				hint[rapid.IntRange(0, to-from-1).Draw(t, "which")] = forged[from]
			}
			before := cursor.At()
			taken, err := cursor.Take(hint)
			got = append(got, taken...)
			if err != nil && !errors.Is(err, journal.ErrGap) {
				t.Fatalf("Take: %v", err)
			}
			if cursor.At().Seq != before.Seq+uint64(len(taken)) {
				t.Fatalf("the cursor went from %v to %v over %d records", before, cursor.At(), len(taken))
			}
		}
		rest, err := cursor.CatchUp(t.Context(), m)
		if err != nil {
			t.Fatalf("CatchUp: %v", err)
		}
		got = append(got, rest...)
		if len(got) != size {
			t.Fatalf("%d records returned, want %d", len(got), size)
		}
		for i := range got {
			if got[i].Hash != all[i].Hash {
				t.Fatalf("record %d is not the log's", i+1)
			}
		}
	})
}

func TestCursor_TakeReturnsWhatFollows(t *testing.T) {
	_, all := filled(t, 4)
	cursor := journal.NewCursor(theLog, journal.Genesis(theLog, 1))
	steps := []struct {
		name  string
		hint  []journal.Record
		taken int
		err   error
	}{
		{"an empty hint", nil, 0, journal.ErrGap},
		{"beyond a gap", all[1:2], 0, journal.ErrGap},
		{"the first", all[:1], 1, nil},
		{"the first again", all[:1], 0, nil},
		{"other contents at a known sequence number", records("other", 1), 0, nil},
		{"one new, then a gap", []journal.Record{all[0], all[1], all[3]}, 1, journal.ErrGap},
		{"the rest", all, 2, nil},
	}
	for _, s := range steps {
		taken, err := cursor.Take(s.hint)
		if len(taken) != s.taken || !errors.Is(err, s.err) {
			t.Errorf("%s: %d taken, %v; want %d, %v", s.name, len(taken), err, s.taken, s.err)
		}
	}
	if want := (journal.Position{Epoch: 1, Seq: 4, Hash: all[3].Hash}); cursor.At() != want {
		t.Errorf("the cursor is at %v, want %v", cursor.At(), want)
	}
}

func TestCursor_CatchUpReportsADivergedPosition(t *testing.T) {
	m, all := filled(t, 5)
	head := journal.Position{Epoch: 1, Seq: 5, Hash: all[4].Hash}
	other := records("other", 6)
	foreign := []journal.Position{
		{Epoch: 2, Seq: 5, Hash: all[4].Hash},
		{Epoch: 2, Seq: 3, Hash: all[2].Hash},
		journal.Genesis(theLog, 2),
		journal.Chain(journal.Genesis(theLog, 1), other[:3]),
		journal.Chain(journal.Genesis(theLog, 1), other[:5]),
		journal.Chain(head, other[:1]),
	}
	for _, at := range foreign {
		cursor := journal.NewCursor(theLog, at)
		if got, err := cursor.CatchUp(t.Context(), m); !errors.Is(err, journal.ErrDiverged) || len(got) > 0 || cursor.At() != at {
			t.Errorf("from %v: %d records, %v, then at %v; want ErrDiverged and no move", at, len(got), err, cursor.At())
		}
	}
	for n := range 6 {
		cursor := journal.NewCursor(theLog, journal.Chain(journal.Genesis(theLog, 1), all[:n]))
		if got, err := cursor.CatchUp(t.Context(), m); err != nil || len(got) != 5-n || cursor.At() != head {
			t.Errorf("from %d: %d records, %v, then at %v", n, len(got), err, cursor.At())
		}
	}
}

// The backlog of a slow watch is replaced by an empty hint when it reaches its limit.
func TestHints_BoundTheBacklog(t *testing.T) {
	hints := journal.NewHints()
	delivering, proceed := make(chan struct{}), make(chan struct{})
	got := make(chan []journal.Record, 10)
	ended := make(chan error, 1)
	go func() {
		ended <- hints.Watch(t.Context(), theLog, func() { hints.Post(theLog, nil) }, 0, nil, func(rs []journal.Record) {
			delivering <- struct{}{}
			<-proceed
			got <- rs
		})
	}()
	<-delivering // the first hint is being delivered while the rest is posted
	batch := records("batch", journal.MaxPage/2)
	for range 3 {
		hints.Post(theLog, batch)
	}
	proceed <- struct{}{}
	<-delivering
	hints.Post(theLog, batch)
	proceed <- struct{}{}
	<-delivering
	proceed <- struct{}{}
	for i, want := range []int{0, 0, len(batch)} {
		if rs := <-got; len(rs) != want {
			t.Errorf("hint %d has %d records, want %d", i, len(rs), want)
		}
	}
	reason := errors.New("the journal is closed")
	hints.Close(reason)
	if err := <-ended; err != reason {
		t.Errorf("Watch ended with %v, want the reason of Close", err)
	}
}
