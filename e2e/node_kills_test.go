package e2e_test

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal/redisjournal"
	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
)

// Nodes are killed under load: nothing acknowledged is lost, nothing is applied twice, and
// every screen ends at the state of the log.
func TestNodes_KilledUnderLoadLoseNothing(t *testing.T) { nodesKilled(t, 8, 12, 600*time.Millisecond) }

func TestTortureNodes_KilledUnderLoadLoseNothing(t *testing.T) {
	torture(t)
	nodesKilled(t, 200, 30, 1500*time.Millisecond)
}

// nodesKilled kills nodes a number of times, with random pauses of at most apart.
func nodesKilled(t *testing.T, kills, phones int, apart time.Duration) {
	v := nodesVenue(t, 3)
	s := startLoad(v, newClientBalancer(v.addrs()...), 100, onlookers(t, phones)...)
	rng := s.faultRand
	for v.killed < kills {
		sleep(t.Context(), randomBelow(rng, apart))
		v.killSome(rng)
	}
	s.finish()
	t.Logf("%d times a node of three was killed; connections broke %d times; %.0f commands had been applied when they were sent again",
		v.killed, s.balancer.disconnects.all.Load(), v.repeated+v.sum(metricRepeated))
}

// nodesVenue returns a venue of a number of nodes on one Redis.
func nodesVenue(t *testing.T, nodes int) *venue {
	t.Helper()
	server := redistest.Start(t)
	v := nodesOn(t, server.URL, nodes)
	v.redis = server
	return v
}

// nodesOn returns a venue of a number of nodes that reach Redis by a URL, with more flags.
func nodesOn(t *testing.T, url string, nodes int, flags ...string) *venue {
	t.Helper()
	v := &venue{t: t, storeFlags: append([]string{"--redis", url, "--key-file", writeKey(t)}, flags...)}
	for range nodes {
		v.nodes = append(v.nodes, startNode(t, v.storeFlags...))
	}
	j, err := redisjournal.Open(url, redisjournal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	v.journal = j
	return v
}

// sum returns the sum of a metric over all nodes. A node counts from its last start.
func (v *venue) sum(meter string) (total float64) {
	for _, n := range v.nodes {
		total += n.metrics()[meter]
	}
	return total
}

func (v *venue) addrs() []string {
	var addrs []string
	for _, n := range v.nodes {
		addrs = append(addrs, n.addr)
	}
	return addrs
}

// killSome kills a node, sometimes two or all at the same time, or one again while it starts.
// It returns when all are ready again.
func (v *venue) killSome(rng *rand.Rand) {
	v.t.Helper()
	victims := rng.Perm(len(v.nodes))[:1]
	switch rng.IntN(20) {
	case 0:
		victims = rng.Perm(len(v.nodes))
	case 1, 2:
		victims = rng.Perm(len(v.nodes))[:2]
	}
	for _, i := range victims {
		v.repeated += v.nodes[i].metrics()[metricRepeated]
		v.nodes[i].signal(syscall.SIGKILL)
	}
	for _, i := range victims {
		<-v.nodes[i].done
		v.killed++
		if rng.IntN(8) == 0 {
			v.nodes[i].launch()
			sleep(v.t.Context(), randomBelow(rng, 150*time.Millisecond))
			v.nodes[i].kill()
			v.killed++
		}
		v.nodes[i].start()
	}
}
