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

// cardsOf returns the cards of a kind that a moderator sees.
func cardsOf[T any](t *testing.T, v *venue, kind string) map[string]T {
	t.Helper()
	cards := map[string]T{}
	for key, card := range v.state(t, v.event).View(floor.Everyone, floor.Moderator) {
		if id, ok := strings.CutPrefix(string(key), kind+"/"); ok {
			cards[id] = card.(T)
		}
	}
	return cards
}

// The sample forum runs from before the call of its first round until the second round runs.
func TestRun_PlaysAnAfternoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := openVenue(t, "13:10", 60)
		ctx, leave := context.WithTimeout(t.Context(), 55*time.Second) // of 60 each: until 14:05
		defer leave()
		var tally simulate.Stats
		played := make(chan error)
		go func() {
			played <- simulate.Run(ctx, simulate.Options{
				Links: v.links, Attendees: 20, SpareForHuman: true, Seed: 1, Client: v.options(), Stats: &tally,
				Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
			})
		}()
		time.Sleep(10 * time.Second)
		// 20 phones, 20 of 21 interpreters, 2 of 3 moderators, 4 runners, the organiser
		if tally.Online() != 47 || tally.RefusedLinks() != 0 {
			t.Errorf("after the ramp: %v", tally.LogValue())
		}
		must(t, <-played)
		t.Log(tally.LogValue())
		if tally.Online() != 0 {
			t.Error("some are still online")
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
			// Somebody else was first, or what the command refers to has just ended.
			case "already", "claimed", "request_open", "stale", "round_closed", "cancelled", "interpreter_busy", "off_duty", "off_shift":
			default:
				t.Errorf("%d commands were refused as %s", n, code)
			}
		}
	})
}

// checkDay checks that a round was held, with people at their tables.
func checkDay(t *testing.T, v *venue) {
	rounds := cardsOf[floor.RoundCard](t, v, "round")
	for id, want := range map[string]floor.SlotState{"R1": floor.StateEnded, "R2": floor.StateRunning, "R4": floor.StatePlanned} {
		if got := rounds[id].State; got != want {
			t.Errorf("round %s is %s", id, got)
		}
	}
	present, away := 0, 0
	for _, m := range cardsOf[floor.MeetingCard](t, v, "meeting") {
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
		t.Errorf("of 42 sides of a round %d are present and %d are marked as missing", present, away)
	}
	checked := 0
	for _, a := range cardsOf[floor.AttendeeCard](t, v, "attendee") {
		if a.CheckedIn != 0 {
			checked++
		}
	}
	if checked < 110 || checked == 132 {
		t.Errorf("%d of 132 have checked in", checked)
	}
	kinds := map[floor.CommandKind]int{}
	for _, d := range cardsOf[floor.HistoryCard](t, v, "done") {
		kinds[d.Kind]++
	}
	t.Log(kinds)
}

// checkHuman checks that nobody acted for the human.
func checkHuman(t *testing.T, v *venue) {
	for _, l := range simulate.ForHuman(v.links) {
		switch l.Role {
		case floor.RoleAttendee:
			if cardsOf[floor.AttendeeCard](t, v, "attendee")[l.ID].CheckedIn != 0 {
				t.Error("the human's attendee was checked in")
			}
		case floor.RoleInterpreter:
			if d := cardsOf[floor.InterpreterCard](t, v, "interpreter")[l.ID].Duty; d != floor.OffDuty {
				t.Errorf("the human's interpreter is %s duty", d)
			}
		case floor.RoleModerator:
			if l.ID != "s1" {
				t.Errorf("the human is moderator %s", l.ID)
			}
		}
	}
}

func TestRun_EndsWhenEveryLinkIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := openVenue(t, "13:18", 1)
		var tally simulate.Stats
		links := []simulate.Link{
			{Role: floor.RoleAttendee, ID: "c01a", URL: "http://127.0.0.1/attendee#green-2026.attendee-c01a.no-longer"},
			{Role: floor.RoleOrganiser, ID: "o1", URL: "http://127.0.0.1/organiser#_.organiser-o1.no-longer"},
		}
		err := simulate.Run(t.Context(), simulate.Options{Links: links, Attendees: 9, Client: v.options(), Stats: &tally})
		if err == nil || tally.RefusedLinks() != 2 {
			t.Error(err, tally.LogValue())
		}
	})
}

func TestRun_NeedsALinkWithAnEvent(t *testing.T) {
	for _, links := range [][]simulate.Link{nil, {{Role: floor.RoleOrganiser, URL: "x"}}, {{Role: floor.RoleAttendee, URL: "/attendee#a.b.c"}}} {
		if err := simulate.Run(t.Context(), simulate.Options{Links: links}); err == nil {
			t.Errorf("%v: no error", links)
		}
	}
}
