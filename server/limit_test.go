package server

import (
	"fmt"
	"net/netip"
	"strconv"
	"testing"
	"time"
)

func TestLimiterTakesItsBurstAndNoMore(t *testing.T) {
	l := newLimiter(pace{PerSecond: 2, Burst: 5})
	now := testNow
	for i := range 5 {
		if _, ok := l.allow("a", now); !ok {
			t.Fatalf("number %d of the burst is refused", i+1)
		}
	}
	wait, ok := l.allow("a", now)
	if ok || wait != 500*time.Millisecond {
		t.Fatalf("after the burst: %v, wait %v", ok, wait)
	}
	if _, ok := l.allow("b", now); !ok {
		t.Error("another key pays for the first")
	}
	if _, ok := l.allow("a", now.Add(wait-time.Millisecond)); ok {
		t.Error("taken before the wait is over")
	}
	if _, ok := l.allow("a", now.Add(wait)); !ok {
		t.Error("refused after the wait")
	}
}

func TestLimiterForgetsTheLongestIdle(t *testing.T) {
	l := newLimiter(pace{PerSecond: 1, Burst: 1})
	for i := range maxPaced {
		l.allow(fmt.Sprint(i), testNow)
	}
	l.allow("0", testNow) // used again, so not the longest idle
	for i := range 100 {
		l.allow(fmt.Sprint("more ", i), testNow)
	}
	if len(l.keys) != maxPaced || l.idle.Len() != maxPaced {
		t.Fatalf("%d keys and %d in the list, want %d", len(l.keys), l.idle.Len(), maxPaced)
	}
	if _, ok := l.allow("0", testNow); ok {
		t.Error("the one in use was forgotten")
	}
	if _, ok := l.allow("1", testNow); !ok {
		t.Error("the longest idle was kept")
	}
}

func TestSlots(t *testing.T) {
	s := newSlots(3)
	first, full, many := s.take("a", 2)
	if first == nil || full || many {
		t.Fatal("the first is refused")
	}
	s.take("a", 2)
	if back, _, many := s.take("a", 2); back != nil || !many {
		t.Error("a third of the same key is taken")
	}
	s.take("b", 2)
	if back, full, _ := s.take("c", 2); back != nil || !full {
		t.Error("a fourth of all is taken")
	}
	first()
	if back, full, _ := s.take("c", 2); back == nil || full {
		t.Error("a slot that was given back is not there")
	}
	if s.taken() != 3 {
		t.Errorf("%d taken, want 3", s.taken())
	}
}

func TestAddressKey(t *testing.T) {
	for ip, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := addressKey(netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s: %s, want %s", ip, got, want)
		}
	}
	if got := addressKey(netip.Addr{}); got == "" {
		t.Error("an unknown address has no key")
	}
}

// A bucket that is full again is forgotten: a new one says the same.
func TestLimiterForgetsTheIdle(t *testing.T) {
	l, now := newLimiter(pace{PerSecond: 1, Burst: 3}), time.Now()
	for i := range 50 {
		l.allow(strconv.Itoa(i), now)
	}
	for range 2 {
		l.allow("busy", now)
	}
	now = now.Add(2 * time.Second)
	l.allow("busy", now)
	if len(l.keys) != 51 {
		t.Errorf("%d are remembered, and none was idle for long enough", len(l.keys))
	}
	for range 60 {
		now = now.Add(time.Second / 20)
		l.allow("busy", now)
	}
	if len(l.keys) != 1 || l.idle.Len() != 1 {
		t.Errorf("%d are remembered", len(l.keys))
	}
}
