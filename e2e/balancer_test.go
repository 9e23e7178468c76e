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
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// clientBalancer connects clients to any address of an instance that accepts, as a list of
// nodes or a name with several addresses would. It counts how connections ended.
type clientBalancer struct {
	http        *http.Client
	dialer      *websocket.Dialer
	log         *slog.Logger
	disconnects *disconnectLog
	jitter      func() float64 // of the pauses before reconnecting; nil: the client's own
}

// newClientBalancer returns a balancer over addresses, which it tries in random order.
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

// disconnectLog is the handler of the clients' logs. It counts when they will reconnect after
// a connection has ended: "soon" only after the close code 1012.
type disconnectLog struct {
	soon, later, all atomic.Int64
	closedByTest     atomic.Int64 // closed by the test

	mu      sync.Mutex     // guards the fields below
	reasons map[string]int // counts by reason, without addresses
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

// addressPattern matches the part in which otherwise equal reasons differ.
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

// String returns the reasons with their counts.
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
