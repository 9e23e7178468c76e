package e2e_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
)

// Redis that is killed under load and comes back from its file: what it has
// acknowledged it has, and what was not answered is found out.
func TestRedisKilledUnderLoad(t *testing.T) { redisKilled(t, 3, 10, time.Second) }

// TestTortureRedisKilledUnderLoad is the whole of it.
func TestTortureRedisKilledUnderLoad(t *testing.T) {
	torture(t)
	redisKilled(t, 50, 30, 4*time.Second)
}

func redisKilled(t *testing.T, kills, phones int, apart time.Duration) {
	seed := seeded(t)
	v := nodesVenue(t, 2)
	s := besiege(v, seed, newDoors(v.addrs()...), 100, watchers(t, phones)...)
	rng := chance(seed, 100)
	for range kills {
		lasting(t.Context(), apart/2+upTo(rng, apart))
		v.redis.Kill()
		lasting(t.Context(), upTo(rng, time.Second))
		v.redis.Restart()
	}
	s.end()
	v.converged()
	s.audit()
	t.Logf("Redis was killed %d times; %.0f appends had no answer, %.0f commands had been applied when they were sent again; connections broke %d times",
		kills, v.sum(meterUnknown), v.sum(meterRepeated), s.by.ends.all.Load())
	if n := s.by.ends.all.Load(); n > 0 {
		t.Errorf("%d connections of clients broke, though screens are to stay while Redis is away: %v", n, s.by.ends)
	}
}

// The way to Redis that is slow, torn, cut within an answer or a black hole.
func TestWayToRedisHarmed(t *testing.T) { wayHarmed(t, len(harms), 10, 600*time.Millisecond) }

// TestTortureWayToRedisHarmed is the whole of it.
func TestTortureWayToRedisHarmed(t *testing.T) {
	torture(t)
	wayHarmed(t, 300, 20, 2*time.Second)
}

func wayHarmed(t *testing.T, times, phones int, most time.Duration) {
	seed := seeded(t)
	v, ways := wayVenue(t, 2)
	s := besiege(v, seed, newDoors(v.addrs()...), 100, watchers(t, phones)...)
	rng := chance(seed, 100)
	order := rng.Perm(len(harms))
	for i := range times {
		lasting(t.Context(), upTo(rng, most/2))
		harms[order[i%len(order)]](rng).suffer(t.Context(), ways[rng.IntN(len(ways))], most/10+upTo(rng, most))
	}
	s.end()
	v.converged()
	s.audit()
	t.Logf("the way to Redis was harmed %d times, in %d kinds; %.0f appends had no answer, %.0f commands had been applied when they were sent again",
		times, len(harms), v.sum(meterUnknown), v.sum(meterRepeated))
}

// wayVenue is so many nodes, each with a way of its own to one Redis.
func wayVenue(t *testing.T, nodes int) (*venue, []*redistest.Proxy) {
	t.Helper()
	server := redistest.Start(t)
	v := nodesOn(t, server.URL, 0)
	var ways []*redistest.Proxy
	for range nodes {
		way := redistest.StartProxy(t, server.Addr)
		ways = append(ways, way)
		v.nodes = append(v.nodes, startNode(t, "--redis", "redis://"+way.Addr, "--key-file", v.where[3]))
	}
	return v, ways
}

// leakyVenue is two nodes, each behind a leak.
func leakyVenue(t *testing.T) (*venue, []*leak) {
	t.Helper()
	server := redistest.Start(t)
	v := nodesOn(t, server.URL, 0)
	var leaks []*leak
	for range 2 {
		l := newLeak(t, server.Addr)
		leaks = append(leaks, l)
		v.nodes = append(v.nodes, startNode(t, "--redis", "redis://"+l.addr, "--key-file", v.where[3]))
	}
	return v, leaks
}

// Published records that are lost: the log fills the gaps.
func TestHintsLost(t *testing.T) { hintsLost(t, 3*time.Second) }

// TestTortureHintsLost is the whole of it.
func TestTortureHintsLost(t *testing.T) {
	torture(t)
	hintsLost(t, 2*time.Minute)
}

func hintsLost(t *testing.T, lasts time.Duration) {
	seed := seeded(t)
	v, leaks := leakyVenue(t)
	for _, l := range leaks {
		l.percent.Store(5)
	}
	s := besiege(v, seed, newDoors(v.addrs()...), 100, watchers(t, 12)...)
	lasting(t.Context(), lasts)
	s.end()
	began := time.Now()
	v.converged()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("everybody was level after %v", took)
	}
	s.audit()
	lost, passed := leaks[0].lost.Load()+leaks[1].lost.Load(), leaks[0].passed.Load()+leaks[1].passed.Load()
	t.Logf("%d of %d published records were lost; all level %v after the load", lost, lost+passed, time.Since(began).Round(time.Millisecond))
	if lost == 0 {
		t.Error("none was lost: nothing was tested")
	}
	// Lost every time, the hints leave it to the look at the head once a second.
	for _, l := range leaks {
		l.percent.Store(100)
	}
	v.crossingWithin(5, 2500*time.Millisecond, "without any hint")
}

// A subscription that silently gets nothing any more: what changes is seen
// within five seconds all the same, and another subscription takes its place.
func TestSubscriptionSilentlyDead(t *testing.T) {
	v, leaks := leakyVenue(t)
	v.open()
	v.enterAt(v.nodes[0].url(), "moderator:s1")
	v.people["moderator:s1"].does(floor.ReleaseSchedule{})
	v.enterAt(v.nodes[1].url(), append([]string{"moderator:s2"}, attendees(t)[:10]...)...)
	for _, l := range leaks {
		eventually(t, 5*time.Second, "a subscription", func() error {
			if l.subscribed.Load() == 0 {
				return errors.New("none yet")
			}
			return nil
		})
		l.deaf.Store(l.subscribed.Load())
	}
	died := time.Now()
	v.crossingWithin(3, 5*time.Second, "on dead subscriptions")
	for _, l := range leaks {
		eventually(t, 10*time.Second, "another subscription", func() error {
			if l.subscribed.Load() <= l.deaf.Load() {
				return errors.New("none yet")
			}
			return nil
		})
	}
	t.Logf("another subscription stood %v after the first ones had died", time.Since(died).Round(10*time.Millisecond))
	v.crossingWithin(10, time.Second, "on the new subscriptions")
	v.converged()
}

// crossingWithin holds how long a command on the first node takes until its frame
// is on the second.
func (v *venue) crossingWithin(times int, bound time.Duration, how string) {
	v.t.Helper()
	from, to := v.people["moderator:s1"], v.people["moderator:s2"]
	if to == nil || to.look != nil { // not somebody of the siege, who may be anywhere
		v.enterAt(v.nodes[0].url(), "moderator:s1")
		v.enterAt(v.nodes[1].url(), "moderator:s2")
		from, to = v.people["moderator:s1"], v.people["moderator:s2"]
	}
	var took []time.Duration
	for i := range times {
		n, began := to.count(), time.Now()
		if _, err := from.try(floor.Announce{Text: floor.Text{En: fmt.Sprint(i)}, Minutes: 1}); err != nil {
			v.t.Fatal(err)
		}
		eventually(v.t, bound, "the frame on the other node "+how, func() error {
			if to.count() == n {
				return errors.New("nothing came")
			}
			return nil
		})
		took = append(took, to.since(n)[0].at.Sub(began))
	}
	v.t.Logf("command on node A → frame on node B %s: p50 %v, at most %v", how, percentile(took, 50), slices.Max(took).Round(time.Millisecond))
}
