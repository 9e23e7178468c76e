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

// clientBalancer are the ways by which clients reach an instance: they take any address
// that answers, as a list of nodes or a name with several addresses lets them.
// It counts how connections ended.
type clientBalancer struct {
	http        *http.Client
	dialer      *websocket.Dialer
	log         *slog.Logger
	disconnects *disconnectLog
	jitter      func() float64 // of the pauses before they come again; nil: the client's own
}

// newClientBalancer answers the ways to some addresses, tried in random order.
func newClientBalancer(addrs ...string) *clientBalancer {
	d := &clientBalancer{disconnects: &disconnectLog{}}
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
	d.log = slog.New(d.disconnects)
	return d
}

// disconnectLog is a log that counts what clients do about the ends of connections:
// the close code 1012 alone is answered with "soon".
type disconnectLog struct {
	soon, later, all atomic.Int64
	closedByTest     atomic.Int64 // by the test's own will

	mu      sync.Mutex     // guards what follows
	reasons map[string]int // how often connections ended for which reason, without addresses
}

// Enabled implements slog.Handler.
func (e *disconnectLog) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements slog.Handler.
func (e *disconnectLog) Handle(_ context.Context, r slog.Record) error {
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

// addressPattern match what makes the same reason look like many.
var addressPattern = regexp.MustCompile(`\d+\.\d+\.\d+\.\d+:\d+`)

func (e *disconnectLog) note(why string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.reasons == nil {
		e.reasons = map[string]int{}
	}
	if why = addressPattern.ReplaceAllString(why, "…"); len(e.reasons) < 100 || e.reasons[why] > 0 {
		e.reasons[why]++
	}
}

// String tells why connections ended.
func (e *disconnectLog) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var b strings.Builder
	for _, why := range slices.Sorted(maps.Keys(e.reasons)) {
		fmt.Fprintf(&b, "%d × %s; ", e.reasons[why], why)
	}
	return b.String()
}

// WithAttrs implements slog.Handler.
func (e *disconnectLog) WithAttrs([]slog.Attr) slog.Handler { return e }

// WithGroup implements slog.Handler.
func (e *disconnectLog) WithGroup(string) slog.Handler { return e }

// testSeed prints the seed of a test's random choices, which MATCHFLOOR_SEED gives
// again.
func testSeed(t *testing.T) uint64 {
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

// newRand answers random choices that a seed and a number for their purpose fix.
func newRand(seed, purpose uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, purpose)) }

// sleep waits for d, or answers false when ctx has ended before.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// randomBelow answers a random time below most.
func randomBelow(rng *rand.Rand, most time.Duration) time.Duration {
	return time.Duration(rng.Int64N(int64(most)))
}
