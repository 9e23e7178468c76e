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

func TestKilledWhileAppending(t *testing.T) { killed(t, 4) }
func TestTortureKilledRedis(t *testing.T) {
	torture(t)
	killed(t, 50)
}
func TestCutReplies(t *testing.T) { cutReplies(t, 100) }
func TestTortureCutReplies(t *testing.T) {
	torture(t)
	cutReplies(t, 1000)
}

// killed kills a Redis and starts it again that many times, under appends.
func killed(t *testing.T, times int) {
	chance := seeded(t)
	server := redistest.Start(t)
	h := journaltest.NewHistory(theLog)
	c := musterAt(t, server.URL, Options{}, h.Wrap)
	for range times {
		c.more(10 + chance.IntN(60))
		server.Kill()
		c.tries(chance.IntN(10))
		server.Restart()
	}
	c.more(20)
	j := openTest(t, server.URL, Options{})
	c.rest(j)
	checkHistory(t, h, j)
	t.Logf("%d kills", times)
}

// An append whose answer is lost is not repeated behind the caller's back; sent
// again by the caller, it is there once.
func cutReplies(t *testing.T, appends int) {
	server := redistest.Start(t)
	proxy := redistest.StartProxy(t, server.Addr)
	proxy.Add("cutting", "cutting", "downstream", "")
	j := openTest(t, "redis://"+proxy.Addr, Options{})
	at := mustAppend(t, j, journal.Genesis(theLog, 1), "loads the script")
	if _, err := j.CheckHead(t.Context(), theLog, at); err != nil { // loads the other
		t.Fatal(err)
	}
	before := scripts(t, server)
	for n := range appends {
		// Whatever connects anew does so before the cut.
		if _, err := j.CheckHead(t.Context(), theLog, at); err != nil {
			t.Fatal(err)
		}
		batch, end := one(at, fmt.Sprint("key-", n))
		cut.Store(true)
		if r, err := j.Append(t.Context(), theLog, at, batch); !errors.Is(err, journal.ErrUnknown) {
			t.Fatalf("append %d with its reply cut: %+v, %v, want ErrUnknown", n, r, err)
		}
		if r, err := j.Append(t.Context(), theLog, at, batch); err != nil || r.Outcome != journal.AlreadyKnown || r.Head != end {
			t.Fatalf("append %d again: %+v, %v, want it known", n, r, err)
		}
		at = end
	}
	if ran := scripts(t, server) - before; ran != 3*appends {
		t.Errorf("%d scripts were run for %d calls: something sends again behind our back", ran, 3*appends)
	}
	all, err := journal.NewCursor(theLog, journal.Genesis(theLog, 1)).CatchUp(t.Context(), j)
	if err != nil || len(all) != 1+appends {
		t.Errorf("%d records (%v), want %d", len(all), err, 1+appends)
	}
	t.Logf("%d appends whose reply was cut: %d records beside the first", appends, len(all)-1)
}

// scripts answers how many scripts a Redis has been asked to run by their digest.
func scripts(t *testing.T, server *redistest.Server) (calls int) {
	t.Helper()
	text, _ := server.Do("INFO", "commandstats").(string)
	_, after, _ := strings.Cut(text, "cmdstat_evalsha:")
	if _, err := fmt.Sscanf(after, "calls=%d,", &calls); err != nil {
		t.Fatalf("Redis's count of scripts: %v", err)
	}
	return calls
}

