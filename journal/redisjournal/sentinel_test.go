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

// waitingFor is how matchfloor is to be run where there are replicas.
func waitingFor(replicas int) Options { return Options{WaitReplicas: replicas} }

func TestSentinel(t *testing.T) {
	t.Parallel()
	f := redistest.StartFailover(t, 3)
	suiteAt(t, f.URL(), f.Servers)
	t.Run("failovers", func(t *testing.T) { failovers(t, f, 1, 1, killing) })
}

// suiteAt runs the conformance suite on a topology that waits for replicas. A busy
// machine that delays a replica is no fault of the journal's.
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

func TestTortureSentinelFailovers(t *testing.T) {
	torture(t)
	failovers(t, redistest.StartFailover(t, 2), 20, 1, killing, pausing, handingOver)
}

// With two replicas of which one is waited for, a master must not live on beside
// its successor with a replica that follows it still.
func TestTortureSentinelOneOfTwo(t *testing.T) {
	torture(t)
	failovers(t, redistest.StartFailover(t, 3), 8, 1, killing, pausing)
}

func TestTortureSentinelTwoOfTwo(t *testing.T) {
	torture(t)
	f := redistest.StartFailover(t, 3, "--min-replicas-to-write", "2")
	failovers(t, f, 8, 2, handingOver, killing, pausing)
}

// fault is how a master is ended, and what brings the server back.
type fault struct {
	name      string
	end, back func(*redistest.Failover, *redistest.Server)
}

var (
	killing = fault{"killed",
		func(_ *redistest.Failover, master *redistest.Server) { master.Kill() },
		func(_ *redistest.Failover, old *redistest.Server) { old.Restart() }}
	pausing = fault{"stopped until it is replaced",
		func(_ *redistest.Failover, master *redistest.Server) { master.Pause() },
		func(_ *redistest.Failover, old *redistest.Server) { old.Resume() }}
	handingOver = fault{"replaced by command",
		func(f *redistest.Failover, _ *redistest.Server) {
			f.Sentinels[0].Do("SENTINEL", "FAILOVER", redistest.MasterName)
		},
		func(*redistest.Failover, *redistest.Server) {}}
)

// failovers ends the master that many times, by the faults in turn. With replicas
// to spare the appends have to go on before the former master is back.
func failovers(t *testing.T, f *redistest.Failover, times, wait int, faults ...fault) {
	chance := seeded(t)
	h := journaltest.NewHistory(theLog)
	c := musterAt(t, f.URL(), waitingFor(wait), h.WrapDurable)
	c.more(50)
	spare := len(f.Servers)-1 > wait
	var pauses []time.Duration
	for n := range times {
		old, by := f.Whole(), faults[n%len(faults)]
		c.more(10 + chance.IntN(40))
		by.end(f, old)
		f.Promoted(old)
		began := time.Now()
		if spare {
			c.more(20)
			pauses = append(pauses, time.Since(began))
		}
		by.back(f, old)
		c.more(20)
		if !spare {
			pauses = append(pauses, time.Since(began))
		}
		t.Logf("%s: %v from the promotion to the 20th append", by.name, pauses[n].Round(time.Millisecond))
	}
	f.Whole()
	j := openTest(t, f.URL(), waitingFor(wait))
	c.rest(j)
	checkHistory(t, h, j)
	t.Logf("%d failovers of %d servers, of whose %d replicas %d were waited for", times, len(f.Servers), len(f.Servers)-1, wait)
}

func TestTortureMasterCutOff(t *testing.T) {
	torture(t)
	for range 3 {
		cutOff(t, 8*time.Second)
	}
}

func TestMasterCutOff(t *testing.T) {
	t.Parallel()
	cutOff(t, 3*time.Second)
}

// cutOff parts the master from its replicas and from the Sentinels, but not from
// the appenders: half of them know no other Redis than this master. While it
// lasts another master is named, so there are two.
func cutOff(t *testing.T, lasting time.Duration) {
	f := redistest.StartFronted(t, 3)
	old := f.Whole()
	real := make(map[string]string)
	for _, s := range f.Servers {
		real[s.Front().Addr] = s.Addr
	}
	options := waitingFor(1)
	options.dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if to, ok := real[addr]; ok {
			addr = to
		}
		return (&net.Dialer{Timeout: dialTime}).DialContext(ctx, network, addr)
	}
	h := journaltest.NewHistory(theLog)
	var journals []journal.Journal
	for i := range crewSize {
		url := f.URL()
		if i%2 == 0 {
			url = old.URL
		}
		journals = append(journals, h.WrapDurable(openTest(t, url, options), i))
	}
	c := muster(t, journals...)
	c.more(60)
	old.Front().BlackHole()
	healed := time.After(lasting)
	f.Promoted(old)
	pause := c.more(20)
	<-healed
	before := c.promises()
	old.Front().Heal()
	f.Whole()
	c.more(20)
	j := openTest(t, f.URL(), options)
	c.rest(j)
	checkHistory(t, h, j)
	t.Logf("cut off for %v at least; the 20th append on the new master was acknowledged %v after its promotion; %d by the healing", lasting, pause, before)
}

// A Sentinel that has stopped answering is left for another one; and while none
// can be asked, nothing was written.
func TestHungSentinel(t *testing.T) {
	t.Parallel()
	master := redistest.Start(t)
	host, port, err := net.SplitHostPort(master.Addr)
	if err != nil {
		t.Fatal(err)
	}
	monitor := []string{"--sentinel", "monitor", "mymaster", host, port, "1"}
	sentinels := []*redistest.Server{redistest.StartSentinel(t, nil, monitor...), redistest.StartSentinel(t, nil, monitor...)}
	j := openTest(t, "redis+sentinel://"+sentinels[0].Addr+","+sentinels[1].Addr+"/mymaster?client_name=who-asks", Options{})
	at := mustAppend(t, j, journal.Genesis(theLog, 1), "first")
	asked, other := sentinels[0], sentinels[1]
	if list, _ := other.Do("CLIENT", "LIST").(string); strings.Contains(list, "name=who-asks") {
		asked, other = other, asked
	}
	asked.Pause()
	master.Do("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
	began := time.Now()
	at, err = appendThrough(t.Context(), j, at, "second")
	if took := time.Since(began); err != nil || took > 2*findTime {
		t.Errorf("with its Sentinel hung: %v after %v, want it within %v", err, took, 2*findTime)
	}
	t.Logf("appended %v after its connections and its Sentinel were lost", time.Since(began).Round(time.Millisecond))
	other.Kill()
	asked.Kill()
	master.Do("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
	batch, _ := one(at, "third")
	until(t, "the broken connections to be gone", func() bool {
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
