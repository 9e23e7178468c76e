package server

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/faultyjournal"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/wire"
)

// A node that has had no hint of an import by another process serves the event to the
// first request for it, whatever that is: it reads the instance's log before it refuses.
func TestAuthenticate_EventThatAnotherProcessHasJustImported(t *testing.T) {
	w := newFixture(t, true, func(*Options) {})
	w.store.SetOdds(faultyjournal.Odds{HintLost: 1})
	other := hub.New(w.store, journal.NewMemory(time.Now), hub.Options{})
	t.Cleanup(func() {
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	})
	signedIn := w.bearer(auth.InstanceEvent, organiser)
	const command = `{"id":"c1","release":{}}`
	for i, request := range []func(id floor.EventID) response{
		func(id floor.EventID) response {
			return w.request("GET", "/api/v1/events/"+string(id)+"/exports", "", signedIn...)
		},
		func(id floor.EventID) response {
			return w.request("GET", "/api/v1/events/"+string(id)+"/snapshot", "", signedIn...)
		},
		func(id floor.EventID) response {
			return w.request("POST", "/api/v1/events/"+string(id)+"/links", "{}", signedIn...)
		},
		func(id floor.EventID) response {
			return w.post("/api/v1/events/"+string(id)+"/commands", command, signedIn...)
		},
		func(id floor.EventID) response {
			return w.post("/api/v1/sign-in", w.signInText(id, "attendee-ka1", true))
		},
	} {
		id := floor.EventID(fmt.Sprintf("new%d", i))
		if err := hub.ImportForum(t.Context(), other, floor.Operator, "operator-cli", smallForum(id)); err != nil {
			t.Fatal(err)
		}
		if r := request(id); r.StatusCode == http.StatusNotFound || r.StatusCode == http.StatusUnauthorized || r.StatusCode >= 500 {
			t.Errorf("request %d: %d %s", i, r.StatusCode, r.body)
		}
	}
	w.expect("an event that does not exist", w.request("GET", "/api/v1/events/nothing/exports", "", signedIn...), http.StatusNotFound, wire.CodeNoSuchEvent)
	w.store.SetUnreachable(true)
	w.expect("one that may exist", w.request("GET", "/api/v1/events/nothing/exports", "", signedIn...), http.StatusServiceUnavailable, wire.CodeUnavailable)
}

// Without a credential nobody makes a node read its journal at will: sign-ins for events
// that it does not know are counted as wrong secrets before anything is read. While the
// journal is away they are not called wrong, because the event may have been imported.
func TestSignIn_InventedEventsAreCountedBeforeAnythingIsRead(t *testing.T) {
	w := newFixture(t, true, nil)
	now := time.Now()
	w.clock.set(func() time.Time { return now })
	w.store.SetUnreachable(true)
	burst := int(rateWrongSecrets.Burst)
	results := make(chan int, burst+20)
	for i := range cap(results) {
		body := fmt.Sprintf(`{"event":"x%d","link":"attendee-a0","secret":%q}`, i, strings.Repeat("s", 43))
		go func() { results <- w.post("/api/v1/sign-in", body).StatusCode }()
	}
	count := map[int]int{}
	for range cap(results) {
		count[<-results]++
	}
	if count[http.StatusServiceUnavailable] != burst || count[http.StatusTooManyRequests] != 20 {
		t.Errorf("statuses %v, want 503 for %d and 429 for 20", count, burst)
	}
}
