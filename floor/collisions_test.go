package floor

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/matchfloor/matchfloor/internal/golden"
)

// collisionsFile has what floor decides about moving meetings, for the rules of the moderator's
// page (move-rules.ts), which must give the same verdicts before the command is sent. It is one
// JSON array with a line for each state; see collisionState for the fields.
const collisionsFile = "testdata/collisions.json"

// collisionState is a state as one moderator's page holds it, with moves from it. Each move is
// decided on its own, by You, without a base, so that nothing is stale.
type collisionState struct {
	Name  string          `json:"name"`
	You   collisionYou    `json:"you"`
	Cards View            `json:"cards"` // rounds, tables, companies, meetings and open requests
	Moves []collisionMove `json:"moves"`
}

// collisionYou is who moves, as a session's hello names them.
type collisionYou struct {
	Who   ActorID  `json:"who"`
	Lead  bool     `json:"lead,omitzero"`
	Zones []ZoneID `json:"zones,omitempty"`
}

// collisionMove is one meeting, one target place and the outcomes of the commands that would bring
// the meeting there.
type collisionMove struct {
	Meeting MeetingID `json:"meeting"`
	To      Place     `json:"to"` // zero: the tray

	// Move is the outcome of MoveMeeting with Override.
	Move outcome `json:"move"`

	// WithoutInterpreter is that of the same command with WithoutInterpreter. It is there only if
	// Move is refused with interpreter_busy.
	WithoutInterpreter *outcome `json:"withoutInterpreter,omitempty"`

	// Swap is that of SwapMeetings with the other meeting that is at To, if there is one.
	Swap *swapOutcome `json:"swap,omitempty"`
}

// outcome is what Decide returns for a command: a refusal (hard), or else notes (soft, if any).
type outcome struct {
	Refused *Error   `json:"refused,omitempty"`
	Notes   []*Error `json:"notes,omitzero"` // not nil if the command is accepted
}

type swapOutcome struct {
	With MeetingID `json:"with"`
	outcome
}

// moveReasons lists every reason that a move of the page can be refused for, and every note that it
// can have. The page offers only places that exist and asks for no base, so that codes such as
// "unknown", "bad_value" and "stale" are not among them.
var moveReasons = []string{
	"nothing_changes", "cancelled", "no_place", "locked", "table_closed", "table_small", "table_taken", "person_busy",
	"other_zone of its own table", "other_zone of the target",
	"round_closed of its own round", "round_closed of the target",
	"interpreter_busy by an assignment", "interpreter_busy by a claimed request",
	"far_table", "met_before", "no_rest", "no_interpreter",
}

// TestCollisions_AreAsPublished generates the states from fixed seeds, decides the moves, and
// compares the result with the file. Every reason must occur at least five times.
func TestCollisions_AreAsPublished(t *testing.T) {
	const seeds, least = 204, 5
	reached := map[string]int{}
	var lines []string
	for seed := range seeds {
		w := newCollisionWorld(seed)
		state := w.draw()
		for _, m := range state.Moves {
			for _, reason := range w.reasons(m) {
				reached[reason]++
			}
		}
		line, err := json.Marshal(state)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line))
	}
	for _, reason := range moveReasons {
		if reached[reason] < least {
			t.Errorf("%q occurs %d times, want at least %d", reason, reached[reason], least)
		}
		delete(reached, reason)
	}
	for reason, n := range reached {
		t.Errorf("%q occurs %d times and is not in moveReasons", reason, n)
	}
	text := "[\n" + strings.Join(lines, ",\n") + "\n]\n"
	if len(text) > 600_000 {
		t.Errorf("the file has %d bytes; more than 600,000 are too many", len(text))
	}
	golden.Compare(t, collisionsFile, text)
}

// collisionWorld generates one state. It draws from a generator whose numbers are specified, not
// from rapid: the file must not change with a version of a library.
type collisionWorld struct {
	seed   int
	random *rand.PCG
	forum  Forum
	state  State
	given  int // commands
	you    collisionYou
}

func newCollisionWorld(seed int) *collisionWorld {
	w := &collisionWorld{seed: seed, random: rand.NewPCG(uint64(seed), 0x6d61746368666c6f)}
	w.random.Uint64()
	return w
}

// below returns a number from 0 to n-1, and pick an element of a list.
func (w *collisionWorld) below(n int) int { return int(w.random.Uint64() % uint64(n)) }

func pick[T any](w *collisionWorld, list []T) T { return list[w.below(len(list))] }

