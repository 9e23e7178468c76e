package e2e_test

import (
	"context"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
)

// A day's mixed load over two nodes: commands, phones that come and go and
// resume, consoles that fetch their views. Memory, goroutines and files stay flat.
func TestSoak_ResourcesStayFlat(t *testing.T) {
	soak(t, 15*time.Second, flatness{heap: 1.6, slack: 24 << 20, count: 1.5})
}

// TestTortureSoak_ResourcesStayFlat is the whole of it: half an hour, or MATCHFLOOR_SOAK.
func TestTortureSoak_ResourcesStayFlat(t *testing.T) {
	torture(t)
	lasts := 30 * time.Minute
	if text := os.Getenv("MATCHFLOOR_SOAK"); text != "" {
		given, err := time.ParseDuration(text)
		if err != nil {
			t.Fatalf("MATCHFLOOR_SOAK: %v", err)
		}
		lasts = given
	}
	soak(t, lasts, flatness{heap: 1.2, slack: 8 << 20, count: 1.1})
}

// flatness is how much the median of the last third may be above that of the first.
type flatness struct {
	heap  float64 // times, of the heap in use
	slack float64 // and so many bytes more
	count float64 // times, and ten more, of goroutines and files
}

func soak(t *testing.T, lasts time.Duration, flat flatness) {
	seed := testSeed(t)
	v := nodesVenue(t, 2)
	s := startLoad(v, seed, newClientBalancer(v.addrs()...), 40, onlookers(t, 60)...)
	ctx, cancel := context.WithTimeout(t.Context(), lasts)
	defer cancel()
	var coming sync.WaitGroup
	coming.Go(func() { s.reconnectPhones(ctx, newRand(seed, 200)) })
	samples := make([][]map[string]float64, len(v.nodes))
	for sleep(ctx, lasts/60) {
		for i, n := range v.nodes {
			samples[i] = append(samples[i], n.metrics())
		}
	}
	coming.Wait()
	s.end()
	v.checkConverged()
	s.audit()
	for i := range v.nodes {
		flat.check(t, "ab"[i:i+1], samples[i])
	}
	t.Logf("%v of mixed load; phones left and returned %d times", lasts, s.balancer.disconnects.closedByTest.Load())
}

// reconnectPhones lets one phone after the other leave and return: mostly with the
// view that it kept, sometimes as new.
func (s *loadRun) reconnectPhones(ctx context.Context, rng *rand.Rand) {
	var phones []*person
	for name, p := range s.people {
		if strings.HasPrefix(name, "attendee:") {
			phones = append(phones, p)
		}
	}
	slices.SortFunc(phones, func(a, b *person) int { return strings.Compare(a.name, b.name) })
	for sleep(ctx, 100*time.Millisecond+randomBelow(rng, 400*time.Millisecond)) {
		p := phones[rng.IntN(len(phones))]
		var kept *client.SavedView
		if rng.IntN(4) > 0 {
			kept = p.Save()
		}
		p.Close()
		sleep(ctx, randomBelow(rng, 300*time.Millisecond))
		p.observer = s.shown.observeResumed(floor.ActorID(p.name), kept)
		p.dial(kept)
		s.balancer.disconnects.closedByTest.Add(1)
	}
}

// check compares the medians of the first and the last third of what was measured.
func (f flatness) check(t *testing.T, node string, samples []map[string]float64) {
	t.Helper()
	third := len(samples) / 3
	if third < 2 {
		t.Fatalf("node %s was measured %d times only", node, len(samples))
	}
	for _, name := range []string{metricHeap, metricResident, metricGoroutines, metricFiles} {
		first, last := median(samples[:third], name), median(samples[len(samples)-third:], name)
		bound := first*f.count + 10
		if name == metricHeap || name == metricResident {
			bound = first*f.heap + f.slack
		}
		t.Logf("node %s: %s was %.0f in the first third, %.0f in the last", node, name, first, last)
		if first == 0 {
			t.Errorf("node %s does not tell %s", node, name)
		}
		if last > bound {
			t.Errorf("node %s: %s grew from %.0f to %.0f, more than %.0f", node, name, first, last, bound)
		}
	}
}

func median(samples []map[string]float64, name string) float64 {
	var all []float64
	for _, s := range samples {
		all = append(all, s[name])
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// Everybody drops at once, five things change, everybody returns: all are whole
// within seconds, and what is sent is shared.
func TestReconnect_EveryoneAtOnce(t *testing.T) { everybodyReconnects(t, 1) }

// TestTortureReconnect_EveryoneAtOnce is the whole of it: eight devices of each attendee.
func TestTortureReconnect_EveryoneAtOnce(t *testing.T) {
	torture(t)
	everybodyReconnects(t, 8)
}

func everybodyReconnects(t *testing.T, devices int) {
	v := nodesVenue(t, 2)
	v.importSample()
	v.signInAt(v.nodes[0].url(), "moderator:s1")
	lead := v.people["moderator:s1"]
	lead.mustSubmit(floor.ReleaseSchedule{})
	var ways []*redistest.Proxy
	var addrs []string
	for _, n := range v.nodes {
		way := redistest.StartProxy(t, n.addr)
		ways, addrs = append(ways, way), append(addrs, way.Addr)
	}
	phones := v.signInEveryone(newClientBalancer(addrs...), devices)
	encoded, began := v.sum(metricSnapshots), time.Now()
	for _, way := range ways {
		way.Cut()
	}
	var last uint64
	for i := range 5 {
		last = lead.mustSubmit(floor.Announce{Text: floor.Text{En: "change " + string(rune('1'+i))}}).Seq
	}
	for _, way := range ways {
		way.Mend()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var whole []time.Duration
	for _, p := range phones {
		if err := p.Wait(ctx, last); err != nil {
			t.Fatalf("%s is not whole: %v", p.name, err)
		}
		whole = append(whole, time.Since(began))
	}
	v.checkConverged()
	t.Logf("%d phones dropped at once; the last was whole after %v; %.0f snapshots were encoded", len(phones), whole[len(whole)-1].Round(time.Millisecond), v.sum(metricSnapshots)-encoded)
	if took := whole[len(whole)-1]; took > 15*time.Second {
		t.Errorf("the last was whole after %v", took)
	}
}

// signInEveryone signs in so many devices of every attendee by the doors.
func (v *venue) signInEveryone(by *clientBalancer, devices int) (phones []*person) {
	v.t.Helper()
	for i := range devices {
		var entering sync.WaitGroup
		for _, name := range attendees(v.t) {
			p := &person{v: v, name: name, base: v.nodes[0].url(), balancer: by, observer: func(client.ViewChange) {}}
			v.people[name+strings.Repeat(" again", i)] = p
			phones = append(phones, p)
			entering.Go(func() { p.dial(nil) })
		}
		entering.Wait()
	}
	if v.t.Failed() {
		v.t.FailNow()
	}
	return phones
}
