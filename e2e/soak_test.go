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

// A mixed load runs on two nodes: commands, phones that leave and resume, consoles that fetch
// their views. Memory, goroutines and open files stay flat.
func TestSoak_ResourcesStayFlat(t *testing.T) {
	soak(t, 15*time.Second, flatness{heap: 1.6, slack: 24 << 20, count: 1.5})
}

// TestTortureSoak_ResourcesStayFlat runs for half an hour, or for MATCHFLOOR_SOAK.
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

// flatness bounds how far the median of the last third may be above the median of the first.
type flatness struct {
	heap  float64 // factor for the heap and the resident memory
	slack float64 // bytes in addition
	count float64 // factor, plus ten, for goroutines and files
}

func soak(t *testing.T, lasts time.Duration, flat flatness) {
	v := nodesVenue(t, 2)
	s := startLoad(v, newClientBalancer(v.addrs()...), 40, onlookers(t, 60)...)
	ctx, cancel := context.WithTimeout(t.Context(), lasts)
	defer cancel()
	var coming sync.WaitGroup
	coming.Go(func() { s.reconnectPhones(ctx, newRand(s.seed, 200)) })
	samples := make([][]map[string]float64, len(v.nodes))
	for sleep(ctx, lasts/60) {
		for i, n := range v.nodes {
			samples[i] = append(samples[i], n.metrics())
		}
	}
	coming.Wait()
	s.finish()
	for i := range v.nodes {
		flat.check(t, "ab"[i:i+1], samples[i])
	}
	t.Logf("%v of mixed load; phones left and returned %d times", lasts, s.balancer.disconnects.closedByTest.Load())
}

// reconnectPhones disconnects one random phone after the other and connects it again, mostly
// with its saved view, sometimes without.
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
		var saved *client.SavedView
		if rng.IntN(4) > 0 {
			saved = p.Save()
		}
		p.Close()
		sleep(ctx, randomBelow(rng, 300*time.Millisecond))
		p.observer = s.shown.observeResumed(floor.ActorID(p.name), saved)
		p.dial(saved)
		s.balancer.disconnects.closedByTest.Add(1)
	}
}

// check compares the medians of the first and the last third of the samples.
func (f flatness) check(t *testing.T, node string, samples []map[string]float64) {
	t.Helper()
	third := len(samples) / 3
	if third < 2 {
		t.Fatalf("node %s has only %d samples", node, len(samples))
	}
	for _, name := range []string{metricHeap, metricResident, metricGoroutines, metricFiles} {
		first, last := median(samples[:third], name), median(samples[len(samples)-third:], name)
		bound := first*f.count + 10
		if name == metricHeap || name == metricResident {
			bound = first*f.heap + f.slack
		}
		t.Logf("node %s: %s was %.0f in the first third, %.0f in the last", node, name, first, last)
		if first == 0 {
			t.Errorf("node %s has no metric %s", node, name)
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

// All phones lose their connections at the same time, five changes happen, all reconnect:
// within seconds all show the current state.
func TestReconnect_EveryoneAtOnce(t *testing.T) { reconnectEveryone(t, 1) }

// TestTortureReconnect_EveryoneAtOnce runs with eight devices of each attendee.
func TestTortureReconnect_EveryoneAtOnce(t *testing.T) {
	torture(t)
	reconnectEveryone(t, 8)
}

func reconnectEveryone(t *testing.T, devices int) {
	v := nodesVenue(t, 2)
	lead := v.importAndRelease(v.nodes[0].url())
	var proxies []*redistest.Proxy
	var addrs []string
	for _, n := range v.nodes {
		proxy := redistest.StartProxy(t, n.addr)
		proxies, addrs = append(proxies, proxy), append(addrs, proxy.Addr)
	}
	phones := v.signInEveryone(newClientBalancer(addrs...), devices)
	encoded, began := v.sum(metricSnapshots), time.Now()
	for _, proxy := range proxies {
		proxy.Cut()
	}
	var last uint64
	for i := range 5 {
		last = lead.mustSubmit(floor.Announce{Text: floor.Text{En: "change " + string(rune('1'+i))}}).Seq
	}
	for _, proxy := range proxies {
		proxy.Mend()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var current []time.Duration
	for _, p := range phones {
		if err := p.Wait(ctx, last); err != nil {
			t.Fatalf("%s is not current: %v", p.name, err)
		}
		current = append(current, time.Since(began))
	}
	v.checkConverged()
	t.Logf("%d phones lost their connections; the last was current after %v; %.0f snapshots were encoded", len(phones), current[len(current)-1].Round(time.Millisecond), v.sum(metricSnapshots)-encoded)
	if took := current[len(current)-1]; took > 15*time.Second {
		t.Errorf("the last was current after %v", took)
	}
}

// signInEveryone signs in a number of devices of every attendee through the balancer.
func (v *venue) signInEveryone(balancer *clientBalancer, devices int) (phones []*person) {
	v.t.Helper()
	for i := range devices {
		var entering sync.WaitGroup
		for _, name := range attendees(v.t) {
			p := &person{v: v, name: name, base: v.nodes[0].url(), balancer: balancer, observer: func(client.ViewChange) {}}
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
