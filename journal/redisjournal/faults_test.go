package redisjournal

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/journaltest"
	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
)

func TestAppend_AcknowledgedRecordsSurviveAKill(t *testing.T) { killRedis(t, 4) }

func TestTortureAppend_AcknowledgedRecordsSurviveAKill(t *testing.T) {
	torture(t)
	killRedis(t, 50)
}

func TestAppend_IsNotRepeatedAfterALostReply(t *testing.T) { cutReplies(t, 100) }

func TestTortureAppend_IsNotRepeatedAfterALostReply(t *testing.T) {
	torture(t)
	cutReplies(t, 1000)
}

// killRedis kills a Redis and starts it again the given number of times, during appends.
func killRedis(t *testing.T, times int) {
	rng := newRand(t)
	server := redistest.Start(t)
	h := journaltest.NewHistory(theLog)
	c := startAppendersAt(t, server.URL, Options{}, h.Wrap)
	for range times {
		c.waitAcknowledged(10 + rng.IntN(60))
		server.Kill()
		c.waitAppends(rng.IntN(10))
		server.Restart()
	}
	c.waitAcknowledged(20)
	j := openTest(t, server.URL, Options{})
	c.stopAndCheck(j)
	checkHistory(t, h, j)
	t.Logf("%d kills", times)
}

// cutReplies loses the replies of appends. The library must not send an append again by itself;
// the caller sends it again, and it is stored once.
func cutReplies(t *testing.T, appends int) {
	server := redistest.Start(t)
	proxy := redistest.StartProxy(t, server.Addr)
	proxy.Add("cutting", "cutting", "downstream", "")
	j := openTest(t, "redis://"+proxy.Addr, Options{})
	at := mustAppend(t, j, journal.Genesis(theLog, 1), "caches the script")
	if _, err := j.CheckHead(t.Context(), theLog, at); err != nil { // caches the other script
		t.Fatal(err)
	}
	before := scriptCalls(t, server)
	for n := range appends {
		// New connections are made before the reply is cut.
		if _, err := j.CheckHead(t.Context(), theLog, at); err != nil {
			t.Fatal(err)
		}
		batch, end := oneRecord(at, fmt.Sprint("key-", n))
		cut.Store(true)
		if r, err := j.Append(t.Context(), theLog, at, batch, time.Time{}); !errors.Is(err, journal.ErrUnknown) {
			t.Fatalf("append %d with its reply cut: %+v, %v, want ErrUnknown", n, r, err)
		}
		if r, err := j.Append(t.Context(), theLog, at, batch, time.Time{}); err != nil || r.Outcome != journal.AlreadyKnown || r.Head != end {
			t.Fatalf("append %d again: %+v, %v, want AlreadyKnown", n, r, err)
		}
		at = end
	}
	if ran := scriptCalls(t, server) - before; ran != 3*appends {
		t.Errorf("%d scripts were run for %d calls: the library has sent some again", ran, 3*appends)
	}
	all, err := journal.NewCursor(theLog, journal.Genesis(theLog, 1)).CatchUp(t.Context(), j)
	if err != nil || len(all) != 1+appends {
		t.Errorf("%d records (%v), want %d", len(all), err, 1+appends)
	}
	t.Logf("%d appends with a lost reply: %d records after the first", appends, len(all)-1)
}

// scriptCalls returns how many times a Redis was asked to run a script by its digest.
func scriptCalls(t *testing.T, server *redistest.Server) (calls int) {
	t.Helper()
	text, _ := server.Do("INFO", "commandstats").(string)
	_, after, _ := strings.Cut(text, "cmdstat_evalsha:")
	if _, err := fmt.Sscanf(after, "calls=%d,", &calls); err != nil {
		t.Fatalf("Redis's count of scripts: %v", err)
	}
	return calls
}

