package simulate_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/internal/simulate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// look answers the cards of the state as a moderator sees them.
func look[T any](t *testing.T, v *venue, kind string) map[string]T {
	t.Helper()
	cards := map[string]T{}
	for key, card := range v.state(t, v.event).View(floor.Everyone, floor.Moderator) {
		if id, ok := strings.CutPrefix(string(key), kind+"/"); ok {
			cards[id] = card.(T)
		}
	}
	return cards
}

// TestAfternoon plays the sample forum from before the call to its first round until the second runs.
func TestAfternoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := openVenue(t, "13:10", 60)
		ctx, leave := context.WithTimeout(t.Context(), 55*time.Second) // of 60 each: until 14:05
		defer leave()
		var tally simulate.Tally
		played := make(chan error)
		go func() {
			played <- simulate.Run(ctx, simulate.Options{
				Links: v.links, N: 20, Spare: true, Seed: 1, Client: v.options(), Tally: &tally,
				Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
			})
		}()
		time.Sleep(10 * time.Second)
		// 20 phones, 20 of 21 interpreters, 2 of 3 moderators, 4 runners, the organiser
		if tally.Online() != 47 || tally.TurnedAway() != 0 {
			t.Errorf("%v are there", tally.LogValue())
		}
		must(t, <-played)
		t.Log(tally.LogValue())
		if tally.Online() != 0 {
			t.Error("not all have gone")
		}
		checkDay(t, v)
		checkHuman(t, v)
		for _, kind := range []floor.CommandKind{"release", "call", "start", "end", "announce", "moveMeeting", "checkIn", "seen",
			"markPresent", "markNoShow", "setDuty", "requestInterpreter", "claimRequest", "setOut", "arrive", "releaseRequest"} {
			if tally.Accepted()[kind] == 0 {
				t.Errorf("nobody gave the command %s", kind)
			}
		}
		for code, n := range tally.Refused() {
			switch code {
			// What somebody else was quicker with, or what has just ended.
			case "already", "claimed", "request_open", "stale", "round_closed", "cancelled", "interpreter_busy", "off_duty", "off_shift":
			default:
				t.Errorf("%d commands were refused as %s", n, code)
			}
		}
	})
}

// checkDay holds that the day went on: a round with people at their tables.
func checkDay(t *testing.T, v *venue) {
	rounds := look[floor.RoundCard](t, v, "round")
	for id, want := range map[string]floor.SlotState{"R1": floor.StateEnded, "R2": floor.StateRunning, "R4": floor.StatePlanned} {
		if got := rounds[id].State; got != want {
			t.Errorf("round %s is %s", id, got)
		}
	}
	present, away := 0, 0
	for _, m := range look[floor.MeetingCard](t, v, "meeting") {
		if m.Place.Round != "R1" {
			continue
		}
		for _, p := range []floor.Party{m.Host, m.Guest} {
			switch p.Presence {
			case floor.Present:
				present++
			case floor.NoShow:
				away++
			}
		}
	}
	if present < 35 || away == 0 || present+away > 42 {
		t.Errorf("of 42 sides of a round %d came and %d did not", present, away)
	}
	checked := 0
	for _, a := range look[floor.AttendeeCard](t, v, "attendee") {
		if a.CheckedIn != 0 {
			checked++
		}
	}
	if checked < 110 || checked == 132 {
		t.Errorf("%d of 132 have checked in", checked)
	}
	kinds := map[floor.CommandKind]int{}
	for _, d := range look[floor.HistoryCard](t, v, "done") {
		kinds[d.Kind]++
	}
	t.Log(kinds)
}

// checkHuman holds that what is the human's to do was left to them.
func checkHuman(t *testing.T, v *venue) {
	for _, l := range simulate.ForHuman(v.links) {
		switch l.Role {
		case floor.RoleAttendee:
			if look[floor.AttendeeCard](t, v, "attendee")[l.ID].CheckedIn != 0 {
				t.Error("the human's attendee was checked in")
			}
		case floor.RoleInterpreter:
			if d := look[floor.InterpreterCard](t, v, "interpreter")[l.ID].Duty; d != floor.OffDuty {
				t.Errorf("the human's interpreter is %s duty", d)
			}
		case floor.RoleModerator:
			if l.ID != "s1" {
				t.Errorf("the human is moderator %s", l.ID)
			}
		}
	}
}

// TestTurnedAway holds that a crowd whose links are void says so and ends.
func TestTurnedAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := openVenue(t, "13:18", 1)
		var tally simulate.Tally
		links := []simulate.Link{
			{Role: floor.RoleAttendee, ID: "c01a", URL: "http://127.0.0.1/attendee#green-2026.attendee-c01a.no-longer"},
			{Role: floor.RoleOrganiser, ID: "o1", URL: "http://127.0.0.1/organiser#_.organiser-o1.no-longer"},
		}
		err := simulate.Run(t.Context(), simulate.Options{Links: links, N: 9, Client: v.options(), Tally: &tally})
		if err == nil || tally.TurnedAway() != 2 {
			t.Error(err, tally.LogValue())
		}
	})
}

func TestLinksWithoutAnEvent(t *testing.T) {
	for _, links := range [][]simulate.Link{nil, {{Role: floor.RoleOrganiser, URL: "x"}}, {{Role: floor.RoleAttendee, URL: "/attendee#a.b.c"}}} {
		if err := simulate.Run(t.Context(), simulate.Options{Links: links}); err == nil {
			t.Errorf("%v: no error", links)
		}
	}
}
