package ops

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/faultyjournal"
)

// node returns the routes of a node's operators.
func node(h *hub.Hub, m *Metrics) http.Handler {
	e := echo.New()
	e.Use(RequestLog(slog.New(slog.DiscardHandler), m))
	e.GET("/readyz", NewHealth(h, func() error { return nil }).Ready)
	e.GET("/metrics", m.Handler(MetricsReaders{Client: func(*http.Request) netip.Addr { return netip.MustParseAddr("127.0.0.1") }}))
	return e
}

// A node is not ready before it has reached its journal once, and after it has met
// a record that it cannot apply. An unreachable journal shows in the body and in a
// metric, and leaves the node ready.
func TestReady_IsAboutTheNodeNotItsJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := journal.NewMemory(time.Now)
		j := faultyjournal.Wrap(memory, 1, faultyjournal.Odds{})
		quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
		h := hub.New(j, memory, hub.Options{Logger: quiet})
		defer h.Close()
		routes := node(h, NewMetrics(h, Sockets{InUse: func() int { return 0 }, PollerWorks: func() bool { return true }}))
		ask := func(path string) (int, string) {
			answer := httptest.NewRecorder()
			routes.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
			return answer.Code, answer.Body.String()
		}
		expect := func(when string, status int, away bool) readiness {
			t.Helper()
			code, body := ask("/readyz")
			var c readiness
			if err := json.Unmarshal([]byte(body), &c); err != nil {
				t.Fatal(err)
			}
			if code != status || c.Ready != (status == http.StatusOK) || (c.Journal == "away") != away {
				t.Errorf("%s: %d %s", when, code, body)
			}
			return c
		}
		j.SetUnreachable(true)
		if _, _, err := h.State(t.Context(), journal.InstanceLog); err == nil {
			t.Fatal("a journal that is away was read")
		}
		if c := expect("never reached", http.StatusServiceUnavailable, true); c.Why == "" {
			t.Error("the body does not say why")
		}
		j.SetUnreachable(false)
		if _, _, err := h.State(t.Context(), journal.InstanceLog); err != nil {
			t.Fatal(err)
		}
		expect("reached", http.StatusOK, false)
		j.SetUnreachable(true)
		time.Sleep(12 * time.Second)
		if c := expect("away", http.StatusOK, true); c.AwaySeconds < 10 || c.AwaySeconds > 12 {
			t.Errorf("away for %d s", c.AwaySeconds)
		}
		if _, text := ask("/metrics"); !strings.Contains(text, "\nmatchfloor_journal_away_seconds 1") {
			t.Error("no metric says since when")
		}
		j.SetUnreachable(false)
		time.Sleep(2 * time.Second)
		expect("back", http.StatusOK, false)
		if _, text := ask("/metrics"); !strings.Contains(text, "\nmatchfloor_journal_away_seconds 0\n") {
			t.Error("the metric still says so")
		}
		batch := []journal.Record{{Key: "later/1", Body: []byte(`{"changes":[{"kind":"teaServed","body":{}}]}`)}}
		at := journal.Genesis(journal.InstanceLog, 1)
		journal.Chain(at, batch)
		if _, err := memory.Append(t.Context(), journal.InstanceLog, at, batch, time.Time{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if c := expect("a later version's record", http.StatusServiceUnavailable, false); !strings.Contains(c.Why, "teaServed") {
			t.Errorf("why: %s", c.Why)
		}
	})
}

// loseEvent makes the instance list an event whose log is empty, and opens that log.
func loseEvent(t *testing.T, h *hub.Hub, event floor.EventID) {
	t.Helper()
	_, err := h.Submit(t.Context(), journal.InstanceLog, floor.Envelope{
		Key: "operator-cli/list", By: floor.Operator, Unconditional: true, Command: floor.RegisterEvent{Event: event, Name: floor.Text{En: "Forum"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.State(t.Context(), journal.LogID(event)); !errors.Is(err, hub.ErrLost) {
		t.Fatalf("the state of a lost event: %v", err)
	}
}

// A journal that has lost an event leaves the node ready: the balancer must not empty. The
// body and a metric name the event.
func TestReady_NamesALostEvent(t *testing.T) {
	memory := journal.NewMemory(time.Now)
	h := hub.New(memory, memory, hub.Options{Logger: slog.New(slog.DiscardHandler)})
	defer h.Close()
	routes := node(h, NewMetrics(h, Sockets{InUse: func() int { return 0 }, PollerWorks: func() bool { return true }}))
	ask := func(path string) (int, string) {
		answer := httptest.NewRecorder()
		routes.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		return answer.Code, answer.Body.String()
	}
	loseEvent(t, h, "green")
	code, body := ask("/readyz")
	if want := `"journal":"lost","lost":[{"log":"green","why":"empty","seconds":0}]`; code != http.StatusOK || !strings.Contains(body, want) {
		t.Errorf("%d %s, want %s", code, body, want)
	}
	if _, text := ask("/metrics"); !strings.Contains(text, "\nmatchfloor_log_lost{log=\"green\"} 1\n") || !strings.Contains(text, "\nmatchfloor_log_losses_total 1\n") {
		t.Error("no metric names the event")
	}
}
