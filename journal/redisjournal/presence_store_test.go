package redisjournal

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
)

func mustTell(t *testing.T, b *PresenceStore, log journal.LogID, node, said string, ttl time.Duration) {
	t.Helper()
	if err := b.Put(t.Context(), log, node, []byte(said), ttl); err != nil {
		t.Fatalf("Tell(%q, %q): %v", log, node, err)
	}
}

func wantHeard(t *testing.T, b *PresenceStore, log journal.LogID, want map[string]string) {
	t.Helper()
	heard, err := b.List(t.Context(), log)
	if err != nil {
		t.Fatalf("Hear(%q): %v", log, err)
	}
	got := make(map[string]string)
	for node, said := range heard {
		got[node] = string(said)
	}
	if !maps.Equal(got, want) {
		t.Errorf("Hear(%q) = %v, want %v", log, got, want)
	}
}

// aofSize answers how long Redis's append-only file is.
func aofSize(t *testing.T, j *Journal) string {
	t.Helper()
	info, err := j.client.Info(t.Context(), "persistence").Result()
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut(info, "aof_current_size:")
	if !ok {
		t.Fatal("Redis does not tell the size of its append-only file")
	}
	size, _, _ := strings.Cut(after, "\r\n")
	return size
}

func TestBeacon(t *testing.T) {
	server := redistest.Start(t)
	j := openTest(t, server.URL, Options{})
	a, b := j.PresenceStore(), openTest(t, server.URL, Options{}).PresenceStore()
	wantHeard(t, a, theLog, map[string]string{})
	mustTell(t, a, theLog, "a", "first", time.Minute)
	mustTell(t, a, theLog, "a", "second \x00\xff", time.Minute)
	mustTell(t, b, theLog, "b", "", time.Minute)
	mustTell(t, b, "autumn-forum", "b", "elsewhere", time.Minute)
	wantHeard(t, a, theLog, map[string]string{"b": ""})
	wantHeard(t, b, theLog, map[string]string{"a": "second \x00\xff"})
	wantHeard(t, a, "autumn-forum", map[string]string{"b": "elsewhere"})
	before := aofSize(t, j)
	mustTell(t, b, theLog, "b", strings.Repeat("x", 10_000), time.Minute)
	if after := aofSize(t, j); after != before {
		t.Errorf("the append-only file grew from %s to %s bytes by what nodes say", before, after)
	}
}

// What a node says is gone when its time is over, though others go on telling;
// when all have fallen silent, nothing is left in Redis.
func TestBeaconExpires(t *testing.T) {
	j := openTest(t, redistest.Start(t).URL, Options{})
	a, b := j.PresenceStore(), j.PresenceStore()
	mustTell(t, a, theLog, "a", "long", 2*time.Second)
	mustTell(t, b, theLog, "b", "short", 30*time.Millisecond)
	until(t, "b's word to be over, though nobody tells anything", func() bool {
		heard, err := a.List(t.Context(), theLog)
		return err == nil && len(heard) == 0
	})
	if nodes, err := j.client.HKeys(t.Context(), j.key(theLog, "said")).Result(); err != nil || len(nodes) != 2 {
		t.Fatalf("Redis holds the words of %v (%v); those of a and b were to be there still", nodes, err)
	}
	until(t, "b to be forgotten", func() bool {
		mustTell(t, a, theLog, "a", "long", 500*time.Millisecond)
		nodes, err := j.client.HKeys(t.Context(), j.key(theLog, "said")).Result()
		return err == nil && slices.Equal(nodes, []string{"a"})
	})
	until(t, "the keys to expire", func() bool {
		n, err := j.client.DBSize(t.Context()).Result()
		return err == nil && n == 0
	})
}

func TestBeaconIsBounded(t *testing.T) {
	j := openTest(t, redistest.Start(t).URL, Options{})
	b := j.PresenceStore()
	if err := b.Put(t.Context(), "no log", "a", nil, time.Second); !errors.Is(err, journal.ErrMalformed) {
		t.Errorf("a bad log: %v, want ErrMalformed", err)
	}
	if err := b.Put(t.Context(), theLog, "a", nil, 0); !errors.Is(err, errNoExpiry) {
		t.Errorf("no expiry: %v, want it refused", err)
	}
	for name, said := range map[string]int{"": 1, strings.Repeat("n", maxNode+1): 1, "a": MaxSaid + 1} {
		if err := b.Put(t.Context(), theLog, name, make([]byte, said), time.Minute); !errors.Is(err, ErrTooMuch) {
			t.Errorf("a name of %d bytes with %d bytes: %v, want ErrTooMuch", len(name), said, err)
		}
	}
	large := string(bytes.Repeat([]byte("x"), MaxSaid))
	for n := range 10 {
		mustTell(t, b, theLog, "large-"+strconv.Itoa(n), large, time.Minute)
	}
	if heard, err := b.List(t.Context(), theLog); err != nil || len(heard) != maxHeard/MaxSaid {
		t.Errorf("heard %d large ones (%v), want %d", len(heard), err, maxHeard/MaxSaid)
	}
	for n := range maxNodes {
		mustTell(t, b, "autumn-forum", fmt.Sprint("node-", n), "here", time.Minute)
	}
	if err := b.Put(t.Context(), "autumn-forum", "one more", nil, time.Minute); !errors.Is(err, ErrTooMany) {
		t.Errorf("node %d: %v, want ErrTooMany", maxNodes+1, err)
	}
	mustTell(t, b, "autumn-forum", "node-7", "still here", time.Minute)
}

func TestBeaconWhileAway(t *testing.T) {
	server := redistest.Start(t)
	b := openTest(t, server.URL, Options{}).PresenceStore()
	server.Kill()
	if err := b.Put(t.Context(), theLog, "a", nil, time.Minute); !errors.Is(err, journal.ErrUnavailable) {
		t.Errorf("Tell: %v, want ErrUnavailable", err)
	}
	if _, err := b.List(t.Context(), theLog); !errors.Is(err, journal.ErrUnavailable) {
		t.Errorf("Hear: %v, want ErrUnavailable", err)
	}
}

// until waits for done to answer yes.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	timeout := time.After(patience)
	for !done() {
		select {
		case <-again.C:
		case <-timeout:
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}
