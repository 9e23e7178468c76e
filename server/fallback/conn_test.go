package fallback

import (
	"context"
	"errors"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/wire"
)

// When a visit ends depends on what was sent and on its age.
func TestVisit_EndConditions(t *testing.T) {
	for _, c := range []struct {
		name string
		ends endCondition
		sent sentSummary
		age  time.Duration
		code wire.CloseCode
		wait time.Duration
	}{
		{"a stream goes on", streamEnds, sentSummary{frames: 3, bytes: 900}, time.Minute, 0, heartbeatInterval},
		{"but not past a snapshot", streamEnds, sentSummary{frames: 1, snapshot: true}, 0, 1000, 0},
		{"nor eight frames", streamEnds, sentSummary{frames: 8}, time.Second, 1000, 0},
		{"nor 32 KiB", streamEnds, sentSummary{frames: 1, bytes: 32 << 10}, 2 * time.Second, 1000, 0},
		{"some time at least", streamEnds, sentSummary{frames: 8}, minStream / 4, 0, minStream * 3 / 4},
		{"as the hub says", streamEnds, sentSummary{closeCode: 1012}, 0, 1012, 0},
		{"a poll at once", pollEnds(0, false), sentSummary{frames: 1, statuses: 1}, 0, 1000, 0},
		{"with its pong", pollEnds(0, true), sentSummary{frames: 1, statuses: 1}, 0, 0, pollTimeout},
		{"then", pollEnds(0, true), sentSummary{frames: 1, statuses: 1, pongs: 1}, 0, 1000, 0},
		{"held", pollEnds(20*time.Second, false), sentSummary{frames: 1, statuses: 1}, 5 * time.Second, 0, 15 * time.Second},
		{"until there is news", pollEnds(20*time.Second, false), sentSummary{frames: 2, statuses: 1, news: true}, 5 * time.Second, 1000, 0},
		{"of the journal too", pollEnds(20*time.Second, false), sentSummary{frames: 1, statuses: 2}, 5 * time.Second, 1000, 0},
		{"or for so long", pollEnds(20*time.Second, false), sentSummary{frames: 1, statuses: 1}, 20 * time.Second, 1000, 0},
		{"also where no view comes", pollEnds(0, false), sentSummary{statuses: 1}, pollTimeout, 1000, 0},
	} {
		if code, wait := c.ends(c.sent, c.age); code != c.code || wait != c.wait {
			t.Errorf("%s: %d and %v, want %d and %v", c.name, code, wait, c.code, c.wait)
		}
	}
}

// failingHeartbeat is an encoder whose heartbeat fails.
type failingHeartbeat struct{ frameEncoder }

func (failingHeartbeat) heartbeat() error { return context.Canceled }

func TestConn_SilentStreamHasHeartbeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		c := &conn{encoder: failingHeartbeat{}, changed: make(chan struct{}, 1), response: http.NewResponseController(withoutDeadlines{})}
		if code := c.wait(t.Context(), nil, streamEnds); code != 0 || time.Since(began) != heartbeatInterval {
			t.Errorf("%d after %v", code, time.Since(began))
		}
	})
}

// withoutDeadlines is a response whose connection has no deadlines.
type withoutDeadlines struct{ http.ResponseWriter }

// stuckWriter is a response that blocks each write until its deadline passes.
type stuckWriter struct {
	http.ResponseWriter
	deadline chan time.Time
	passed   *atomic.Bool
}

func (s stuckWriter) Header() http.Header { return http.Header{} }

func (s stuckWriter) SetWriteDeadline(at time.Time) error {
	s.deadline <- at
	return nil
}

func (s stuckWriter) Write([]byte) (int, error) {
	for !s.passed.Load() {
		s.passed.Store(time.Until(<-s.deadline) <= 0)
	}
	return 0, os.ErrDeadlineExceeded
}

// Abort ends a write to a client that reads nothing. After the end of a visit the
// deadlines of the connection are left alone.
func TestConn_AbortEndsABlockedWrite(t *testing.T) {
	w := stuckWriter{deadline: make(chan time.Time, 8), passed: new(atomic.Bool)}
	c := newConn(newSSEEncoder(w), w, nil)
	wrote := make(chan error, 1)
	go func() { wrote <- c.Write([]byte(`{"live":{}}`), time.Now().Add(time.Hour)) }()
	w.deadline <- time.Now().Add(time.Hour) // taken by the write: it is under way
	c.Abort()
	if err := <-wrote; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the write ends with %v", err)
	}
	c.end(0)
	for len(w.deadline) > 0 {
		<-w.deadline
	}
	c.Abort()
	if err := c.Write([]byte(`{"live":{}}`), time.Now()); err != nil || len(w.deadline) > 0 {
		t.Errorf("after the end: %v, %d deadlines set", err, len(w.deadline))
	}
}
