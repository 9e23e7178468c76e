package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

func newVenue(t *testing.T) (*venue, context.Context) {
	t.Helper()
	v, err := openVenue()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.close)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return v, ctx
}

func mustDial(t *testing.T, ctx context.Context, link string, o client.Options) *client.Client {
	t.Helper()
	c, err := client.Dial(ctx, link, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// TestView_EqualsTheServersAtTheSamePosition compares what a client built from patches with the server's
// own view, byte for byte.
func TestView_EqualsTheServersAtTheSamePosition(t *testing.T) {
	onEveryTransport(t, viewEqualsTheServers)
}

func viewEqualsTheServers(t *testing.T, ctx context.Context, v *venue) {
	moderator := mustDial(t, ctx, v.link(floor.RoleModerator, lead), v.options())
	others := []*client.Client{moderator}
	for _, role := range []floor.Role{floor.RoleAttendee, floor.RoleInterpreter, floor.RoleDisplay, floor.RoleRunner} {
		others = append(others, mustDial(t, ctx, v.link(role, nil), v.options()))
	}
	if you := moderator.You(); !you.Lead {
		t.Fatalf("the moderator is not the lead: %+v", you)
	}
	var seq uint64
	var before []string
	for _, body := range []floor.Command{
		floor.CallSlot{SlotRef: floor.SlotRef{Round: firstRound(moderator)}},
		floor.Announce{Text: floor.Text{Ko: "셔틀 <18시>", En: "The shuttle & you"}, Minutes: 5},
		floor.CloseTable{Table: "T26", Reason: "leaks"},
		floor.OpenTable{Table: "T26"},
	} {
		// The view need not show the previous command yet: After names it.
		done, err := moderator.Do(ctx, wire.Command{Base: moderator.Base(), After: before, Body: body})
		if err != nil {
			t.Fatalf("%T: %v", body, err)
		}
		seq, before = done.Seq, []string{done.ID}
	}
	for _, c := range others {
		if at, err := c.Sync(ctx); err != nil || at.Seq != seq {
			t.Fatalf("%s: %v, %v", c.You().Who, at, err)
		}
		if got, want := c.View(), v.serverDigest(t, ctx, c); got.Digest() != want {
			t.Errorf("%s at %d: the view differs from the server's", c.You().Who, got.At.Seq)
		}
	}
}

// serverDigest returns the digest of the server's view for a client, which must be at
// the server's position.
func (v *venue) serverDigest(t *testing.T, ctx context.Context, c *client.Client) string {
	t.Helper()
	state, at, err := v.hub.State(ctx, journal.LogID(v.event))
	if err != nil || at != c.At() {
		t.Fatal(at, c.At(), err)
	}
	cards := wire.Cards{}
	for key, card := range state.View(state.Subjects(c.You().Who)...) {
		cards[key] = wire.EncodeCard(card)
	}
	return wire.Digest(cards)
}

func firstRound(c *client.Client) (first floor.RoundID) {
	for id, r := range client.Each[floor.RoundCard](c.View(), "round") {
		if r.No == 1 {
			first = floor.RoundID(id)
		}
	}
	return first
}

func TestDo_ServerRefusesAndEndsTheSession(t *testing.T) { onEveryTransport(t, serverRefuses) }

func serverRefuses(t *testing.T, ctx context.Context, v *venue) {
	phone := mustDial(t, ctx, v.link(floor.RoleAttendee, nil), v.options())
	_, err := phone.Do(ctx, wire.Command{Body: floor.ReleaseSchedule{}})
	if refused, ok := errors.AsType[*wire.Rejected](err); !ok || refused.Code != wire.CodeForbidden {
		t.Error(err)
	}
	moderator := mustDial(t, ctx, v.link(floor.RoleModerator, lead), v.options())
	if _, err := moderator.Do(ctx, wire.Command{Body: floor.RotateLink{Link: phone.You().Link}}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-phone.Done():
	case <-ctx.Done():
		t.Fatal("a client whose link was rotated did not end")
	}
	if status, ok := errors.AsType[*client.StatusError](phone.Err()); !ok || status.Status != http.StatusUnauthorized {
		t.Error(phone.Err())
	}
}

func TestSave_ServerSendsAPatchToAResumedView(t *testing.T) { onEveryTransport(t, serverResumes) }

func serverResumes(t *testing.T, ctx context.Context, v *venue) {
	moderator := mustDial(t, ctx, v.link(floor.RoleModerator, lead), v.options())
	phone := mustDial(t, ctx, v.link(floor.RoleAttendee, nil), v.options())
	saved := phone.Save()
	phone.Close()
	if _, err := moderator.Do(ctx, wire.Command{Body: floor.Announce{Text: floor.Text{En: "Tea"}}}); err != nil {
		t.Fatal(err)
	}
	o := v.options()
	o.Saved = saved
	snapshots := 0
	o.Observe = func(a client.ViewChange) {
		if a.Snapshot {
			snapshots++
		}
	}
	phone = mustDial(t, ctx, v.link(floor.RoleAttendee, nil), o)
	err := phone.WaitFor(ctx, func(v client.View) bool {
		for _, a := range client.Each[floor.AnnouncementCard](v, "announcement") {
			return a.Text.En == "Tea"
		}
		return false
	})
	if err != nil || snapshots != 0 {
		t.Error(err, fmt.Sprint(snapshots, " snapshots instead of a patch"))
	}
}
