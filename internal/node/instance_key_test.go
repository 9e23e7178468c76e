package node

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/faultyjournal"
	"github.com/matchfloor/matchfloor/server/auth"
)

func otherKeys(t *testing.T) auth.Keys {
	t.Helper()
	keys, err := auth.NewKeys(append(make([]byte, auth.MinKey), 'x'))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// A node with another key than the one that the links were made with adds nothing to the instance,
// until it is told that the key is new.
func TestSetUp_RefusesAnotherKey(t *testing.T) {
	n, _ := newNode(t, func(*Options) {})
	runUntilReady(t, n, func(ctx context.Context) {
		if _, err := n.SetUp(ctx, ""); err != nil {
			t.Fatal(err)
		}
		first := n.options.Keys
		if instance, err := n.instance(ctx); err != nil || instance.KeyID() != first.ID() {
			t.Fatalf("the log names the key %q, %v; want %s", instance.KeyID(), err, first.ID())
		}
		n.options.Keys = otherKeys(t)
		_, err := n.SetUp(ctx, "https://other.example")
		other, ok := errors.AsType[*OtherKeyError](err)
		if !ok || other.Recorded != first.ID() || other.Given != n.options.Keys.ID() {
			t.Errorf("with another key: %v", err)
		}
		if instance, err := n.instance(ctx); err != nil || instance.PublicURL() != n.options.OwnURL || instance.KeyID() != first.ID() {
			t.Errorf("it was refused, and the instance has the address %q and the key %q, %v", instance.PublicURL(), instance.KeyID(), err)
		}
		n.options.NewKey = true
		if _, err := n.SetUp(ctx, ""); err != nil {
			t.Errorf("with a new key: %v", err)
		}
		n.options.NewKey = false
		if _, err := n.SetUp(ctx, ""); err != nil {
			t.Errorf("after the new key was accepted: %v", err)
		}
		n.options.Keys = first
		if _, err := n.SetUp(ctx, ""); !errors.As(err, &other) {
			t.Errorf("with the former key: %v", err)
		}
	})
}

// A log that older nodes may read takes no record of the key; `upgrade` allows it.
func TestSetUp_RecordsTheKeyOnlyAfterTheUpgrade(t *testing.T) {
	n, _ := newNode(t, func(*Options) {})
	submit := func(ctx context.Context, key floor.CommandKey, c floor.Command) {
		t.Helper()
		if err := n.Submit(ctx, journal.InstanceLog, floor.Envelope{Key: key, By: floor.Operator, Unconditional: true, Version: 3, Command: c}); err != nil {
			t.Fatal(err)
		}
	}
	runUntilReady(t, n, func(ctx context.Context) {
		submit(ctx, "operator-cli/organiser", floor.AddOrganiser{Organiser: "o1", Name: "o1"})
		for _, want := range []string{"", n.options.Keys.ID()} {
			if _, err := n.SetUp(ctx, ""); err != nil {
				t.Fatal(err)
			}
			if instance, err := n.instance(ctx); err != nil || instance.KeyID() != want {
				t.Errorf("the log is at version %d and names the key %q, %v; want %q", instance.Version(), instance.KeyID(), err, want)
			}
			if want == "" {
				submit(ctx, "operator-cli/raise", floor.RaiseVersion{Version: floor.FormatVersion})
			}
		}
	})
}

// A node that has not compared its key with the instance's log tells nobody that a credential is
// wrong. It says so only afterwards.
func TestNode_RefusesNoCredentialBeforeItsKeyIsChecked(t *testing.T) {
	n, j := newNode(t, func(*Options) {})
	j.SetOdds(faultyjournal.Odds{Unavailable: 1, ReadFails: 1})
	status := func(path string) int {
		t.Helper()
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.options.OwnURL+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer made-with-another-key")
		r, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Fatal(err)
		}
		return r.StatusCode
	}
	runUntilReady(t, n, func(ctx context.Context) {
		if got := status("/api/v1/events/demo/snapshot"); got != http.StatusServiceUnavailable {
			t.Errorf("before: %d", got)
		}
		if got := status("/readyz"); got != http.StatusServiceUnavailable {
			t.Errorf("/readyz before: %d", got)
		}
		if got := status("/healthz"); got != http.StatusOK {
			t.Errorf("/healthz: %d", got)
		}
		j.SetOdds(faultyjournal.Odds{})
		if _, err := n.SetUp(ctx, ""); err != nil {
			t.Fatal(err)
		}
		if got := status("/api/v1/events/demo/snapshot"); got != http.StatusUnauthorized {
			t.Errorf("after: %d", got)
		}
		if got := status("/readyz"); got != http.StatusOK {
			t.Errorf("/readyz after: %d", got)
		}
	})
}
