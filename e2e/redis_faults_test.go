package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
	"github.com/matchfloor/matchfloor/wire"
)

// Redis is killed under load and restarts from its file: nothing acknowledged is lost, and the
// nodes find out the outcomes of appends without a response.
func TestRedis_KilledUnderLoadLosesNothing(t *testing.T) { redisKilled(t, 3, 10, time.Second) }

func TestTortureRedis_KilledUnderLoadLosesNothing(t *testing.T) {
	torture(t)
	redisKilled(t, 50, 30, 4*time.Second)
}

func redisKilled(t *testing.T, kills, phones int, apart time.Duration) {
	v := nodesVenue(t, 2)
	s := startLoad(v, newClientBalancer(v.addrs()...), 100, onlookers(t, phones)...)
	rng := s.faultRand
	for range kills {
		sleep(t.Context(), apart/2+randomBelow(rng, apart))
		v.redis.Kill()
		sleep(t.Context(), randomBelow(rng, time.Second))
		v.redis.Restart()
	}
	s.finish()
	t.Logf("Redis was killed %d times; %.0f appends had an unknown outcome, %.0f commands were sent again after they had been applied; connections broke %d times",
		kills, v.sum(metricUnknown), v.sum(metricRepeated), s.balancer.disconnects.all.Load())
	if n := s.balancer.disconnects.all.Load(); n > 0 {
		t.Errorf("%d connections of clients broke, but they must stay open while Redis is unavailable: %v", n, s.balancer.disconnects)
	}
}

// The connection to Redis is slow, torn, cut within a response or a black hole.
func TestRedis_FaultyConnectionLosesNothing(t *testing.T) {
	faultyConnection(t, len(faults), 10, 600*time.Millisecond)
}

func TestTortureRedis_FaultyConnectionLosesNothing(t *testing.T) {
	torture(t)
	faultyConnection(t, 300, 20, 2*time.Second)
}

func faultyConnection(t *testing.T, times, phones int, most time.Duration) {
	v, proxies := proxiedVenue(t, 2)
	s := startLoad(v, newClientBalancer(v.addrs()...), 100, onlookers(t, phones)...)
	rng := s.faultRand
	order := rng.Perm(len(faults))
	for i := range times {
		sleep(t.Context(), randomBelow(rng, most/2))
		faults[order[i%len(order)]](rng).apply(t.Context(), proxies[rng.IntN(len(proxies))], most/10+randomBelow(rng, most))
	}
	s.finish()
	t.Logf("the connection to Redis was disturbed %d times, in %d ways; %.0f appends had an unknown outcome, %.0f commands were sent again after they had been applied",
		times, len(faults), v.sum(metricUnknown), v.sum(metricRepeated))
}

// proxiedVenue returns a venue of a number of nodes, each with its own proxy to one Redis.
func proxiedVenue(t *testing.T, nodes int) (*venue, []*redistest.Proxy) {
	t.Helper()
	server := redistest.Start(t)
	v := nodesOn(t, server.URL, 0)
	var proxies []*redistest.Proxy
	for range nodes {
		proxy := redistest.StartProxy(t, server.Addr)
		proxies = append(proxies, proxy)
		v.nodes = append(v.nodes, startNode(t, "--redis", "redis://"+proxy.Addr, "--key-file", v.storeFlags[3]))
	}
	return v, proxies
}

// lossyVenue returns a venue of two nodes, each behind a lossy proxy.
func lossyVenue(t *testing.T) (*venue, []*lossyProxy) {
	t.Helper()
	server := redistest.Start(t)
	v := nodesOn(t, server.URL, 0)
	var proxies []*lossyProxy
	for range 2 {
		l := newLossyProxy(t, server.Addr)
		proxies = append(proxies, l)
		v.nodes = append(v.nodes, startNode(t, "--redis", "redis://"+l.addr, "--key-file", v.storeFlags[3]))
	}
	return v, proxies
}

// Published records are lost: the nodes read the gaps from the log.
func TestRedis_LostPublicationsAreReadFromTheLog(t *testing.T) { publicationsLost(t, 3*time.Second) }

func TestTortureRedis_LostPublicationsAreReadFromTheLog(t *testing.T) {
	torture(t)
	publicationsLost(t, 2*time.Minute)
}

