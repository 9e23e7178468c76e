package e2e_test

import (
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
)

// A Redis master is killed, or hangs and comes back, under load: Sentinel promotes a replica,
// and nothing acknowledged is lost.
func TestSentinel_FailoversLoseNothing(t *testing.T) { failOver(t, 1, 10) }

func TestTortureSentinel_FailoversLoseNothing(t *testing.T) {
	torture(t)
	failOver(t, 20, 20)
}

func failOver(t *testing.T, times, phones int) {
	f := redistest.StartFailover(t, 3)
	v := nodesOn(t, f.URL(), 2, "--redis-replicas", "1")
	s := startLoad(v, newClientBalancer(v.addrs()...), 100, onlookers(t, phones)...)
	rng := s.faultRand
	var took []time.Duration
	for i := range times {
		master := f.WaitHealthy()
		sleep(t.Context(), time.Second+randomBelow(rng, time.Second))
		began := time.Now()
		if i%3 == 2 { // it does not know yet that it is not the master any more
			master.Pause()
			f.WaitPromoted(master)
			master.Resume()
		} else {
			master.Kill()
			f.WaitPromoted(master)
			master.Restart()
		}
		took = append(took, time.Since(began))
	}
	f.WaitHealthy()
	s.finish()
	t.Logf("%d failovers by Sentinel, promoted after p50 %v, at most %v; %.0f appends had an unknown outcome, %.0f commands were sent again after they had been applied",
		times, percentile(took, 50), percentile(took, 100), v.sum(metricUnknown), v.sum(metricRepeated))
}

// A master of a Redis cluster is killed, and the event's slot moves to another master, under
// load.
func TestCluster_DeadMastersAndMovedSlotsLoseNothing(t *testing.T) { clusterFaults(t, 1, 10) }

func TestTortureCluster_DeadMastersAndMovedSlotsLoseNothing(t *testing.T) {
	torture(t)
	clusterFaults(t, 10, 20)
}

func clusterFaults(t *testing.T, times, phones int) {
	c := redistest.StartCluster(t, true)
	v := nodesOn(t, c.URL(), 2, "--redis-replicas", "1")
	answer, ok := c.Servers[0].Do("CLUSTER", "KEYSLOT", "matchfloor:{"+eventID+"}:log").(int64)
	if !ok {
		t.Fatal("Redis does not return the event's slot")
	}
	slot := int(answer)
	s := startLoad(v, newClientBalancer(v.addrs()...), 100, onlookers(t, phones)...)
	rng := s.faultRand
	var deaths, moves []time.Duration
	for range times {
		c.WaitHealthy()
		sleep(t.Context(), time.Second+randomBelow(rng, time.Second))
		owner, began := c.Owner(slot), time.Now()
		owner.Kill()
		c.WaitPromoted(slot, owner)
		deaths = append(deaths, time.Since(began))
		owner.Restart()
		c.WaitHealthy()
		sleep(t.Context(), randomBelow(rng, time.Second))
		from, began := c.Owner(slot), time.Now()
		c.Migrate(slot, from, otherMaster(c, slot, from), func(int) {})
		moves = append(moves, time.Since(began))
	}
	c.WaitHealthy()
	s.finish()
	t.Logf("%d masters were killed, another one owned the slot after p50 %v, at most %v; the slot moved %d times, in at most %v; %.0f appends had an unknown outcome",
		times, percentile(deaths, 50), percentile(deaths, 100), times, percentile(moves, 100), v.sum(metricUnknown))
}

// otherMaster returns a master of the cluster that does not own a slot.
func otherMaster(c *redistest.Cluster, slot int, from *redistest.Server) *redistest.Server {
	for step := 1; ; step++ {
		if m := c.Owner((slot + step*redistest.Slots/3) % redistest.Slots); m != nil && m != from {
			return m
		}
	}
}
