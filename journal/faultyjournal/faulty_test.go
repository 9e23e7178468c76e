package faultyjournal_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/faultyjournal"
	"github.com/matchfloor/matchfloor/journal/journaltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const theLog journal.LogID = "spring-forum"

var frequentFaults = faultyjournal.Odds{
	Persisted: 0.15, Lost: 0.15, Unavailable: 0.1, Delayed: 0.15, WriteDelay: time.Millisecond,
	CheckHeadFails: 0.3, ReadFails: 0.2,
	HintLost: 0.2, HintDoubled: 0.2, HintLate: 0.2, HintSwapped: 0.2,
	HintDelay: time.Millisecond,
}

func TestJournal_KeepsTheContract(t *testing.T) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			journaltest.Run(t, func(t *testing.T) journaltest.Env {
				m := journal.NewMemory(time.Now)
				j, other := faultyjournal.Wrap(m, seed, frequentFaults), faultyjournal.Wrap(m, seed+100, frequentFaults)
				t.Cleanup(func() { j.Settle(); other.Settle() })
				return journaltest.Env{
					Journal:   j,
					Snapshots: m,
					Other:     other,
					Faulty:    true,
				}
			})
		})
	}
}

// oneRecord returns a chained batch of one record, and the position after it.
func oneRecord(at journal.Position, key string) ([]journal.Record, journal.Position) {
	batch := []journal.Record{{Key: journal.CommandKey(key), Body: []byte(key)}}
	return batch, journal.Chain(at, batch)
}

func TestScript_FaultsHappenInOrder(t *testing.T) {
	m := journal.NewMemory(time.Now)
	j := faultyjournal.Wrap(m, 1, faultyjournal.Odds{})
	genesis := journal.Genesis(theLog, 1)
	batch, head := oneRecord(genesis, "first")
	j.Script(theLog, faultyjournal.Unavailable, faultyjournal.Lost, faultyjournal.Persisted)
	for i, want := range []struct {
		err  error
		head journal.Position
	}{{journal.ErrUnavailable, genesis}, {journal.ErrUnknown, genesis}, {journal.ErrUnknown, head}} {
		if _, err := j.Append(t.Context(), theLog, genesis, batch, time.Time{}); !errors.Is(err, want.err) {
			t.Errorf("append %d: %v, want %v", i, err, want.err)
		}
		if page, err := m.Read(t.Context(), theLog, 0, 0); err != nil || page.Head != want.head {
			t.Errorf("after append %d the log is at %v (%v), want %v", i, page.Head, err, want.head)
		}
	}
	if r, err := j.Append(t.Context(), theLog, genesis, batch, time.Time{}); err != nil || r.Outcome != journal.AlreadyKnown {
		t.Errorf("the same bytes again: %+v, %v, want AlreadyKnown", r, err)
	}
	if got, want := j.Counts(), (faultyjournal.Counts{Persisted: 1, Lost: 1, Unavailable: 1}); got != want {
		t.Errorf("counts %+v, want %+v", got, want)
	}
}

// A late write is not stored after the deadline of its append.
func TestDelayed_WriteKeepsItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := journal.NewMemory(time.Now)
		j := faultyjournal.Wrap(m, 1, faultyjournal.Odds{WriteDelay: time.Second})
		genesis := journal.Genesis(theLog, 1)
		batch, head := oneRecord(genesis, "first")
		for _, c := range []struct {
			within time.Duration
			want   journal.Position
		}{{time.Second - 1, genesis}, {time.Second, head}} {
			j.Script(theLog, faultyjournal.Delayed)
			if _, err := j.Append(t.Context(), theLog, genesis, batch, time.Now().Add(c.within)); !errors.Is(err, journal.ErrUnknown) {
				t.Errorf("a delayed append returned %v", err)
			}
			j.Settle()
			if page, err := m.Read(t.Context(), theLog, 0, 0); err != nil || page.Head != c.want {
				t.Errorf("a write delayed by 1 s with a deadline in %v: the log is at %v (%v), want %v", c.within, page.Head, err, c.want)
			}
		}
	})
}

// A late write is not stored again if it was repeated meanwhile, nor if another was appended.
func TestDelayed_WriteIsStoredAtMostOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := journal.NewMemory(time.Now)
		j := faultyjournal.Wrap(m, 1, faultyjournal.Odds{})
		headIs := func(want journal.Position, when string) {
			t.Helper()
			if page, err := m.Read(t.Context(), theLog, 0, 0); err != nil || page.Head != want {
				t.Errorf("%s: the log is at %v (%v), want %v", when, page.Head, err, want)
			}
		}
		genesis := journal.Genesis(theLog, 1)
		first, head := oneRecord(genesis, "first")
		second, end := oneRecord(head, "second")
		late, _ := oneRecord(head, "late")
		j.Script(theLog, faultyjournal.Delayed, faultyjournal.None, faultyjournal.Delayed, faultyjournal.None)
		if _, err := j.Append(t.Context(), theLog, genesis, first, time.Time{}); !errors.Is(err, journal.ErrUnknown) {
			t.Errorf("a delayed append returned %v", err)
		}
		headIs(genesis, "before it is stored")
		if result, err := j.Append(t.Context(), theLog, genesis, first, time.Time{}); err != nil || result.Outcome != journal.Appended {
			t.Errorf("its repeat: %+v, %v", result, err)
		}
		j.Settle()
		headIs(head, "after its repeat")
		if _, err := j.Append(t.Context(), theLog, head, late, time.Time{}); !errors.Is(err, journal.ErrUnknown) {
			t.Errorf("a delayed append returned %v", err)
		}
		if result, err := j.Append(t.Context(), theLog, head, second, time.Time{}); err != nil || result.Outcome != journal.Appended {
			t.Errorf("another append: %+v, %v", result, err)
		}
		j.Settle()
		headIs(end, "after another append")
		j.Script(theLog, faultyjournal.Delayed)
		if _, err := j.Append(t.Context(), theLog, genesis, second, time.Time{}); !errors.Is(err, journal.ErrMalformed) {
			t.Errorf("a batch that does not follow: %v, want it refused at once", err)
		}
		if got := j.Counts().Delayed; got != 3 {
			t.Errorf("%d delayed, want 3", got)
		}
	})
}

