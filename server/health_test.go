package server

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/faultyjournal"
)

// /readyz is about the node: it is unready before it has reached its journal once
// and when it has met what it cannot read. A journal that is away for all is told in
// the body and in a metric, and mends without a hand.
func TestReadyzIsAboutTheNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := journal.NewMemory(time.Now)
		j := faultyjournal.Wrap(memory, 1, faultyjournal.Odds{})
		quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
		h := hub.New(j, memory, hub.Options{Logger: quiet})
		s, err := New(Options{Hub: h, Keys: testKeys(t, 1), Pages: testPages, Log: quiet})
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		ask := func(path string) (int, string) {
			answer := httptest.NewRecorder()
			request := httptest.NewRequest(http.MethodGet, path, nil)
			request.RemoteAddr = "127.0.0.1:1"
			s.HTTP().Handler.ServeHTTP(answer, request)
			return answer.Code, answer.Body.String()
		}
		expect := func(when string, status int, away bool) condition {
			t.Helper()
			code, body := ask("/readyz")
			var c condition
			if err := json.Unmarshal([]byte(body), &c); err != nil {
				t.Fatal(err)
			}
			if code != status || c.Ready != (status == http.StatusOK) || (c.Journal == "away") != away {
				t.Errorf("%s: %d %s", when, code, body)
			}
			return c
		}
		j.SetAway(true)
		if _, _, err := h.State(t.Context(), journal.InstanceLog); err == nil {
			t.Fatal("a journal that is away was read")
		}
		if c := expect("never reached", http.StatusServiceUnavailable, true); c.Why == "" {
			t.Error("it does not say why")
		}
		j.SetAway(false)
		if _, _, err := h.State(t.Context(), journal.InstanceLog); err != nil {
			t.Fatal(err)
		}
		expect("reached", http.StatusOK, false)
		j.SetAway(true)
		time.Sleep(12 * time.Second)
		if c := expect("away", http.StatusOK, true); c.AwaySeconds < 10 || c.AwaySeconds > 12 {
			t.Errorf("away for %d s", c.AwaySeconds)
		}
		if _, text := ask("/metrics"); !strings.Contains(text, "\nmatchfloor_journal_away_seconds 1") {
			t.Error("no metric tells since when")
		}
		j.SetAway(false)
		time.Sleep(2 * time.Second)
		expect("back", http.StatusOK, false)
		if _, text := ask("/metrics"); !strings.Contains(text, "\nmatchfloor_journal_away_seconds 0\n") {
			t.Error("the metric still says so")
		}
		batch := []journal.Record{{Key: "later/1", Body: []byte(`{"changes":[{"kind":"teaServed","body":{}}]}`)}}
		at := journal.Genesis(journal.InstanceLog, 1)
		journal.Chain(at, batch)
		if _, err := memory.Append(t.Context(), journal.InstanceLog, at, batch); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if c := expect("a later version's record", http.StatusServiceUnavailable, false); !strings.Contains(c.Why, "teaServed") {
			t.Errorf("why: %s", c.Why)
		}
	})
}