// A former master, or a master without its replicas, returns nothing that the new master could
// contradict: no duplicate, no conflict and no confirmed head.
func TestFormerMaster_ReturnsNoResult(t *testing.T) {
	server, master := redistest.Start(t), redistest.Start(t)
	j := openTest(t, server.URL, Options{})
	first := mustAppend(t, j, journal.Genesis(theLog, 1), "first")
	at := mustAppend(t, j, first, "second")
	calls := func() map[string]error {
		errs := make(map[string]error)
		known, _ := oneRecord(first, "second")
		errs["a duplicate key"] = j.appendErr(t, first, known)
		late, _ := oneRecord(first, "other")
		errs["a conflict"] = j.appendErr(t, first, late)
		next, _ := oneRecord(at, "third")
		errs["an append"] = j.appendErr(t, at, next)
		_, errs["CheckHead"] = j.CheckHead(t.Context(), theLog, at)
		_, errs["CheckHead elsewhere"] = j.CheckHead(t.Context(), theLog, first)
		_, errs["Replace"] = j.replaceStaged(t.Context(), theLog, at, nil, journal.Genesis(theLog, 2))
		return errs
	}
	wantUnavailable := func(when string) {
		t.Helper()
		for call, err := range calls() {
			if !errors.Is(err, journal.ErrUnavailable) {
				t.Errorf("%s: %s: %v, want ErrUnavailable", when, call, err)
			}
		}
	}
	server.Do("CONFIG", "SET", "min-replicas-to-write", "1")
	wantUnavailable("without a replica")
	if _, err := j.Read(t.Context(), theLog, 0, 10); err != nil {
		t.Errorf("without a replica: Read: %v; clients must be able to read", err)
	}
	server.Do("CONFIG", "SET", "min-replicas-to-write", "0")
	host, port, _ := strings.Cut(master.Addr, ":")
	master.Pause() // so that the former master keeps its data
	server.Do("REPLICAOF", host, port)
	wantUnavailable("demoted")
	if page, err := j.Read(t.Context(), theLog, 0, 10); !errors.Is(err, journal.ErrUnavailable) {
		t.Errorf("demoted: Read: %+v, %v, want ErrUnavailable", page, err)
	}
	server.Do("REPLICAOF", "NO", "ONE")
	master.Resume()
}

func TestRefusals_AreUnavailable(t *testing.T) {
	server := redistest.Start(t, "--cluster-enabled", "yes")
	j := openTest(t, "redis+cluster://"+server.Addr, Options{})
	single := openTest(t, server.URL, Options{})
	batch, _ := oneRecord(journal.Genesis(theLog, 1), "first")
	wantRefused := func(prefix string, j *Journal) {
		t.Helper()
		err := j.appendErr(t, journal.Genesis(theLog, 1), batch)
		if !errors.Is(err, journal.ErrUnavailable) || errors.Is(err, journal.ErrUnknown) {
			t.Errorf("%s: %v, want ErrUnavailable", prefix, err)
		}
		if prefix != "" && !strings.Contains(err.Error(), prefix) {
			t.Errorf("%v; want it to contain %s", err, prefix)
		}
	}
	wantRefused("", j) // a cluster without slots
	wantRefused("CLUSTERDOWN", single)
	server.Do("CLUSTER", "ADDSLOTSRANGE", 0, redistest.Slots-1)
	until(t, "a cluster of one", func() bool {
		answer, err := server.Try("CLUSTER", "INFO")
		return err == nil && strings.Contains(answer.(string), "cluster_state:ok")
	})
	plain := redistest.Start(t)
	plain.Do("CONFIG", "SET", "requirepass", "secret")
	wantRefused("", openTest(t, plain.URL, Options{}))
	wantRefused("WRONGPASS", openTest(t, strings.Replace(plain.URL, "://", "://:wrong@", 1), Options{}))
}

// A Redis that does not answer blocks a call no longer than the time-out, and the outcome is
// unknown.
func TestAppend_IntoABlackHoleIsUnknown(t *testing.T) {
	server := redistest.Start(t)
	proxy := redistest.StartProxy(t, server.Addr)
	j := openTest(t, "redis://"+proxy.Addr, Options{})
	at := mustAppend(t, j, journal.Genesis(theLog, 1), "first")
	batch, end := oneRecord(at, "second")
	proxy.BlackHole()
	start := time.Now()
	err := j.appendErr(t, at, batch)
	if took := time.Since(start); !errors.Is(err, journal.ErrUnknown) || took > 2*replyTimeout {
		t.Errorf("Append into a black hole: %v after %v, want ErrUnknown within %v", err, took, replyTimeout)
	}
	proxy.Heal()
	if r, err := j.Append(t.Context(), theLog, at, batch, time.Time{}); err != nil || r.Outcome != journal.Appended || r.Head != end {
		t.Errorf("Append afterwards: %+v, %v", r, err)
	}
	proxy.Cut()
	if err := j.appendErr(t, end, batch); !errors.Is(err, journal.ErrMalformed) {
		t.Errorf("a batch that does not follow: %v, want ErrMalformed without asking Redis", err)
	}
	next, _ := oneRecord(end, "third")
	until(t, "a refusal", func() bool { return errors.Is(j.appendErr(t, end, next), journal.ErrUnavailable) })
	proxy.Mend()
	if _, err := appendUntilStored(t.Context(), j, end, "third"); err != nil {
		t.Error(err)
	}
}