// draw generates the state, a day's commands on it, and the moves.
func (w *collisionWorld) draw() collisionState {
	w.drawFloor()
	w.drawFirms()
	for range 3 + w.below(3) {
		w.addMeeting(pick(w, w.forum.Rounds).ID)
	}
	if w.longDay() {
		for _, r := range w.forum.Rounds {
			w.addMeeting(r.ID)
		}
	}
	w.give(Operator, ImportForum{w.forum})
	if w.below(8) > 0 {
		w.give(Operator, ReleaseSchedule{})
	}
	for _, i := range w.forum.Interpreters {
		w.give("moderator:lead", SetDuty{i.ID, OnDuty})
	}
	for range w.below(12) {
		w.drawCommand()
	}
	w.you = pick(w, []collisionYou{
		{Who: "moderator:lead", Lead: true}, {Who: "moderator:lead", Lead: true}, {Who: "moderator:mod", Zones: []ZoneID{"A"}}, {Who: "organiser:o"},
	})
	out := collisionState{Name: fmt.Sprintf("seed %d", w.seed), You: w.you, Cards: View{}, Moves: w.drawMoves()}
	for key, card := range w.state.View(Everyone, Moderator) {
		switch kind, _, _ := strings.Cut(string(key), "/"); kind {
		case "round", "table", "company", "meeting", "request":
			out.Cards[key] = card
		}
	}
	return out
}

// longDay reports whether the state is of one interpreter and enough rounds to work more than
// maxWithoutRest of them without a pause.
func (w *collisionWorld) longDay() bool { return w.seed%9 == 0 }

func (w *collisionWorld) drawFloor() {
	w.forum = Forum{
		Event: Event{ID: "e", Name: Text{En: "E"}, TimeZone: "UTC"},
		Zones: []Zone{{"A", Text{En: "A"}}, {"B", Text{En: "B"}}},
		Staff: []Staff{
			{ID: "lead", Name: Text{En: "L"}, Role: RoleModerator, Lead: true},
			{ID: "mod", Name: Text{En: "M"}, Role: RoleModerator, Zones: []ZoneID{"A"}},
		},
	}
	for i := range 3 + w.below(2) {
		w.forum.Tables = append(w.forum.Tables, Table{
			ID: TableID(fmt.Sprintf("T%d", i+1)), Label: itoa(i + 1), Zone: pick(w, w.forum.Zones).ID, Capacity: pick(w, []int{2, 3, 4, 4, 6}),
		})
	}
	rounds, interpreters := 2+w.below(3), []InterpreterID{"i1", "i2"}
	if w.longDay() {
		rounds, interpreters = maxWithoutRest+2, interpreters[:1]
	}
	for i := range rounds {
		plan := Span{Instant(30*i+30) * Minute, Instant(30*i+55) * Minute}
		w.forum.Rounds = append(w.forum.Rounds, Round{ID: RoundID(fmt.Sprintf("R%d", i+1)), No: i + 1, Slot: Slot{Plan: plan, Now: plan, State: StatePlanned}})
	}
	for _, id := range interpreters {
		w.forum.Interpreters = append(w.forum.Interpreters, Interpreter{ID: id, Name: Text{En: string(id)}, Pairs: []Pair{"ko-zh"}})
	}
}

// drawFirms adds hosts k1, k2, …, some with a home table, and guests c1, c2, …, each with one or
// two people.
func (w *collisionWorld) drawFirms() {
	for i := range 4 + w.below(2) {
		c := Company{ID: CompanyID(fmt.Sprintf("c%d", i/2+1)), Country: "CN", Languages: []Lang{"zh"}}
		if i%2 == 0 {
			c.ID, c.Country, c.Languages = CompanyID(fmt.Sprintf("k%d", i/2+1)), "KR", []Lang{"ko"}
			if w.below(2) == 0 {
				c.HomeTable = pick(w, w.forum.Tables).ID
			}
		}
		c.Name = Text{En: strings.ToUpper(string(c.ID))}
		w.forum.Companies = append(w.forum.Companies, c)
		for p := range 1 + w.below(2) {
			w.forum.Attendees = append(w.forum.Attendees, Attendee{ID: AttendeeID(fmt.Sprintf("%s%c", c.ID, 'a'+p)), Company: c.ID, Name: c.Name})
		}
	}
}

// addMeeting adds a meeting in a round, without its interpreter or its place if it does not fit
// with them.
func (w *collisionWorld) addMeeting(round RoundID) {
	host, guest := w.drawSides()
	m := Meeting{ID: MeetingID(fmt.Sprintf("m%d", len(w.forum.Meetings)+1)), Host: Party{Company: host}, Guest: Party{Company: guest}}
	m.Place = Place{round, pick(w, w.forum.Tables).ID}
	if w.longDay() || w.below(2) == 0 {
		m.Pair, m.Interpreter = "ko-zh", pick(w, w.forum.Interpreters).ID
	}
	alone, lifted := m, m
	alone.Interpreter, lifted.Place = "", Place{}
	for _, m := range []Meeting{m, alone, lifted} {
		next := w.forum
		next.Meetings = append(slices.Clip(w.forum.Meetings), m)
		if len(CheckForum(next)) == 0 {
			w.forum = next
			return
		}
	}
}

func (w *collisionWorld) drawSides() (host, guest CompanyID) {
	for {
		host, guest = pick(w, w.forum.Companies).ID, pick(w, w.forum.Companies).ID
		if host[0] == 'k' && guest[0] == 'c' {
			return host, guest
		}
	}
}