func publicationsLost(t *testing.T, lasts time.Duration) {
	v, proxies := lossyVenue(t)
	for _, l := range proxies {
		l.lossPercent.Store(5)
	}
	s := startLoad(v, newClientBalancer(v.addrs()...), 100, onlookers(t, 12)...)
	sleep(t.Context(), lasts)
	s.end()
	began := time.Now()
	v.checkConverged()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("all screens were current only after %v", took)
	}
	s.audit()
	lost, passed := proxies[0].lost.Load()+proxies[1].lost.Load(), proxies[0].passed.Load()+proxies[1].passed.Load()
	t.Logf("%d of %d published records were lost; all screens current %v after the load", lost, lost+passed, time.Since(began).Round(time.Millisecond))
	if lost == 0 {
		t.Error("no publication was lost: the test has shown nothing")
	}
	// If all publications are lost, a node notices changes only when it reads the head, once a
	// second.
	for _, l := range proxies {
		l.lossPercent.Store(100)
	}
	v.crossingWithin(5, 2500*time.Millisecond, "without any hint")
}

// A subscription silently receives nothing any more: changes are still seen within five
// seconds, and the node subscribes again.
func TestRedis_DeadSubscriptionIsReplaced(t *testing.T) {
	v, proxies := lossyVenue(t)
	v.importAndRelease(v.nodes[0].url())
	v.signInAt(v.nodes[1].url(), append([]string{"moderator:s2"}, attendees(t)[:10]...)...)
	for _, l := range proxies {
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
	for _, l := range proxies {
		eventually(t, 10*time.Second, "another subscription", func() error {
			if l.subscribed.Load() <= l.silencedUpTo.Load() {
				return errors.New("none yet")
			}
			return nil
		})
	}
	t.Logf("the nodes subscribed again %v after the first subscriptions had died", time.Since(died).Round(10*time.Millisecond))
	v.crossingWithin(10, time.Second, "on the new subscriptions")
	v.checkConverged()
}

// crossingWithin bounds the time from a command on the first node until its frame is on the
// second.
func (v *venue) crossingWithin(times int, bound time.Duration, how string) {
	v.t.Helper()
	from, to := v.people["moderator:s1"], v.people["moderator:s2"]
	if to == nil || to.observer != nil { // not one of the load's people, who may be on any node
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
				return errors.New("no frame came")
			}
			return nil
		})
		took = append(took, to.framesSince(n)[0].at.Sub(began))
	}
	v.t.Logf("command on node A → frame on node B %s: p50 %v, at most %v", how, percentile(took, 50), slices.Max(took).Round(time.Millisecond))
}

// A Redis that is out of memory answers reads and takes no write: its nodes say that it is away
// for as long as commands wait, and apply these once it has room.
func TestRedis_OutOfMemoryCountsAsAway(t *testing.T) {
	v := nodesVenue(t, 1)
	n := v.nodes[0]
	lead := v.importAndRelease(n.url())
	awayFor := func() (float64, error) {
		code, body := fetchReady(t, n)
		var ready struct {
			Journal     string
			AwaySeconds float64
		}
		if err := json.Unmarshal([]byte(body), &ready); err != nil || code != http.StatusOK || ready.Journal != "away" {
			return 0, fmt.Errorf("/readyz: %d %s %v", code, body, err)
		}
		return min(ready.AwaySeconds, n.metrics()["matchfloor_journal_away_seconds"]), nil
	}
	v.redis.Do("CONFIG", "SET", "maxmemory", "1")
	done := make(chan error, 1)
	go func() {
		_, err := lead.Do(t.Context(), wire.Command{ID: client.NewID(), Body: floor.Announce{Text: floor.Text{En: "waits"}, Minutes: 60}})
		done <- err
	}()
	eventually(t, 30*time.Second, "the node to have missed its journal for 5 s", func() error {
		away, err := awayFor()
		if err == nil && away < 5 {
			err = fmt.Errorf("%v s", away)
		}
		return err
	})
	select {
	case err := <-done:
		t.Fatalf("a command has a result: %v", err)
	default:
	}
	v.redis.Do("CONFIG", "SET", "maxmemory", "0")
	roomAt := time.Now()
	if err := <-done; err != nil {
		t.Error(err)
	}
	t.Logf("the command has its result %v after Redis has room", time.Since(roomAt).Round(time.Millisecond))
	eventually(t, 10*time.Second, "the node to reach its journal", func() error {
		if code, body := fetchReady(t, n); code != http.StatusOK || !strings.Contains(body, `"journal":"reachable"`) {
			return fmt.Errorf("/readyz: %d %s", code, body)
		}
		return nil
	})
}
