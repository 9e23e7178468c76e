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

func mustPut(t *testing.T, b *PresenceStore, log journal.LogID, node, presence string, ttl time.Duration) {
	t.Helper()
	if err := b.Put(t.Context(), log, node, []byte(presence), ttl); err != nil {
		t.Fatalf("Put(%q, %q): %v", log, node, err)
	}
}

func wantPresence(t *testing.T, b *PresenceStore, log journal.LogID, want map[string]string) {
	t.Helper()
	list, err := b.List(t.Context(), log)
	if err != nil {
		t.Fatalf("List(%q): %v", log, err)
	}
	got := make(map[string]string)
	for node, presence := range list {
		got[node] = string(presence)
	}
	if !maps.Equal(got, want) {
		t.Errorf("List(%q) = %v, want %v", log, got, want)
	}
}

// aofSize returns the size of Redis's append-only file.
func aofSize(t *testing.T, j *Journal) string {
	t.Helper()
	info, err := j.client.Info(t.Context(), "persistence").Result()
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut(info, "aof_current_size:")
	if !ok {
		t.Fatal("Redis does not report the size of its append-only file")
	}
	size, _, _ := strings.Cut(after, "\r\n")
	return size
}

func TestPresenceStore_ListsTheOtherNodes(t *testing.T) {
	server := redistest.Start(t)
	j := openTest(t, server.URL, Options{})
	a, b := j.PresenceStore(), openTest(t, server.URL, Options{}).PresenceStore()
	wantPresence(t, a, theLog, map[string]string{})
	mustPut(t, a, theLog, "a", "first", time.Minute)
	mustPut(t, a, theLog, "a", "second \x00\xff", time.Minute)
	mustPut(t, b, theLog, "b", "", time.Minute)
	mustPut(t, b, "autumn-forum", "b", "elsewhere", time.Minute)
	wantPresence(t, a, theLog, map[string]string{"b": ""})
	wantPresence(t, b, theLog, map[string]string{"a": "second \x00\xff"})
	wantPresence(t, a, "autumn-forum", map[string]string{"b": "elsewhere"})
	before := aofSize(t, j)
	mustPut(t, b, theLog, "b", strings.Repeat("x", 10_000), time.Minute)
	if after := aofSize(t, j); after != before {
		t.Errorf("the append-only file grew from %s to %s bytes by presence", before, after)
	}
}

// The presence of a node expires while others put theirs; after the last one has expired
// nothing is left in Redis.
func TestPresenceStore_Expires(t *testing.T) {
	j := openTest(t, redistest.Start(t).URL, Options{})
	a, b := j.PresenceStore(), j.PresenceStore()
	mustPut(t, a, theLog, "a", "long", 2*time.Second)
	mustPut(t, b, theLog, "b", "short", 30*time.Millisecond)
	until(t, "the presence of b to expire without another Put", func() bool {
		list, err := a.List(t.Context(), theLog)
		return err == nil && len(list) == 0
	})
	if nodes, err := j.client.HKeys(t.Context(), j.key(theLog, "said")).Result(); err != nil || len(nodes) != 2 {
		t.Fatalf("Redis has the presence of %v (%v), want that of a and b", nodes, err)
	}
	until(t, "the presence of b to be removed", func() bool {
		mustPut(t, a, theLog, "a", "long", 500*time.Millisecond)
		nodes, err := j.client.HKeys(t.Context(), j.key(theLog, "said")).Result()
		return err == nil && slices.Equal(nodes, []string{"a"})
	})
	until(t, "the keys to expire", func() bool {
		n, err := j.client.DBSize(t.Context()).Result()
		return err == nil && n == 0
	})
}

func TestPresenceStore_IsBounded(t *testing.T) {
	j := openTest(t, redistest.Start(t).URL, Options{})
	b := j.PresenceStore()
	if err := b.Put(t.Context(), "no log", "a", nil, time.Second); !errors.Is(err, journal.ErrMalformed) {
		t.Errorf("a bad log: %v, want ErrMalformed", err)
	}
	if err := b.Put(t.Context(), theLog, "a", nil, 0); !errors.Is(err, errNoExpiry) {
		t.Errorf("no expiry: %v, want it refused", err)
	}
	for name, size := range map[string]int{"": 1, strings.Repeat("n", maxNodeName+1): 1, "a": MaxPresence + 1} {
		if err := b.Put(t.Context(), theLog, name, make([]byte, size), time.Minute); !errors.Is(err, ErrTooLarge) {
			t.Errorf("a name of %d bytes with %d bytes: %v, want ErrTooMuch", len(name), size, err)
		}
	}
	large := string(bytes.Repeat([]byte("x"), MaxPresence))
	for n := range 10 {
		mustPut(t, b, theLog, "large-"+strconv.Itoa(n), large, time.Minute)
	}
	if list, err := b.List(t.Context(), theLog); err != nil || len(list) != maxListBytes/MaxPresence {
		t.Errorf("%d large ones are listed (%v), want %d", len(list), err, maxListBytes/MaxPresence)
	}
	for n := range maxNodes {
		mustPut(t, b, "autumn-forum", fmt.Sprint("node-", n), "here", time.Minute)
	}
	if err := b.Put(t.Context(), "autumn-forum", "one more", nil, time.Minute); !errors.Is(err, ErrTooManyNodes) {
		t.Errorf("node %d: %v, want ErrTooMany", maxNodes+1, err)
	}
	mustPut(t, b, "autumn-forum", "node-7", "still here", time.Minute)
}

func TestPresenceStore_WhileRedisIsUnreachable(t *testing.T) {
	server := redistest.Start(t)
	b := openTest(t, server.URL, Options{}).PresenceStore()
	server.Kill()
	if err := b.Put(t.Context(), theLog, "a", nil, time.Minute); !errors.Is(err, journal.ErrUnavailable) {
		t.Errorf("Put: %v, want ErrUnavailable", err)
	}
	if _, err := b.List(t.Context(), theLog); !errors.Is(err, journal.ErrUnavailable) {
		t.Errorf("List: %v, want ErrUnavailable", err)
	}
}

// until waits until done returns true.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	timeout := time.After(waitTimeout)
	for !done() {
		select {
		case <-again.C:
		case <-timeout:
			t.Fatalf("waited %v for %s", waitTimeout, what)
		}
	}
}
