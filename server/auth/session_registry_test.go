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

// sessionOf returns the id of one of many sessions.
func sessionOf(i int) sessionID { return Claims{Link: floor.LinkID(fmt.Sprint(i))}.sessionID() }

// The memory for sign-outs is bounded, and each is remembered for longer than
// connecting takes.
func TestRecentSignOuts_AreForgotten(t *testing.T) {
	now := time.Now()
	before := now.Add(-time.Second)
	var o recentSignOuts
	kept := func(i int) bool { return o.after(sessionOf(i), before) }
	for i := range 3 * maxSignOuts {
		o.add(sessionOf(i), now)
		if n := len(o.young) + len(o.old); n > 2*maxSignOuts {
			t.Fatalf("%d are kept", n)
		}
	}
	const last = 3*maxSignOuts - 1
	if kept(0) || !kept(last) || !kept(2*maxSignOuts) {
		t.Error("the first are kept, or the last are not")
	}
	if o.after(sessionOf(last), now) {
		t.Error("a request after the sign-out counts as signed out")
	}
	for i, after := range []time.Duration{signOutsKept - 1, 1, signOutsKept} {
		now = now.Add(after)
		o.add(sessionOf(-i), now)
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

// A session that is signed out while it connects is closed. One that
// connects later with the same token, which is still valid, is not.
func TestSessionRegistry_SignOutReachesSessionsThatAreConnecting(t *testing.T) {
	h, attendee := testHub(t)
	forum, err := demo.Forum()
	if err != nil {
		t.Fatal(err)
	}
	r := NewSessionRegistry(NewDirectory(h), time.Now)
	arrived := time.Now()
	r.signOut(sessionOf(1))
	for _, c := range []struct {
		session int
		arrived time.Time
		want    wire.CloseCode
	}{
		{1, arrived, wire.CloseSessionOver},
		{1, time.Now().Add(time.Second), wire.CloseRestart},
		{2, arrived, wire.CloseRestart},
	} {
		closed := make(transport, 2)
		session, err := h.Attach(t.Context(), journal.LogID(forum.Event.ID), attendee, closed)
		if err != nil {
			t.Fatal(err)
		}
		caller := Caller{claims: Claims{Link: floor.LinkID(fmt.Sprint(c.session)), SignedIn: time.Now()}, arrived: c.arrived}
		live := caller.LiveSession(session)
		r.Add(&live, caller)
		session.Close(wire.CloseRestart) // unless it is closed already
		if code := <-closed; code != c.want {
			t.Errorf("%d: closed with %d, want %d", c.session, code, c.want)
		}
		r.Remove(&live)
		session.Detach()
	}
}
