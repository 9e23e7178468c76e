package limit

import (
	"fmt"
	"net/netip"
	"strconv"
	"testing"
	"time"
)

// testLimiter returns a limiter whose clock shows *now.
func testLimiter(r Rate) (l *Limiter, now *time.Time) {
	start := time.Date(2026, 11, 24, 13, 18, 0, 0, time.UTC)
	return NewLimiter(r, func() time.Time { return start }), &start
}

func TestLimiter_AllowsItsBurstAndNoMore(t *testing.T) {
	l, now := testLimiter(Rate{PerSecond: 2, Burst: 5})
	start := *now
	for i := range 5 {
		if _, ok := l.Allow("a"); !ok {
			t.Fatalf("number %d of the burst is refused", i+1)
		}
	}
	wait, ok := l.Allow("a")
	if ok || wait != 500*time.Millisecond {
		t.Fatalf("after the burst: %v, wait %v", ok, wait)
	}
	if _, ok := l.Allow("b"); !ok {
		t.Error("another key pays for the first")
	}
	*now = start.Add(wait - time.Millisecond)
	if _, ok := l.Allow("a"); ok {
		t.Error("allowed before the wait is over")
	}
	*now = start.Add(wait)
	if _, ok := l.Allow("a"); !ok {
		t.Error("refused after the wait")
	}
}

func TestLimiter_ClockSetBackRefillsNothing(t *testing.T) {
	l, now := testLimiter(Rate{PerSecond: 2, Burst: 5})
	for range 5 {
		l.Allow("a")
	}
	*now = now.Add(-time.Hour)
	if wait, ok := l.Allow("a"); ok || wait != 500*time.Millisecond {
		t.Errorf("an hour earlier: %v, wait %v", ok, wait)
	}
}

func TestLimiter_FullForgetsTheLongestIdle(t *testing.T) {
	l, _ := testLimiter(Rate{PerSecond: 1, Burst: 1})
	for i := range maxKeys {
		l.Allow(fmt.Sprint(i))
	}
	l.Allow("0") // used again, so not the longest idle
	for i := range 100 {
		l.Allow(fmt.Sprint("more ", i))
	}
	if len(l.keys) != maxKeys || l.idle.Len() != maxKeys {
		t.Fatalf("%d keys and %d in the list, want %d", len(l.keys), l.idle.Len(), maxKeys)
	}
	if _, ok := l.Allow("0"); ok {
		t.Error("the one in use was forgotten")
	}
	if _, ok := l.Allow("1"); !ok {
		t.Error("the longest idle was kept")
	}
}

func TestAddressKey(t *testing.T) {
	for ip, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := AddressKey(netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s: %s, want %s", ip, got, want)
		}
	}
	if got := AddressKey(netip.Addr{}); got == "" {
		t.Error("an unknown address has no key")
	}
}

func TestLimiter_ForgetsKeysWhoseBucketIsFullAgain(t *testing.T) {
	l, now := testLimiter(Rate{PerSecond: 1, Burst: 3})
	for i := range 50 {
		l.Allow(strconv.Itoa(i))
	}
	for range 2 {
		l.Allow("busy")
	}
	*now = now.Add(2 * time.Second)
	l.Allow("busy")
	if len(l.keys) != 51 {
		t.Errorf("%d are remembered, and none was idle for long enough", len(l.keys))
	}
	for range 60 {
		*now = now.Add(time.Second / 20)
		l.Allow("busy")
	}
	if len(l.keys) != 1 || l.idle.Len() != 1 {
		t.Errorf("%d are remembered", len(l.keys))
	}
}
