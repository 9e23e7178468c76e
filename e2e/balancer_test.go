package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// doors are the ways by which clients reach an instance: they take any address
// that answers, as a list of nodes or a name with several addresses lets them.
// It counts how connections ended.
type doors struct {
	http   *http.Client
	dialer *websocket.Dialer
	log    *slog.Logger
	ends   *endings
	jitter func() float64 // of the pauses before they come again; nil: the client's own
}

// newDoors answers the ways to some addresses, tried in random order.
func newDoors(addrs ...string) *doors {
	d := &doors{ends: &endings{}}
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		var failed []error
		for _, i := range rand.Perm(len(addrs)) {
			conn, err := (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, network, addrs[i])
			if err == nil {
				return conn, nil
			}
			failed = append(failed, err)
		}
		return nil, errors.Join(failed...)
	}
	d.http = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
	d.dialer = &websocket.Dialer{
		NetDialContext: dial, HandshakeTimeout: 6 * time.Second,
		ReadBufferSize: 1024, WriteBufferSize: 1024, WriteBufferPool: &sync.Pool{},
	}
	d.log = slog.New(d.ends)
	return d
}

// endings is a log that counts what clients do about the ends of connections:
// the close code 1012 alone is answered with "soon".
type endings struct {
	soon, later, all atomic.Int64
	left             atomic.Int64 // by the test's own will

	mu   sync.Mutex     // guards what follows
	whys map[string]int // how often connections ended for which reason, without addresses
}

// Enabled implements slog.Handler.
func (e *endings) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements slog.Handler.
func (e *endings) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "err" {
			e.note(a.Value.String())
		}
		if a.Key != "come" {
			return true
		}
		e.all.Add(1)
		switch a.Value.String() {
		case "soon":
			e.soon.Add(1)
		case "later":
			e.later.Add(1)
		}
		return true
	})
	return nil
}

// addresses match what makes the same reason look like many.
var addresses = regexp.MustCompile(`\d+\.\d+\.\d+\.\d+:\d+`)

func (e *endings) note(why string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.whys == nil {
		e.whys = map[string]int{}
	}
	if why = addresses.ReplaceAllString(why, "…"); len(e.whys) < 100 || e.whys[why] > 0 {
		e.whys[why]++
	}
}

// String tells why connections ended.
func (e *endings) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var b strings.Builder
	for _, why := range slices.Sorted(maps.Keys(e.whys)) {
		fmt.Fprintf(&b, "%d × %s; ", e.whys[why], why)
	}
	return b.String()
}

// WithAttrs implements slog.Handler.
func (e *endings) WithAttrs([]slog.Attr) slog.Handler { return e }

// WithGroup implements slog.Handler.
func (e *endings) WithGroup(string) slog.Handler { return e }

// seeded prints the seed of a test's random choices, which MATCHFLOOR_SEED gives
// again.
func seeded(t *testing.T) uint64 {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv("MATCHFLOOR_SEED"); text != "" {
		given, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("MATCHFLOOR_SEED: %v", err)
		}
		seed = given
	}
	t.Logf("seed %d", seed)
	return seed
}

// chance answers random choices that a seed and a number for their purpose fix.
func chance(seed, purpose uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, purpose)) }

// lasting waits for d, or answers false when ctx has ended before.
func lasting(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// upTo answers a random time below most.
func upTo(rng *rand.Rand, most time.Duration) time.Duration {
	return time.Duration(rng.Int64N(int64(most)))
}
