package redisjournal

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/journaltest"
	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
)

// waitFor returns the options that matchfloor is run with if there are replicas.
func waitFor(replicas int) Options { return Options{WaitReplicas: replicas} }

func TestSentinel_SurvivesAFailover(t *testing.T) {
	t.Parallel()
	f := redistest.StartFailover(t, 3)
	suiteAt(t, f.URL(), f.Servers)
	t.Run("failovers", func(t *testing.T) { failovers(t, f, 1, 1, killing) })
}

// suiteAt runs the conformance suite on a topology with replicas. It allows the replicas a large
// lag, because a busy machine may delay them.
func suiteAt(t *testing.T, url string, servers []*redistest.Server) {
	next := prefixes()
	lag := func(seconds string) {
		for _, s := range servers {
			s.Do("CONFIG", "SET", "min-replicas-max-lag", seconds)
		}
	}
	lag("30")
	defer lag("2")
	t.Run("suite", func(t *testing.T) {
		journaltest.Run(t, func(t *testing.T) journaltest.Env {
			options := next()
			options.WaitReplicas, options.WaitTimeout = 1, 10*time.Second
			j := openTest(t, url, options)
			return journaltest.Env{Journal: j, Snapshots: j, Other: openTest(t, url, options)}
		})
	})
}

func TestTortureSentinel_OneReplica(t *testing.T) {
	torture(t)
	failovers(t, redistest.StartFailover(t, 2), 20, 1, killing, pausing, handingOver)
}

// If writes wait for one of two replicas, a former master must not acknowledge writes with a
// replica that still follows it while there is a new master.
func TestTortureSentinel_OneOfTwoReplicas(t *testing.T) {
	torture(t)
	failovers(t, redistest.StartFailover(t, 3), 8, 1, killing, pausing)
}

func TestTortureSentinel_TwoOfTwoReplicas(t *testing.T) {
	torture(t)
	f := redistest.StartFailover(t, 3, "--min-replicas-to-write", "2")
	failovers(t, f, 8, 2, handingOver, killing, pausing)
}

// fault ends a master, and brings the server back.
type fault struct {
	name      string
	end, back func(*redistest.Failover, *redistest.Server)
}

var (
	killing = fault{"killed",
		func(_ *redistest.Failover, master *redistest.Server) { master.Kill() },
		func(_ *redistest.Failover, old *redistest.Server) { old.Restart() }}
	pausing = fault{"paused until it is replaced",
		func(_ *redistest.Failover, master *redistest.Server) { master.Pause() },
		func(_ *redistest.Failover, old *redistest.Server) { old.Resume() }}
	handingOver = fault{"replaced by command",
		func(f *redistest.Failover, _ *redistest.Server) {
			f.Sentinels[0].Do("SENTINEL", "FAILOVER", redistest.MasterName)
		},
		func(*redistest.Failover, *redistest.Server) {}}
)

// failovers ends the master the given number of times, by the faults in turn. If there are more
// replicas than writes wait for, the appends must continue before the former master is back.
func failovers(t *testing.T, f *redistest.Failover, times, wait int, faults ...fault) {
	rng := newRand(t)
	h := journaltest.NewHistory(theLog)
	c := startAppendersAt(t, f.URL(), waitFor(wait), h.WrapDurable)
	c.waitAcknowledged(50)
	spare := len(f.Servers)-1 > wait
	var pauses []time.Duration
	for n := range times {
		old, by := f.WaitHealthy(), faults[n%len(faults)]
		c.waitAcknowledged(10 + rng.IntN(40))
		by.end(f, old)
		f.WaitPromoted(old)
		start := time.Now()
		if spare {
			c.waitAcknowledged(20)
			pauses = append(pauses, time.Since(start))
		}
		by.back(f, old)
		c.waitAcknowledged(20)
		if !spare {
			pauses = append(pauses, time.Since(start))
		}
		t.Logf("%s: %v from the promotion to the 20th append", by.name, pauses[n].Round(time.Millisecond))
	}
	f.WaitHealthy()
	j := openTest(t, f.URL(), waitFor(wait))
	c.stopAndCheck(j)
	checkHistory(t, h, j)
	t.Logf("%d failovers of %d servers with %d replicas, of which writes waited for %d", times, len(f.Servers), len(f.Servers)-1, wait)
}

