package redisjournal

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
)

// codes returns the codes of findings.
func codes(found []journal.Finding) string {
	var all []string
	for _, f := range found {
		all = append(all, f.Code)
	}
	return strings.Join(all, " ")
}

// probed returns the codes of what Probe finds: of why Redis cannot be used, or of its
// settings.
func probed(t *testing.T, j *Journal) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	found, err := j.Probe(ctx)
	if f, ok := errors.AsType[*journal.Finding](err); ok {
		return f.Code
	}
	if err != nil {
		t.Errorf("Probe: %v", err)
	}
	return codes(found)
}

func TestProbe_ComparesTheReplicasWithThePromise(t *testing.T) {
	t.Parallel()
	c := redistest.StartFailover(t, 3)
	for promised, want := range map[int]string{0: losesOnFailure, 1: losesOnFailure, 2: "", 3: fewReplicas} {
		if got := probed(t, openTest(t, c.URL(), Options{WaitReplicas: promised})); got != want {
			t.Errorf("%d promised: %q, want %q", promised, got, want)
		}
	}
}

// A cluster has a finding for all of its masters once.
func TestProbe_LooksAtEachMasterOfACluster(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t, false)
	j := openTest(t, c.URL(), Options{})
	if got := probed(t, j); got != "" {
		t.Errorf("a cluster as documented: %q", got)
	}
	for _, s := range c.Servers[1:] {
		s.Do("CONFIG", "SET", "appendonly", "no")
	}
	if got := probed(t, j); got != noAppendOnly {
		t.Errorf("two masters without an append-only file: %q", got)
	}
}

func TestProbe_SaysThatAReplicaTakesNoChanges(t *testing.T) {
	t.Parallel()
	c := redistest.StartFailover(t, 2)
	for _, s := range c.Servers {
		_, err := openTest(t, s.URL, Options{}).Probe(t.Context())
		f, ok := errors.AsType[*journal.Finding](err)
		if replica := s != c.Master(); replica != (ok && f.Code == notReady && strings.Contains(f.Text, "name its master")) {
			t.Errorf("%s, a replica: %t: %v", s.URL, replica, err)
		}
	}
}

// WAIT is needed only where changes wait for replicas.
func TestProbe_MissesWaitOnlyWhereItIsUsed(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, "--rename-command", "WAIT", "")
	for replicas, want := range map[int]string{0: "", 1: missingCommand} {
		if got := probed(t, openTest(t, s.URL, Options{WaitReplicas: replicas})); got != want {
			t.Errorf("%d replicas: %q, want %q", replicas, got, want)
		}
	}
}

func TestProbe_SaysWhyRedisCannotBeUsed(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	s.Do("ACL", "SETUSER", "poor", "on", "nopass", "allchannels", "allkeys", "+@all", "-evalsha", "-eval")
	s.Do("ACL", "SETUSER", "default", "-info")
	replica := redistest.Start(t, "--replicaof", "127.0.0.1", "1")
	for url, want := range map[string]string{
		"redis://poor:x@" + s.Addr: missingRight,
		s.URL:                      unchecked,
		replica.URL:                notReady,
	} {
		if got := probed(t, openTest(t, url, Options{})); got != want {
			t.Errorf("%s: %q, want %q", url, got, want)
		}
	}
	s.Pause()
	defer s.Resume()
	if got := probed(t, openTest(t, s.URL, Options{})); got != noAnswer {
		t.Errorf("paused: %q", got)
	}
}

// An append to a Redis without a command that it needs writes nothing, and says so. What
// Redis repeats of an unknown command is in no error, because it may be a password.
func TestAppend_WithoutACommandIsUnavailable(t *testing.T) {
	t.Parallel()
	for _, settings := range [][]string{
		{"--rename-command", "EVALSHA", ""},
		{"--rename-command", "XADD", ""},
		{"--rename-command", "AUTH", "", "--rename-command", "HELLO", ""},
	} {
		s := redistest.Start(t, settings...)
		at := journal.Genesis(theLog, 1)
		batch, _ := oneRecord(at, "never")
		err := openTest(t, "redis://:s3cret@"+s.Addr, Options{}).appendErr(t, at, batch)
		if !errors.Is(err, journal.ErrUnavailable) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%v: %v", settings, err)
		}
	}
}