// give decides a command and applies its record. A refusal is ignored: what remains is a state that
// floor can reach.
func (w *collisionWorld) give(by ActorID, c Command) {
	w.given++
	out, refused := Decide(w.state, Envelope{Key: CommandKey("k/" + itoa(w.given)), By: by, Unconditional: true, ReceivedAt: Minute, Command: c})
	if refused == nil {
		w.state, _ = out.Next()
	}
}

func (w *collisionWorld) drawCommand() {
	m, r, t := pick(w, w.forum.Meetings).ID, pick(w, w.forum.Rounds).ID, pick(w, w.forum.Tables).ID
	var commands []Command
	switch w.below(11) {
	case 0, 1:
		commands = []Command{MoveMeeting{Meeting: m, Round: r, Table: t, WithoutInterpreter: w.below(2) == 0}}
	case 2:
		commands = []Command{MoveMeeting{Meeting: m, Tray: true}}
	case 3:
		commands = []Command{SwapMeetings{m, pick(w, w.forum.Meetings).ID}}
	case 4:
		commands = []Command{CancelMeeting{Meeting: m}}
	case 5:
		commands = []Command{LockMeeting{m, true}}
	case 6:
		commands = []Command{CloseTable{Table: t}}
	case 7:
		commands = []Command{StartSlot{SlotRef{Round: r}}, EndSlot{SlotRef{Round: r}}}
	default:
		w.give("moderator:lead", RequestInterpreter{Meeting: m})
		for id := range w.state.openRequestIDs.All() {
			commands = append(commands, ClaimRequest{id, pick(w, w.forum.Interpreters).ID})
		}
	}
	for _, c := range commands {
		w.give("moderator:lead", c)
	}
}

// drawMoves returns some of all moves from the state: as many different outcomes as there are, at
// most seven.
func (w *collisionWorld) drawMoves() []collisionMove {
	byOutcome := map[string][]collisionMove{}
	for id := range w.state.meetings.All() {
		targets := []Place{{}}
		for r := range w.state.rounds.All() {
			for t := range w.state.tables.All() {
				targets = append(targets, Place{r, t})
			}
		}
		for _, to := range targets {
			m := w.decide(id, to)
			name := strings.Join(w.reasons(m), ", ")
			byOutcome[name] = append(byOutcome[name], m)
		}
	}
	names := make([]string, 0, len(byOutcome))
	for name := range byOutcome {
		names = append(names, name)
	}
	slices.Sort(names)
	moves := []collisionMove{}
	for len(names) > 0 && len(moves) < 7 {
		i := w.below(len(names))
		moves = append(moves, pick(w, byOutcome[names[i]]))
		names = slices.Delete(names, i, i+1)
	}
	return moves
}

func (w *collisionWorld) decide(id MeetingID, to Place) collisionMove {
	c := MoveMeeting{Meeting: id, Round: to.Round, Table: to.Table, Tray: to == Place{}, Override: true}
	m := collisionMove{Meeting: id, To: to, Move: w.outcome(c)}
	if m.Move.Refused != nil && m.Move.Refused.Code == CodeInterpreterBusy {
		c.WithoutInterpreter = true
		without := w.outcome(c)
		m.WithoutInterpreter = &without
	}
	if other, ok := w.state.meetingAt(to); ok && other.ID != id {
		m.Swap = &swapOutcome{other.ID, w.outcome(SwapMeetings{id, other.ID})}
	}
	return m
}

func (w *collisionWorld) outcome(c Command) outcome {
	out, refused := Decide(w.state, Envelope{Key: "x/1", By: w.you.Who, Unconditional: true, ReceivedAt: Minute, Command: c})
	if refused != nil {
		return outcome{Refused: refused}
	}
	return outcome{Notes: append([]*Error{}, out.Notes...)}
}

// reasons names the refusals and notes of a move's outcomes, in the words of moveReasons.
func (w *collisionWorld) reasons(m collisionMove) (names []string) {
	outcomes := []outcome{m.Move}
	if m.WithoutInterpreter != nil {
		outcomes = append(outcomes, *m.WithoutInterpreter)
	}
	if m.Swap != nil {
		outcomes = append(outcomes, m.Swap.outcome)
	}
	for _, o := range outcomes {
		if o.Refused != nil {
			names = append(names, w.reason(m, o.Refused))
		}
		for _, note := range o.Notes {
			names = append(names, string(note.Code))
		}
	}
	return names
}

func (w *collisionWorld) reason(m collisionMove, e *Error) string {
	from := w.state.meetings.At(m.Meeting).Place
	switch e.Code {
	case CodeOtherZone:
		if e.Params["zone"] == string(w.state.zoneOf(from)) {
			return "other_zone of its own table"
		}
		return "other_zone of the target"
	case CodeRoundClosed:
		if e.Params["round"] == string(from.Round) {
			return "round_closed of its own round"
		}
		return "round_closed of the target"
	case CodeInterpreterBusy:
		other := w.state.meetings.At(MeetingID(e.Params["meeting"]))
		if e.Params["who"] == string(NewActorID(RoleInterpreter, other.Interpreter)) {
			return "interpreter_busy by an assignment"
		}
		return "interpreter_busy by a claimed request"
	}
	return string(e.Code)
}