func TestTortureSentinel_MasterCutOff(t *testing.T) {
	torture(t)
	for range 3 {
		cutOff(t, 8*time.Second)
	}
}

func TestSentinel_MasterCutOff(t *testing.T) {
	t.Parallel()
	cutOff(t, 3*time.Second)
}

// cutOff separates the master from its replicas and from the Sentinels, but not from the
// appenders, half of which know only this server. Meanwhile the Sentinels promote another
// server, so there are two masters.
func cutOff(t *testing.T, duration time.Duration) {
	f := redistest.StartFailoverBehindProxies(t, 3)
	old := f.WaitHealthy()
	direct := make(map[string]string)
	for _, s := range f.Servers {
		direct[s.Front().Addr] = s.Addr
	}
	options := waitFor(1)
	options.dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if to, ok := direct[addr]; ok {
			addr = to
		}
		return (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, network, addr)
	}
	h := journaltest.NewHistory(theLog)
	var journals []journal.Journal
	for i := range appenderCount {
		url := f.URL()
		if i%2 == 0 {
			url = old.URL
		}
		journals = append(journals, h.WrapDurable(openTest(t, url, options), i))
	}
	c := startAppenders(t, journals...)
	c.waitAcknowledged(60)
	old.Front().BlackHole()
	healed := time.After(duration)
	f.WaitPromoted(old)
	pause := c.waitAcknowledged(20)
	<-healed
	before := c.acknowledged()
	old.Front().Heal()
	f.WaitHealthy()
	c.waitAcknowledged(20)
	j := openTest(t, f.URL(), options)
	c.stopAndCheck(j)
	checkHistory(t, h, j)
	t.Logf("cut off for at least %v; the 20th append on the new master was acknowledged %v after its promotion; %d were when the master was connected again", duration, pause, before)
}

// A hung Sentinel is replaced by another one. Without a Sentinel nothing is written.
func TestSentinel_HungOneIsReplaced(t *testing.T) {
	t.Parallel()
	master := redistest.Start(t)
	host, port, err := net.SplitHostPort(master.Addr)
	if err != nil {
		t.Fatal(err)
	}
	monitor := []string{"--sentinel", "monitor", "mymaster", host, port, "1"}
	sentinels := []*redistest.Server{redistest.StartSentinel(t, nil, monitor...), redistest.StartSentinel(t, nil, monitor...)}
	j := openTest(t, "redis+sentinel://"+sentinels[0].Addr+","+sentinels[1].Addr+"/mymaster?client_name=asking", Options{})
	at := mustAppend(t, j, journal.Genesis(theLog, 1), "first")
	asked, other := sentinels[0], sentinels[1]
	if list, _ := other.Do("CLIENT", "LIST").(string); strings.Contains(list, "name=asking") {
		asked, other = other, asked
	}
	asked.Pause()
	master.Do("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
	start := time.Now()
	at, err = appendUntilStored(t.Context(), j, at, "second")
	if took := time.Since(start); err != nil || took > 2*findTimeout {
		t.Errorf("with its Sentinel hung: %v after %v, want it within %v", err, took, 2*findTimeout)
	}
	t.Logf("appended %v after its connections and its Sentinel were lost", time.Since(start).Round(time.Millisecond))
	other.Kill()
	asked.Kill()
	master.Do("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
	batch, _ := oneRecord(at, "third")
	until(t, "the broken connections to be closed", func() bool {
		err := j.appendErr(t, at, batch)
		if err == nil {
			t.Fatal("an append without a Sentinel on a connection that was killed")
		}
		return errors.Is(err, journal.ErrUnavailable)
	})
	if err := openTest(t, "redis+sentinel://"+other.Addr+"/mymaster", Options{}).appendErr(t, at, batch); !errors.Is(err, journal.ErrUnavailable) {
		t.Errorf("with no Sentinel at all: %v, want ErrUnavailable", err)
	}
}
