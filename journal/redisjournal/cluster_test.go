package redisjournal

import (
	"errors"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/journaltest"
	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
)

func TestCluster_SurvivesMigrationsAndFailovers(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t, true)
	suiteAt(t, c.URL(), c.Servers)
	t.Run("a slot without an owner", func(t *testing.T) { slotWithoutOwner(t, c) })
	t.Run("migrations and failovers", func(t *testing.T) { migrationsAndFailovers(t, c, 1) })
}

// Two nodes that redirect to each other for ever end a call with ErrUnavailable.
func slotWithoutOwner(t *testing.T, c *redistest.Cluster) {
	const unowned journal.LogID = "unowned"
	slot := slotOf(t, c, unowned)
	owner := c.Owner(slot)
	j := openTest(t, c.URL(), Options{})
	c.Disown(slot, owner, roundFrom(c, owner)[0], func() {
		batch := []journal.Record{{Key: "first"}}
		journal.Chain(journal.Genesis(unowned, 1), batch)
		if _, err := j.Append(t.Context(), unowned, journal.Genesis(unowned, 1), batch, time.Time{}); !errors.Is(err, journal.ErrUnavailable) {
			t.Errorf("Append: %v, want ErrUnavailable", err)
		}
	})
}

func TestTortureCluster_SurvivesMigrationsAndFailovers(t *testing.T) {
	torture(t)
	migrationsAndFailovers(t, redistest.StartCluster(t, true), 10)
}

// migrationsAndFailovers moves the slot of the log round all masters during appends, and then
// kills the master that has it; both the given number of times.
func migrationsAndFailovers(t *testing.T, c *redistest.Cluster, times int) {
	rng := newRand(t)
	h := journaltest.NewHistory(theLog)
	all := startAppendersAt(t, c.URL(), waitFor(1), h.WrapDurable)
	all.waitAcknowledged(50)
	slot := slotOf(t, c, theLog)
	var moves, failovers []time.Duration
	for range times {
		c.WaitHealthy()
		owner := c.Owner(slot)
		for _, to := range roundFrom(c, owner) {
			from := c.Owner(slot)
			c.Migrate(slot, from, to, func(left int) {
				if left > 0 {
					all.waitAppends(8) // its keys are on two nodes: no append works
					return
				}
				moves = append(moves, all.waitAcknowledged(10)) // the old node still has the slot and redirects with ASK
			})
			all.waitAcknowledged(20 + rng.IntN(20))
		}
		c.WaitHealthy()
		victim := c.Owner(slot)
		victim.Kill()
		c.WaitPromoted(slot, victim)
		victim.Restart() // a master without its replica accepts no writes
		failovers = append(failovers, all.waitAcknowledged(20))
	}
	c.WaitHealthy()
	j := openTest(t, c.URL(), waitFor(1))
	all.stopAndCheck(j)
	checkHistory(t, h, j)
	t.Logf("%d slot migrations: 10 appends redirected with ASK within %v", len(moves), moves)
	t.Logf("%d failovers: 20 appends after the promotion and the restart within %v", len(failovers), failovers)
}

func slotOf(t *testing.T, c *redistest.Cluster, log journal.LogID) int {
	t.Helper()
	slot, ok := c.Servers[0].Do("CLUSTER", "KEYSLOT", "{"+string(log)+"}").(int64)
	if !ok {
		t.Fatal("Redis does not report the slot of a key")
	}
	return int(slot)
}

// roundFrom returns the other masters of the cluster and then owner: a slot that is moved to each
// in turn comes back.
func roundFrom(c *redistest.Cluster, owner *redistest.Server) []*redistest.Server {
	var round []*redistest.Server
	for _, s := range c.Masters() {
		if s != owner {
			round = append(round, s)
		}
	}
	return append(round, owner)
}
