package redisjournal

import (
	"errors"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/journaltest"
	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
)

func TestCluster(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t, true, "--min-replicas-to-write", "1", "--min-replicas-max-lag", "2")
	suiteAt(t, c.URL(), c.Servers)
	t.Run("a slot of nobody", func(t *testing.T) { slotOfNobody(t, c) })
	t.Run("migration and death", func(t *testing.T) { upheaval(t, c, 1) })
}

// Two nodes that send us to each other for ever keep nobody busy, and have
// written nothing.
func slotOfNobody(t *testing.T, c *redistest.Cluster) {
	const free journal.LogID = "nobodys"
	slot := slotOf(t, c, free)
	owner := c.Owner(slot)
	j := openTest(t, c.URL(), Options{})
	c.Disown(slot, owner, roundFrom(c, owner)[0], func() {
		batch := []journal.Record{{Key: "first"}}
		journal.Chain(journal.Genesis(free, 1), batch)
		if _, err := j.Append(t.Context(), free, journal.Genesis(free, 1), batch); !errors.Is(err, journal.ErrUnavailable) {
			t.Errorf("Append: %v, want ErrUnavailable", err)
		}
	})
}

func TestTortureCluster(t *testing.T) {
	torture(t)
	upheaval(t, redistest.StartCluster(t, true, "--min-replicas-to-write", "1", "--min-replicas-max-lag", "2"), 10)
}

// upheaval moves the slot of the log to another master and back while it is
// appended to, then kills the master that has it; that many times.
func upheaval(t *testing.T, c *redistest.Cluster, times int) {
	chance := seeded(t)
	h := journaltest.NewHistory(theLog)
	all := musterAt(t, c.URL(), waitingFor(1), h.WrapDurable)
	all.more(50)
	slot := slotOf(t, c, theLog)
	var moves, deaths []time.Duration
	for range times {
		c.Whole()
		owner := c.Owner(slot)
		for _, to := range roundFrom(c, owner) {
			from := c.Owner(slot)
			c.Migrate(slot, from, to, func(left int) {
				if left > 0 {
					all.tries(8) // some keys here, some there: nothing can be appended
					return
				}
				moves = append(moves, all.more(10)) // the slot is still the old one's: by ASK
			})
			all.more(20 + chance.IntN(20))
		}
		c.Whole()
		victim := c.Owner(slot)
		victim.Kill()
		c.Promoted(slot, victim)
		victim.Restart() // a master without its one replica takes no writes
		deaths = append(deaths, all.more(20))
	}
	c.Whole()
	j := openTest(t, c.URL(), waitingFor(1))
	all.rest(j)
	checkHistory(t, h, j)
	t.Logf("%d slot migrations: 10 appends sent on by ASK after %v", len(moves), moves)
	t.Logf("%d deaths of the slot's master: 20 appends after the promotion and its restart within %v", len(deaths), deaths)
}

func slotOf(t *testing.T, c *redistest.Cluster, log journal.LogID) int {
	t.Helper()
	slot, ok := c.Servers[0].Do("CLUSTER", "KEYSLOT", "{"+string(log)+"}").(int64)
	if !ok {
		t.Fatal("Redis does not tell the slot of a key")
	}
	return int(slot)
}

// roundFrom answers the other masters of the cluster and then owner, so that a slot
// goes round.
func roundFrom(c *redistest.Cluster, owner *redistest.Server) []*redistest.Server {
	var round []*redistest.Server
	for _, s := range c.Masters() {
		if s != owner {
			round = append(round, s)
		}
	}
	return append(round, owner)
}
