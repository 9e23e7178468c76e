package hub_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/faultyjournal"
	"github.com/matchfloor/matchfloor/wire"
)

// The log is cut repeatedly, at any moment, while three nodes write through a journal that
// fails now and then. At the end every acknowledged command is in the log once, or is reported
// as lost, and every client shows the log's view.
func TestDivergence_LogCutRepeatedly(t *testing.T) { cutRepeatedly(t, 8) }

// TestTortureDivergence_LogCutRepeatedly is the same with many more seeds.
func TestTortureDivergence_LogCutRepeatedly(t *testing.T) {
	torture(t)
	cutRepeatedly(t, 1000)
}

func cutRepeatedly(t *testing.T, seeds int) {
	first, only := uint64(1), os.Getenv("MATCHFLOOR_SEED")
	if only != "" {
		n, err := strconv.ParseUint(only, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		first, seeds = n, 1
	}
	var all cutFigures
	for seed := first; seed < first+uint64(seeds) && !t.Failed(); seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			bubble(t, func(t *testing.T) { all.add(playSeed(t, seed)) })
		})
	}
	t.Logf("seeds from %d, %d of them: %+v", first, seeds, all)
}

// cutFigures sum up some runs.
type cutFigures struct{ Cuts, Cut, Acknowledged, Reappended, Named int }

func (f *cutFigures) add(g cutFigures) {
	f.Cuts += g.Cuts
	f.Cut += g.Cut
	f.Acknowledged += g.Acknowledged
	f.Reappended += g.Reappended
	f.Named += g.Named
}

// playSeed runs one seed.
func playSeed(t *testing.T, seed uint64) (figures cutFigures) {
	random := rand.New(rand.NewPCG(seed, 0))
	store := newFailover()
	open(t, newHub(t, store, newMemory()))
	odds := faultyjournal.Odds{
		Persisted: 0.05, Lost: 0.05, Unavailable: 0.05, ReadFails: 0.05, CheckHeadFails: 0.05, HintLost: 0.2, HintLate: 0.2,
	}
	var nodes []*hub.Hub
	var journals []*faultyjournal.Journal
	for i := range 3 {
		j := faultyjournal.Wrap(store, seed*10+uint64(i), odds)
		journals = append(journals, j)
		nodes = append(nodes, newHub(t, j, newMemory()))
	}
	o := &oracle{mem: store, disabled: true}
	var phones []*phone
	for i, who := range []floor.ActorID{"moderator:lead", "attendee:c0a", "display:d0"} {
		phones = append(phones, dialRepeatedly(t, nodes[i], o, who))
	}
	given := startWriters(t, nodes, random)
	for range 1 + random.IntN(6) {
		time.Sleep(time.Duration(random.IntN(3000)) * time.Millisecond)
		n := min(1+random.IntN(40), int(headOf(t, store).Seq)-2)
		store.cut(t, n)
		if random.IntN(2) == 0 { // a node that never had the rest continues the log
			fresh := newHub(t, store, newMemory())
			_, err := submit(fresh, demo, "moderator:lead", fmt.Sprint("fresh", figures.Cuts), announce("fresh"))
			if err != nil && !wire.Retry(codeOf(err)) {
				t.Error(err)
			}
			_ = fresh.Close()
		}
		figures.Cuts++
		figures.Cut += n
	}
	acknowledged := given()
	for _, j := range journals {
		j.SetOdds(faultyjournal.Odds{})
	}
	time.Sleep(10 * time.Second)
	synctest.Wait()
	figures.Acknowledged = len(acknowledged)
	figures.Named = checkAcknowledged(t, store, acknowledged)
	for _, h := range nodes {
		figures.Reappended += int(h.Stats().Reappended)
	}
	truth := &oracle{mem: store}
	for _, p := range phones {
		p.sync()
		if at := p.position(); at != headOf(t, store) || truth.digest(t, at, p.who.Actor) != digestOf(p) {
			t.Errorf("%s stands at %v of %v, or does not show the log's view", p.who.Actor, at, headOf(t, store))
		}
	}
	return figures
}

func digestOf(p *phone) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return wire.Digest(p.cards)
}

// startWriters submits commands on every node until stop is called, which returns those that
// were acknowledged. What is refused for now is submitted again.
func startWriters(t *testing.T, nodes []*hub.Hub, random *rand.Rand) (stop func() []string) {
	var mu sync.Mutex
	var acknowledged []string
	var done sync.WaitGroup
	ended := make(chan struct{})
	for w := range 4 {
		pace := time.Duration(20+random.IntN(200)) * time.Millisecond
		done.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-ended:
					return
				case <-time.After(pace):
				}
				id := fmt.Sprintf("w%d-%d", w, i)
				for again := 0; ; again++ {
					c := floor.LockMeeting{Meeting: floor.MeetingID(fmt.Sprint("m", w%3)), Locked: (i+w)%2 == 0}
					_, err := submit(nodes[(w+again)%len(nodes)], demo, "moderator:lead", id, c)
					if err == nil {
						mu.Lock()
						acknowledged = append(acknowledged, "moderator-lead/"+id)
						mu.Unlock()
					}
					if err == nil || !wire.Retry(codeOf(err)) {
						break
					}
					time.Sleep(100 * time.Millisecond)
				}
			}
		})
	}
	return func() []string {
		close(ended)
		done.Wait()
		return acknowledged
	}
}

// checkAcknowledged checks that every acknowledged command is in the log once or is reported
// as lost, and none twice. It returns how many are reported.
func checkAcknowledged(t *testing.T, j journal.Journal, acknowledged []string) (named int) {
	state, times := floor.New(), map[string]int{}
	for _, r := range records(t, j) {
		times[string(r.Key)]++
		state, _ = state.Apply(r)
	}
	reported := map[string]bool{}
	for key, card := range state.View(floor.Moderator) {
		if strings.HasPrefix(string(key), "lost/") {
			reported[string(card.(floor.LostCard).Command)] = true
		}
	}
	for _, key := range acknowledged {
		if n := times[key]; n > 1 || (n == 1) == reported[key] {
			t.Errorf("%s is in the log %d times, reported as lost: %t", key, n, reported[key])
		}
	}
	return len(reported)
}
