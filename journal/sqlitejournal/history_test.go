package sqlitejournal

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/faultyjournal"
	"github.com/matchfloor/matchfloor/journal/journaltest"
)

func TestHistories(t *testing.T) { histories(t, 1, 40) }

func TestTortureHistories(t *testing.T) {
	torture(t)
	histories(t, 40, 150)
}

// histories lets clients of the embedded and of the in-memory journal, some behind
// faults, append to and read one log as chance will have it, in so many rounds: one
// order has to explain all that they are answered.
func histories(t *testing.T, rounds, calls int) {
	seed := theSeed(t)
	odds := faultyjournal.Odds{Persisted: 0.1, Lost: 0.1, Delayed: 0.1, WriteDelay: 2 * time.Millisecond, Unavailable: 0.05, ConfirmFails: 0.1, ReadFails: 0.1}
	for name, open := range map[string]func(*testing.T) []journal.Journal{
		"in memory": func(*testing.T) []journal.Journal { return []journal.Journal{journal.NewMemory(time.Now)} },
		"two handles on a file": func(t *testing.T) []journal.Journal {
			dir := t.TempDir()
			return []journal.Journal{openTest(t, dir), openTest(t, dir)}
		},
		"a file behind faults": func(t *testing.T) []journal.Journal {
			j := openTest(t, t.TempDir())
			one, other := faultyjournal.Wrap(j, seed, odds), faultyjournal.Wrap(j, seed+1, odds)
			t.Cleanup(func() { one.Settle(); other.Settle() })
			return []journal.Journal{one, other}
		},
	} {
		t.Run(name, func(t *testing.T) {
			checked := 0
			handles := open(t)
			for round := range rounds {
				checked += oneHistory(t, handles, seed, round, calls)
			}
			t.Logf("seed %d: %d calls in %d histories, each explained by one order", seed, checked, rounds)
		})
	}
}

func oneHistory(t *testing.T, handles []journal.Journal, seed uint64, round, calls int) int {
	t.Helper()
	const clients = 6
	log := journal.LogID(fmt.Sprint("round-", round))
	h := journaltest.NewHistory(log)
	var wg sync.WaitGroup
	for c := range clients {
		w := &wanderer{
			t: t, j: h.Record(handles[c%len(handles)], c), log: log, name: fmt.Sprint("client-", c),
			at: journal.Genesis(log, 1), random: rand.New(rand.NewPCG(seed, uint64(round*clients+c))),
		}
		wg.Go(func() {
			for n := range calls {
				w.step(n)
			}
		})
	}
	wg.Wait()
	return h.Check(t, time.Minute)
}

// wanderer is one client of a history. It believes to stand at some position, often
// wrongly, and gives the same batch again now and then.
type wanderer struct {
	t      *testing.T
	j      journal.Journal
	log    journal.LogID
	name   string
	at     journal.Position
	last   []journal.Record
	from   journal.Position // of last
	random *rand.Rand
}

func (w *wanderer) step(n int) {
	var err error
	switch chance := w.random.IntN(10); {
	case chance < 2:
		_, err = w.j.CheckHead(w.t.Context(), w.log, w.at)
	case chance < 4:
		var page journal.Page
		if page, err = w.j.Read(w.t.Context(), w.log, w.random.Uint64N(w.at.Seq+2), 1+w.random.IntN(20)); err == nil {
			w.at = page.Head
		}
	default:
		if chance < 9 || w.last == nil {
			w.last = make([]journal.Record, 1+w.random.IntN(3))
			for i := range w.last {
				w.last[i] = journal.Record{Key: journal.CommandKey(fmt.Sprint(w.name, "/", n, "/", i)), Body: []byte(w.name)}
			}
			w.from = w.at
			journal.Chain(w.from, w.last)
		}
		var result journal.Result
		if result, err = w.j.Append(w.t.Context(), w.log, w.from, w.last); err == nil {
			w.at = result.Head
		}
	}
	if err != nil && !errors.Is(err, journal.ErrPositionMismatch) && !errors.Is(err, journal.ErrUnknown) && !errors.Is(err, journal.ErrUnavailable) {
		w.t.Errorf("%s, call %d: %v", w.name, n, err)
	}
}
