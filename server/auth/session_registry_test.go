package auth

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/hub/session"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// The memory for sign-outs is bounded, and each is remembered for longer than
// connecting takes.
func TestRecentSignOuts_AreForgotten(t *testing.T) {
	now := time.Now()
	before := now.Add(-time.Second)
	var o recentSignOuts
	kept := func(i int) bool { return o.after(hashToken(fmt.Sprint(i)), before) }
	for i := range 3 * maxSignOuts {
		o.add(hashToken(fmt.Sprint(i)), now)
		if n := len(o.young) + len(o.old); n > 2*maxSignOuts {
			t.Fatalf("%d are kept", n)
		}
	}
	const last = 3*maxSignOuts - 1
	if kept(0) || !kept(last) || !kept(2*maxSignOuts) {
		t.Error("the first are kept, or the last are not")
	}
	if o.after(hashToken(fmt.Sprint(last)), now) {
		t.Error("a request after the sign-out counts as signed out")
	}
	for i, after := range []time.Duration{signOutsKept - 1, 1, signOutsKept} {
		now = now.Add(after)
		o.add(hashToken(fmt.Sprint(-i)), now)
		if want := i < 2; kept(last) != want {
			t.Errorf("kept after %d: %t", i, !want)
		}
	}
}

// transport sends the close code of a session.
type transport chan wire.CloseCode

func (transport) Write([]byte, time.Time) error { return nil }
func (t transport) Close(code wire.CloseCode)   { t <- code }
func (transport) Abort()                        {}

// testHub returns a hub with the sample forum, and an attendee of it.
func testHub(t *testing.T) (*hub.Hub, session.Credential) {
	t.Helper()
	memory := journal.NewMemory(time.Now)
	h := hub.New(memory, memory, hub.Options{Logger: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	forum, err := demo.Forum()
	if err != nil {
		t.Fatal(err)
	}
	if err := hub.ImportForum(t.Context(), h, floor.Operator, "operator-test", forum); err != nil {
		t.Fatal(err)
	}
	state, _, err := h.State(t.Context(), journal.LogID(forum.Event.ID))
	if err != nil {
		t.Fatal(err)
	}
	for link := range state.Links() {
		if link.Who.Role() == floor.RoleAttendee {
			return h, session.Credential{Actor: link.Who, Link: link.ID, Generation: link.Generation}
		}
	}
	t.Fatal("the sample forum has no attendee")
	return nil, session.Credential{}
}

// A session whose token is signed out while it connects is closed. One that
// connects later with the same token, which is still valid, is not.
func TestSessionRegistry_SignOutReachesSessionsThatAreConnecting(t *testing.T) {
	h, attendee := testHub(t)
	forum, err := demo.Forum()
	if err != nil {
		t.Fatal(err)
	}
	r := NewSessionRegistry(time.Now)
	arrived := time.Now()
	r.signOut("a token")
	for _, c := range []struct {
		token   string
		arrived time.Time
		want    wire.CloseCode
	}{
		{"a token", arrived, wire.CloseSessionOver},
		{"a token", time.Now().Add(time.Second), wire.CloseRestart},
		{"another", arrived, wire.CloseRestart},
	} {
		closed := make(transport, 2)
		session, err := h.Attach(t.Context(), journal.LogID(forum.Event.ID), attendee, closed)
		if err != nil {
			t.Fatal(err)
		}
		caller := Caller{token: c.token, expires: time.Now().Add(time.Hour), arrived: c.arrived}
		live := caller.LiveSession(session)
		r.Add(&live, caller)
		session.Close(wire.CloseRestart) // unless it is closed already
		if code := <-closed; code != c.want {
			t.Errorf("%s: closed with %d, want %d", c.token, code, c.want)
		}
		r.Remove(&live)
		session.Detach()
	}
}