// Whoever is no master any more, or cut off from the replicas, says nothing of
// the log that the master might deny: not that a key is known, nor that another
// was first, nor that a position is confirmed.
func TestFormerMasterIsSilent(t *testing.T) {
	server, master := redistest.Start(t), redistest.Start(t)
	j := openTest(t, server.URL, Options{})
	first := mustAppend(t, j, journal.Genesis(theLog, 1), "first")
	at := mustAppend(t, j, first, "second")
	calls := func() map[string]error {
		errs := make(map[string]error)
		known, _ := one(first, "second")
		errs["a known key"] = j.appendErr(t, first, known)
		late, _ := one(first, "other")
		errs["a conflict"] = j.appendErr(t, first, late)
		next, _ := one(at, "third")
		errs["an append"] = j.appendErr(t, at, next)
		_, errs["Confirm"] = j.CheckHead(t.Context(), theLog, at)
		_, errs["Confirm elsewhere"] = j.CheckHead(t.Context(), theLog, first)
		_, errs["Replace"] = j.swap(t.Context(), theLog, at, nil, journal.Genesis(theLog, 2))
		return errs
	}
	wantSilent := func(when string) {
		t.Helper()
		for call, err := range calls() {
			if !errors.Is(err, journal.ErrUnavailable) {
				t.Errorf("%s: %s: %v, want ErrUnavailable", when, call, err)
			}
		}
	}
	server.Do("CONFIG", "SET", "min-replicas-to-write", "1")
	wantSilent("without a replica")
	if _, err := j.Read(t.Context(), theLog, 0, 10); err != nil {
		t.Errorf("without a replica: Read: %v; screens have to read on", err)
	}
	server.Do("CONFIG", "SET", "min-replicas-to-write", "0")
	host, port, _ := strings.Cut(master.Addr, ":")
	master.Pause() // so that the former master keeps what it has
	server.Do("REPLICAOF", host, port)
	wantSilent("demoted")
	if page, err := j.Read(t.Context(), theLog, 0, 10); !errors.Is(err, journal.ErrUnavailable) {
		t.Errorf("demoted: Read: %+v, %v, want ErrUnavailable", page, err)
	}
	server.Do("REPLICAOF", "NO", "ONE")
	master.Resume()
}

// Each of Redis's refusals leaves nothing behind, and is told as such.
func TestRefusalsAreUnavailable(t *testing.T) {
	server := redistest.Start(t, "--cluster-enabled", "yes")
	j := openTest(t, "redis+cluster://"+server.Addr, Options{})
	single := openTest(t, server.URL, Options{})
	batch, _ := one(journal.Genesis(theLog, 1), "first")
	wantRefused := func(prefix string, j *Journal) {
		t.Helper()
		err := j.appendErr(t, journal.Genesis(theLog, 1), batch)
		if !errors.Is(err, journal.ErrUnavailable) || errors.Is(err, journal.ErrUnknown) {
			t.Errorf("%s: %v, want ErrUnavailable", prefix, err)
		}
		if prefix != "" && !strings.Contains(err.Error(), prefix) {
			t.Errorf("%v; want it to tell %s", err, prefix)
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

// A Redis that does not answer holds nobody longer than the call's deadline, and
// what became of the call is not known.
func TestBlackHole(t *testing.T) {
	server := redistest.Start(t)
	proxy := redistest.StartProxy(t, server.Addr)
	j := openTest(t, "redis://"+proxy.Addr, Options{})
	at := mustAppend(t, j, journal.Genesis(theLog, 1), "first")
	batch, end := one(at, "second")
	proxy.BlackHole()
	began := time.Now()
	err := j.appendErr(t, at, batch)
	if took := time.Since(began); !errors.Is(err, journal.ErrUnknown) || took > 2*replyTime {
		t.Errorf("Append into a black hole: %v after %v, want ErrUnknown within %v", err, took, replyTime)
	}
	proxy.Heal()
	if r, err := j.Append(t.Context(), theLog, at, batch); err != nil || r.Outcome != journal.Appended || r.Head != end {
		t.Errorf("Append afterwards: %+v, %v", r, err)
	}
	proxy.Cut()
	if err := j.appendErr(t, end, batch); !errors.Is(err, journal.ErrMalformed) {
		t.Errorf("a batch that does not follow: %v, want ErrMalformed without asking Redis", err)
	}
	next, _ := one(end, "third")
	until(t, "a refusal", func() bool { return errors.Is(j.appendErr(t, end, next), journal.ErrUnavailable) })
	proxy.Mend()
	if _, err := appendThrough(t.Context(), j, end, "third"); err != nil {
		t.Error(err)
	}
}
