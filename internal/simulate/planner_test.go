package simulate

import (
	"math"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

func TestPlanner_DrawsAreUniform(t *testing.T) {
	var sum, squares float64
	const n = 10_000
	for i := range n {
		m := newPlanner(7, time.Time{}, floor.NewActorID(floor.RoleAttendee, "k"+string(rune('a'+i%26))+string(rune('a'+i/26%26))+string(rune('a'+i/676))))
		x := m.draw("key")
		sum, squares = sum+x, squares+x*x
		if x < 0 || x >= 1 || x != m.draw("key") {
			t.Fatalf("%v", x)
		}
	}
	if mean, square := sum/n, squares/n; math.Abs(mean-0.5) > 0.02 || math.Abs(square-1.0/3) > 0.02 {
		t.Errorf("mean %.3f, of squares %.3f", mean, square)
	}
	a, b := newPlanner(1, time.Time{}, "attendee:a"), newPlanner(2, time.Time{}, "attendee:a")
	if a.draw("x") == b.draw("x") || a.draw("x") == a.draw("y") || a.sharedDraw("x") != newPlanner(1, time.Time{}, "attendee:b").sharedDraw("x") {
		t.Error("a draw does not depend on the seed, the person and the key")
	}
	again := newPlanner(1, time.Time{}.Add(time.Second), "attendee:a")
	if id := a.id("x", 1); id == a.id("x", 2) || id == a.id("y", 1) || id == again.id("x", 1) || id != a.id("x", 1) || !floor.ValidID(id) {
		t.Error("an id does not depend on the run, the person, the key and the attempt")
	}
}

func TestPlanner_FirstSeenIsUnbroken(t *testing.T) {
	m := newPlanner(1, time.Time{}, "attendee:a")
	var got floor.Instant
	is := func(m *planner, _ client.View) []intent { got = m.firstSeen("it"); return nil }
	isNot := func(*planner, client.View) []intent { return nil }
	m.think(is, client.View{}, 10)
	m.think(is, client.View{}, 20)
	if got != 10 {
		t.Errorf("since %d", got)
	}
	m.think(isNot, client.View{}, 30)
	m.think(is, client.View{}, 40)
	if got != 40 || len(m.trueSince) != 1 {
		t.Errorf("since %d", got)
	}
}

// view returns a view of cards.
func view(cards map[floor.CardKey]floor.Card) client.View {
	v := client.View{Cards: wire.Cards{}}
	for key, card := range cards {
		v.Cards[key] = wire.EncodeCard(card)
	}
	return v
}

func round(no int, state floor.SlotState, start floor.Instant) floor.RoundCard {
	span := floor.Span{Start: start, End: start + 25*minute}
	return floor.RoundCard{No: no, SlotCard: floor.SlotCard{Plan: span, Now: span, State: state}}
}

func TestRunRounds_OneStepAfterTheOther(t *testing.T) {
	const r1, r2 = 100 * minute, 130 * minute
	tests := []struct {
		one, two floor.SlotState
		now      floor.Instant
		key      string
		at       floor.Instant
	}{
		{floor.StatePlanned, floor.StatePlanned, 50 * minute, "call R1", r1 - 10*minute},
		{floor.StateCalled, floor.StatePlanned, 91 * minute, "call again R1", r1 - 2*minute},
		{floor.StateCalledLast, floor.StatePlanned, 99 * minute, "start R1", r1},
		{floor.StateRunning, floor.StatePlanned, 110 * minute, "end R1", r1 + 25*minute},
		{floor.StateEnded, floor.StatePlanned, 126 * minute, "call R2", r2 - 10*minute},
		{floor.StatePlanned, floor.StatePlanned, 126 * minute, "call R2", r2 - 10*minute}, // R1 was missed: it is left alone
	}
	for _, test := range tests {
		m := newPlanner(1, time.Time{}, "organiser:o")
		m.now = test.now
		intents := runRounds(m, view(map[floor.CardKey]floor.Card{
			"event/e":  floor.EventCard{Version: 1},
			"round/R1": round(1, test.one, r1),
			"round/R2": round(2, test.two, r2),
		}))
		if len(intents) == 0 || intents[0].key != test.key || intents[0].at < test.at || intents[0].at > test.at+10*second {
			t.Errorf("R1 %s, R2 %s: %+v, want %s", test.one, test.two, intents, test.key)
		}
	}
	draft := view(map[floor.CardKey]floor.Card{"event/e": floor.EventCard{}, "round/R1": round(1, floor.StatePlanned, r1)})
	if m := newPlanner(1, time.Time{}, "organiser:o"); len(runRounds(m, draft)) != 0 || len(releaseDraft(m, draft)) != 1 {
		t.Error("with a draft, the lead does not release it first")
	}
}

// The opening is not started in the afternoon.
func TestRunItems_LeavesMissedItemsAlone(t *testing.T) {
	item := func(start floor.Instant, state floor.SlotState) floor.ItemCard {
		return floor.ItemCard{Kind: floor.ItemTalk, SlotCard: round(0, state, start).SlotCard}
	}
	m := newPlanner(1, time.Time{}, "organiser:o")
	m.now = 200 * minute
	keys := map[string]bool{}
	for _, e := range runItems(m, view(map[floor.CardKey]floor.Card{
		"event/e": floor.EventCard{Version: 1}, "item/missed": item(100*minute, floor.StatePlanned),
		"item/late": item(199*minute, floor.StatePlanned), "item/runs": item(180*minute, floor.StateRunning),
		"item/ended": item(150*minute, floor.StateEnded), "item/next": item(300*minute, floor.StatePlanned),
	})) {
		keys[e.key] = true
	}
	if len(keys) != 3 || !keys["start late"] || !keys["end runs"] || !keys["start next"] {
		t.Errorf("%v", keys)
	}
}

func TestServeRequests_TakesTheOneThatWaitedLongest(t *testing.T) {
	offer := func(at floor.Instant, state floor.RequestState, mine bool) floor.OfferCard {
		return floor.OfferCard{At: at, State: state, Mine: mine}
	}
	m := newPlanner(1, time.Time{}, "interpreter:i1")
	cards := map[floor.CardKey]floor.Card{
		"self/i1": floor.InterpreterSelfCard{Duty: floor.OnDuty}, "round/R1": round(1, floor.StateRunning, 0),
		"offer/r1": offer(5, floor.Claimed, false), "offer/r2": offer(9, floor.Requested, false), "offer/r3": offer(7, floor.Requested, false),
	}
	next := func() string {
		for _, e := range serveRequests(m, view(cards)) {
			return e.key
		}
		return ""
	}
	if got := next(); got != "claim r3" {
		t.Error(got)
	}
	cards["assignment/m1"] = floor.AssignmentCard{Place: floor.PlaceCard{Round: "R1"}}
	if got := next(); got != "" {
		t.Errorf("busy interpreter: %s", got)
	}
	cards["offer/r2"] = offer(9, floor.OnTheWay, true)
	if got := next(); got != "onTheWay r2" {
		t.Error(got)
	}
	cards["self/i1"] = floor.InterpreterSelfCard{Duty: floor.OnBreak}
	if got := next(); got != "" {
		t.Errorf("interpreter on a break: %s", got)
	}
}

func TestPickMove_StaysInZones(t *testing.T) {
	cards := map[floor.CardKey]floor.Card{
		"event/e": floor.EventCard{Version: 1}, "round/R1": round(1, floor.StateRunning, 0), "round/R2": round(2, floor.StatePlanned, hour),
	}
	table := func(id string, zone floor.ZoneID, capacity int, closed bool) {
		cards[floor.CardKey("table/"+id)] = floor.TableCard{Label: id, Zone: zone, Capacity: capacity, Closed: closed}
	}
	meeting := func(id string, round floor.RoundID, at floor.TableID, locked bool) {
		cards[floor.CardKey("meeting/"+id)] = floor.MeetingCard{
			Place: floor.Place{Round: round, Table: at}, Locked: locked,
			Host: floor.Party{People: []floor.AttendeeID{"a", "b"}}, Guest: floor.Party{People: []floor.AttendeeID{"c"}},
		}
	}
	table("T1", "A", 4, false)
	table("T2", "A", 2, false) // too small
	table("T3", "A", 4, true)  // closed
	table("T4", "A", 4, false) // taken
	table("T5", "B", 4, false) // another zone
	table("T6", "A", 4, false)
	meeting("m1", "R2", "T1", false)
	meeting("m2", "R2", "T4", true)  // locked
	meeting("m3", "R1", "T6", false) // in a round that runs
	meeting("m4", "R2", "T5", false)
	m := newPlanner(1, time.Time{}, "moderator:s2")
	m.zones = []floor.ZoneID{"A"}
	for key := range 50 {
		move, ok := pickMove(m, view(cards), string(rune('A'+key)))
		if want := (floor.MoveMeeting{Meeting: "m1", Table: "T6"}); !ok || move != want {
			t.Fatalf("%+v", move)
		}
	}
	m.zones = []floor.ZoneID{"C"}
	if move, ok := pickMove(m, view(cards), "x"); ok {
		t.Errorf("%+v", move)
	}
}

func TestRunners_LeaveSparedPeopleAlone(t *testing.T) {
	cards := map[floor.CardKey]floor.Card{
		"item/i": floor.ItemCard{}, "round/R1": round(1, floor.StateRunning, 0),
		"attendee/a1": floor.AttendeeCard{}, "attendee/a2": floor.AttendeeCard{CheckedIn: 1}, "attendee/a3": floor.AttendeeCard{},
		"meeting/m1": floor.MeetingCard{
			Place: floor.Place{Round: "R1", Table: "T1"},
			Host:  floor.Party{People: []floor.AttendeeID{"a1"}, Presence: floor.Expected, GraceEnd: true},
			Guest: floor.Party{People: []floor.AttendeeID{"a2"}, Presence: floor.Expected},
		},
	}
	h := sparedAttendees([]Link{{Role: floor.RoleAttendee, ID: "a1"}, {Role: floor.RoleModerator, ID: "s1"}})
	m := newPlanner(3, time.Time{}, "runner:r1")
	intents := behaviours{h.checkInAtDesk, h.markPresence}.intents(m, view(cards))
	for _, e := range intents {
		switch body := e.body.(type) {
		case floor.CheckIn:
			if body.Attendee != "a3" {
				t.Errorf("%+v", e)
			}
		case floor.MarkPresent:
			if body.Side != floor.Guest {
				t.Errorf("%+v", e)
			}
		default:
			t.Errorf("%+v", e)
		}
	}
	if len(intents) != 2 {
		t.Errorf("%+v", intents)
	}
}

func TestForHuman_OneLinkOfEachRole(t *testing.T) {
	links := []Link{
		{Role: floor.RoleModerator, ID: "s2"}, {Role: floor.RoleModerator, ID: "s1"}, {Role: floor.RoleAttendee, ID: "b"},
		{Role: floor.RoleAttendee, ID: "a"}, {Role: floor.RoleInterpreter, ID: "i"}, {Role: floor.RoleDisplay, ID: "d"},
	}
	ids := func(links []Link) (all string) {
		for _, l := range links {
			all += l.ID + " "
		}
		return all
	}
	if got := ids(ForHuman(links)); got != "a i s2 d " {
		t.Error(got)
	}
	withOrganiser := append(links, Link{Role: floor.RoleOrganiser, ID: "o"})
	if got := ids(ForHuman(withOrganiser)); got != "a i s1 d " {
		t.Error(got)
	}
	people := Options{Links: withOrganiser, Attendees: 5, SpareForHuman: true}.people()
	who := ""
	for _, p := range people {
		who += string(p.who) + " "
	}
	if who != "organiser:o moderator:s2 attendee:b " {
		t.Error(who)
	}
}
