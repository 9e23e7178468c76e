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

func TestHistories_AreLinearizable(t *testing.T) { histories(t, 1, 40) }

func TestTortureHistories_AreLinearizable(t *testing.T) {
	torture(t)
	histories(t, 40, 150)
}

// histories lets clients of the file and of the memory journal, some of them with faults,
// append to and read one log at random, in the given number of rounds: all results must be
// explained by one order.
func histories(t *testing.T, rounds, calls int) {
	seed := seedOf(t)
	odds := faultyjournal.Odds{Persisted: 0.1, Lost: 0.1, Delayed: 0.1, WriteDelay: 2 * time.Millisecond, Unavailable: 0.05, CheckHeadFails: 0.1, ReadFails: 0.1}
	for name, open := range map[string]func(*testing.T) []journal.Journal{
		"in memory": func(*testing.T) []journal.Journal { return []journal.Journal{journal.NewMemory(time.Now)} },
		"two handles on a file": func(t *testing.T) []journal.Journal {
			dir := t.TempDir()
			return []journal.Journal{openTest(t, dir), openTest(t, dir)}
		},
		"a file with faults": func(t *testing.T) []journal.Journal {
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
	for id := range clients {
		c := &randomClient{
			t: t, j: h.Wrap(handles[id%len(handles)], id), log: log, name: fmt.Sprint("client-", id),
			at: journal.Genesis(log, 1), random: rand.New(rand.NewPCG(seed, uint64(round*clients+id))),
		}
		wg.Go(func() {
			for n := range calls {
				c.step(n)
			}
		})
	}
	wg.Wait()
	return h.Check(t, time.Minute)
}

// randomClient is one client of a history. The position that it expects is often out of date,
// and it sends some batches again.
type randomClient struct {
	t      *testing.T
	j      journal.Journal
	log    journal.LogID
	name   string
	at     journal.Position
	last   []journal.Record
	from   journal.Position // that last was chained to
	random *rand.Rand
}

func (c *randomClient) step(n int) {
	var err error
	switch chance := c.random.IntN(10); {
	case chance < 2:
		_, err = c.j.CheckHead(c.t.Context(), c.log, c.at)
	case chance < 4:
		var page journal.Page
		if page, err = c.j.Read(c.t.Context(), c.log, c.random.Uint64N(c.at.Seq+2), 1+c.random.IntN(20)); err == nil {
			c.at = page.Head
		}
	default:
		if chance < 9 || c.last == nil {
			c.last = make([]journal.Record, 1+c.random.IntN(3))
			for i := range c.last {
				c.last[i] = journal.Record{Key: journal.CommandKey(fmt.Sprint(c.name, "/", n, "/", i)), Body: []byte(c.name)}
			}
			c.from = c.at
			journal.Chain(c.from, c.last)
		}
		var result journal.Result
		if result, err = c.j.Append(c.t.Context(), c.log, c.from, c.last, time.Time{}); err == nil {
			c.at = result.Head
		}
	}
	if err != nil && !errors.Is(err, journal.ErrPositionMismatch) && !errors.Is(err, journal.ErrUnknown) && !errors.Is(err, journal.ErrUnavailable) {
		c.t.Errorf("%s, call %d: %v", c.name, n, err)
	}
}