func TestSetAway_EveryCallFails(t *testing.T) {
	j := faultyjournal.Wrap(journal.NewMemory(time.Now), 1, faultyjournal.Odds{})
	genesis := journal.Genesis(theLog, 1)
	batch, head := oneRecord(genesis, "first")
	j.SetUnreachable(true)
	_, appendErr := j.Append(t.Context(), theLog, genesis, batch, time.Time{})
	_, readErr := j.Read(t.Context(), theLog, 0, 1)
	_, checkErr := j.CheckHead(t.Context(), theLog, genesis)
	_, replaceErr := j.Replace(t.Context(), theLog, genesis, nil)
	for call, err := range map[string]error{"Append": appendErr, "Read": readErr, "CheckHead": checkErr, "Replace": replaceErr} {
		if !errors.Is(err, journal.ErrUnavailable) {
			t.Errorf("%s while away: %v, want ErrUnavailable", call, err)
		}
	}
	j.SetUnreachable(false)
	if r, err := j.Append(t.Context(), theLog, genesis, batch, time.Time{}); err != nil || r.Head != head {
		t.Errorf("when reachable again: %+v, %v, want it appended", r, err)
	}
}

// The same seed gives the same faults on a log, with or without calls on another. The time is
// fake: a delayed write that lands between two appends would change their outcomes.
func TestWrap_FaultsDependOnSeedAndLogOnly(t *testing.T) {
	transcript := func(t *testing.T, seed uint64, disturb bool) (faults string) {
		synctest.Test(t, func(t *testing.T) {
			j := faultyjournal.Wrap(journal.NewMemory(time.Now), seed, frequentFaults)
			defer j.Settle()
			at := journal.Genesis(theLog, 1)
			for i := range 200 {
				batch, end := oneRecord(at, fmt.Sprint(i))
				r, err := j.Append(t.Context(), theLog, at, batch, time.Time{})
				faults += fmt.Sprintln(r.Outcome, err)
				if err == nil && r.Head == end {
					at = end
				}
				if disturb {
					// Whether this call fails does not matter, only that it draws its fault.
					_, _ = j.Append(t.Context(), "autumn-forum", journal.Genesis("autumn-forum", 1), batch, time.Time{})
				}
			}
		})
		return faults
	}
	quiet := transcript(t, 42, false)
	if quiet != transcript(t, 42, true) {
		t.Error("calls on another log changed the faults")
	}
	if quiet == transcript(t, 43, false) {
		t.Error("another seed gives the same faults")
	}
}

// hints returns what a watch delivers, by first sequence number and time, while three records
// are appended a second apart.
func hints(t *testing.T, odds faultyjournal.Odds) (seen []string) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		m := journal.NewMemory(time.Now)
		j := faultyjournal.Wrap(m, 7, odds)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- j.Watch(ctx, theLog, func(rs []journal.Record) {
				if len(rs) > 0 {
					seen = append(seen, fmt.Sprintf("%d@%v", rs[0].Seq, time.Since(start)))
				}
			})
		}()
		synctest.Wait()
		at := journal.Genesis(theLog, 1)
		for i := range 3 {
			batch, end := oneRecord(at, fmt.Sprint(i))
			if _, err := m.Append(ctx, theLog, at, batch, time.Time{}); err != nil {
				t.Error(err)
			}
			at = end
			time.Sleep(time.Second)
		}
		cancel()
		<-ended
	})
	return seen
}

func TestWatch_HintFaults(t *testing.T) {
	for name, c := range map[string]struct {
		odds faultyjournal.Odds
		want string
	}{
		"none":    {faultyjournal.Odds{}, "[1@0s 2@1s 3@2s]"},
		"lost":    {faultyjournal.Odds{HintLost: 1}, "[]"},
		"doubled": {faultyjournal.Odds{HintDoubled: 1}, "[1@0s 1@0s 2@1s 2@1s 3@2s 3@2s]"},
		"late":    {faultyjournal.Odds{HintLate: 1, HintDelay: 1500 * time.Millisecond}, "[1@1.5s 2@2.5s]"},
	} {
		if got := fmt.Sprint(hints(t, c.odds)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if got := fmt.Sprint(hints(t, faultyjournal.Odds{HintSwapped: 0.5})); got == "[1@0s 2@1s 3@2s]" {
		t.Errorf("swapped: %s, want another order", got)
	}
}
