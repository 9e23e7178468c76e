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
func TestRedis_KilledUnderLoadLosesNothing(t *testing.T) { redisKilled(t, 3, 10, time.Second) }

// TestTortureRedis_KilledUnderLoadLosesNothing is the whole of it.
func TestTortureRedis_KilledUnderLoadLosesNothing(t *testing.T) {
	torture(t)
	redisKilled(t, 50, 30, 4*time.Second)
}

func redisKilled(t *testing.T, kills, phones int, apart time.Duration) {
	seed := testSeed(t)
	v := nodesVenue(t, 2)
	s := startLoad(v, seed, newClientBalancer(v.addrs()...), 100, onlookers(t, phones)...)
	rng := newRand(seed, 100)
	for range kills {
		sleep(t.Context(), apart/2+randomBelow(rng, apart))
		v.redis.Kill()
		sleep(t.Context(), randomBelow(rng, time.Second))
		v.redis.Restart()
	}
	s.end()
	v.checkConverged()
	s.audit()
	t.Logf("Redis was killed %d times; %.0f appends had no answer, %.0f commands had been applied when they were sent again; connections broke %d times",
		kills, v.sum(metricUnknown), v.sum(metricRepeated), s.balancer.disconnects.all.Load())
	if n := s.balancer.disconnects.all.Load(); n > 0 {
		t.Errorf("%d connections of clients broke, though screens are to stay while Redis is away: %v", n, s.balancer.disconnects)
	}
}

// The way to Redis that is slow, torn, cut within an answer or a black hole.
func TestRedis_FaultyConnectionLosesNothing(t *testing.T) {
	faultyConnection(t, len(faults), 10, 600*time.Millisecond)
}

// TestTortureRedis_FaultyConnectionLosesNothing is the whole of it.
func TestTortureRedis_FaultyConnectionLosesNothing(t *testing.T) {
	torture(t)
	faultyConnection(t, 300, 20, 2*time.Second)
}

func faultyConnection(t *testing.T, times, phones int, most time.Duration) {
	seed := testSeed(t)
	v, ways := proxiedVenue(t, 2)
	s := startLoad(v, seed, newClientBalancer(v.addrs()...), 100, onlookers(t, phones)...)
	rng := newRand(seed, 100)
	order := rng.Perm(len(faults))
	for i := range times {
		sleep(t.Context(), randomBelow(rng, most/2))
		faults[order[i%len(order)]](rng).apply(t.Context(), ways[rng.IntN(len(ways))], most/10+randomBelow(rng, most))
	}
	s.end()
	v.checkConverged()
	s.audit()
	t.Logf("the way to Redis was harmed %d times, in %d kinds; %.0f appends had no answer, %.0f commands had been applied when they were sent again",
		times, len(faults), v.sum(metricUnknown), v.sum(metricRepeated))
}

// proxiedVenue is so many nodes, each with a way of its own to one Redis.
func proxiedVenue(t *testing.T, nodes int) (*venue, []*redistest.Proxy) {
	t.Helper()
	server := redistest.Start(t)
	v := nodesOn(t, server.URL, 0)
	var ways []*redistest.Proxy
	for range nodes {
		way := redistest.StartProxy(t, server.Addr)
		ways = append(ways, way)
		v.nodes = append(v.nodes, startNode(t, "--redis", "redis://"+way.Addr, "--key-file", v.storeFlags[3]))
	}
	return v, ways
}

// lossyVenue is two nodes, each behind a leak.
func lossyVenue(t *testing.T) (*venue, []*lossyProxy) {
	t.Helper()
	server := redistest.Start(t)
	v := nodesOn(t, server.URL, 0)
	var leaks []*lossyProxy
	for range 2 {
		l := newLossyProxy(t, server.Addr)
		leaks = append(leaks, l)
		v.nodes = append(v.nodes, startNode(t, "--redis", "redis://"+l.addr, "--key-file", v.storeFlags[3]))
	}
	return v, leaks
}

// Published records that are lost: the log fills the gaps.
func TestRedis_LostPublicationsAreReadFromTheLog(t *testing.T) { publicationsLost(t, 3*time.Second) }

// TestTortureRedis_LostPublicationsAreReadFromTheLog is the whole of it.
func TestTortureRedis_LostPublicationsAreReadFromTheLog(t *testing.T) {
	torture(t)
	publicationsLost(t, 2*time.Minute)
}

func publicationsLost(t *testing.T, lasts time.Duration) {
	seed := testSeed(t)
	v, leaks := lossyVenue(t)
	for _, l := range leaks {
		l.lossPercent.Store(5)
	}
	s := startLoad(v, seed, newClientBalancer(v.addrs()...), 100, onlookers(t, 12)...)
	sleep(t.Context(), lasts)
	s.end()
	began := time.Now()
	v.checkConverged()
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
		l.lossPercent.Store(100)
	}
	v.crossingWithin(5, 2500*time.Millisecond, "without any hint")
}

// A subscription that silently gets nothing any more: what changes is seen
// within five seconds all the same, and another subscription takes its place.
func TestRedis_DeadSubscriptionIsReplaced(t *testing.T) {
	v, leaks := lossyVenue(t)
	v.importSample()
	v.signInAt(v.nodes[0].url(), "moderator:s1")
	v.people["moderator:s1"].mustSubmit(floor.ReleaseSchedule{})
	v.signInAt(v.nodes[1].url(), append([]string{"moderator:s2"}, attendees(t)[:10]...)...)
	for _, l := range leaks {
		eventually(t, 5*time.Second, "a subscription", func() error {
			if l.subscribed.Load() == 0 {
				return errors.New("none yet")
			}
			return nil
		})
		l.silencedUpTo.Store(l.subscribed.Load())
	}
	died := time.Now()
	v.crossingWithin(3, 5*time.Second, "on dead subscriptions")
	for _, l := range leaks {
		eventually(t, 10*time.Second, "another subscription", func() error {
			if l.subscribed.Load() <= l.silencedUpTo.Load() {
				return errors.New("none yet")
			}
			return nil
		})
	}
	t.Logf("another subscription stood %v after the first ones had died", time.Since(died).Round(10*time.Millisecond))
	v.crossingWithin(10, time.Second, "on the new subscriptions")
	v.checkConverged()
}

// crossingWithin holds how long a command on the first node takes until its frame
// is on the second.
func (v *venue) crossingWithin(times int, bound time.Duration, how string) {
	v.t.Helper()
	from, to := v.people["moderator:s1"], v.people["moderator:s2"]
	if to == nil || to.observer != nil { // not somebody of the siege, who may be anywhere
		v.signInAt(v.nodes[0].url(), "moderator:s1")
		v.signInAt(v.nodes[1].url(), "moderator:s2")
		from, to = v.people["moderator:s1"], v.people["moderator:s2"]
	}
	var took []time.Duration
	for i := range times {
		n, began := to.frameCount(), time.Now()
		if _, err := from.submit(floor.Announce{Text: floor.Text{En: fmt.Sprint(i)}, Minutes: 1}); err != nil {
			v.t.Fatal(err)
		}
		eventually(v.t, bound, "the frame on the other node "+how, func() error {
			if to.frameCount() == n {
				return errors.New("nothing came")
			}
			return nil
		})
		took = append(took, to.framesSince(n)[0].at.Sub(began))
	}
	v.t.Logf("command on node A → frame on node B %s: p50 %v, at most %v", how, percentile(took, 50), slices.Max(took).Round(time.Millisecond))
}
