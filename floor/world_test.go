package floor

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"github.com/matchfloor/matchfloor/internal/hamt"
)

// day is the wall and event time at which every generated floor begins.
const day Instant = 1_795_478_400_000

// drawForum draws a forum of at most 6 companies, 4 tables and 3 rounds that breaks no hard rule.
func drawForum(t *rapid.T) Forum {
	f := Forum{Event: Event{ID: "ev", Name: Text{En: "Event"}, TimeZone: "Asia/Seoul", GraceMin: 5, EscalateMin: 2}}
	for z := range between(t, 1, 2) {
		f.Zones = append(f.Zones, Zone{ZoneID(fmt.Sprintf("Z%d", z)), Text{En: "Zone"}})
	}
	for i := range between(t, 2, 4) {
		f.Tables = append(f.Tables, Table{
			ID: TableID(fmt.Sprintf("T%d", i)), Label: fmt.Sprintf("%02d", i), Zone: f.Zones[i%len(f.Zones)].ID,
			Capacity: between(t, 3, 6),
		})
	}
	at := day + 60*Minute
	for i := range between(t, 1, 3) {
		plan := Span{at, at + 25*Minute}
		f.Rounds = append(f.Rounds, Round{ID: RoundID(fmt.Sprintf("R%d", i)), No: i + 1, Slot: Slot{Plan: plan, Now: plan, State: StatePlanned}})
		at += 30 * Minute
	}
	match := Span{f.Rounds[0].Plan.Start, at}
	talk, tea := Span{day, day + 60*Minute}, Span{at, at + 20*Minute}
	f.Items = []Item{
		{ID: "talk", Kind: ItemTalk, Name: Text{En: "Talk"}, Slot: Slot{Plan: talk, Now: talk, State: StatePlanned}},
		{ID: "match", Kind: ItemMatching, Name: Text{En: "Meetings"}, Slot: Slot{Plan: match, Now: match, State: StatePlanned}},
		{ID: "tea", Kind: ItemBreak, Name: Text{En: "Tea"}, Slot: Slot{Plan: tea, Now: tea, State: StatePlanned}, AbsorbsMin: 10},
	}
	drawPeople(t, &f)
	drawMeetings(t, &f)
	return f
}

func drawPeople(t *rapid.T, f *Forum) {
	for i := range between(t, 2, 6) {
		c := Company{ID: CompanyID(fmt.Sprintf("c%d", i)), Name: Text{En: fmt.Sprintf("Firm %d", i)}, Country: "KR", Languages: []Lang{"ko"}}
		if i%2 == 1 {
			c.Country, c.Languages = "CN", []Lang{"zh"}
		}
		f.Companies = append(f.Companies, c)
		for p := range between(t, 1, 2) {
			f.Attendees = append(f.Attendees, Attendee{
				ID: AttendeeID(fmt.Sprintf("c%d%c", i, 'a'+p)), Company: c.ID, Name: Text{En: fmt.Sprintf("PERSON-%d-%d", i, p)},
			})
		}
	}
	f.Interpreters = []Interpreter{
		{ID: "i0", Name: Text{En: "PERSON-i0"}, Pairs: []Pair{"ko-zh"}, Skills: []string{"LED"}},
		{ID: "i1", Name: Text{En: "PERSON-i1"}, Pairs: []Pair{"ko-zh", "en-ko"}, Shifts: []Span{{day, day + 100*Minute}}},
	}
	f.Staff = []Staff{
		{ID: "lead", Name: Text{En: "PERSON-lead"}, Role: RoleModerator, Lead: true},
		{ID: "mod", Name: Text{En: "PERSON-mod"}, Role: RoleModerator, Zones: []ZoneID{"Z0"}},
		{ID: "run", Name: Text{En: "PERSON-run"}, Role: RoleRunner},
	}
	f.Displays = []Display{{ID: "d0", Name: "Wall", Zones: []ZoneID{"Z0"}, Languages: []Lang{"ko", "zh"}}}
}

// drawMeetings places pairs of companies where they fit, and some on the tray.
func drawMeetings(t *rapid.T, f *Forum) {
	for i := range between(t, 3, 12) {
		host := oneOf(t, f.Companies).ID
		guest := oneOf(t, f.Companies).ID
		if host == guest {
			continue
		}
		m := Meeting{ID: MeetingID(fmt.Sprintf("m%d", i)), Host: Party{Company: host}, Guest: Party{Company: guest}}
		if between(t, 0, 1) == 1 {
			m.Pair, m.Interpreter = "ko-zh", oneOf(t, []InterpreterID{"", "i0", "i1"})
		}
		m.Place = Place{oneOf(t, f.Rounds).ID, oneOf(t, f.Tables).ID}
		for _, tries := range []func(){func() {}, func() { m.Interpreter = "" }, func() { m.Place = Place{} }} {
			tries()
			next := *f
			next.Meetings = append(slices.Clip(f.Meetings), m)
			if len(CheckForum(next)) == 0 {
				f.Meetings = next.Meetings
				break
			}
		}
	}
}

// between and oneOf draw evenly. rapid's own ranges favour small numbers, and a day on which mostly the
// first kind of command is given tests little.
func between(t *rapid.T, low, high int) int {
	x := rapid.Uint32().Draw(t, "draw") * 2654435761
	x ^= x >> 15
	x *= 2246822519
	x ^= x >> 13
	return low + int(x%uint32(high-low+1))
}

func oneOf[T any](t *rapid.T, list []T) T { return list[between(t, 0, len(list)-1)] }

// world is a floor with its log, as a property test drives it.
type world struct {
	states   []State
	records  []Record
	affected []Affected
	forum    Forum
	wall     Instant

	envelopes []Envelope // all that were given
	refusals  []*Error
}

func (w *world) now() State { return w.states[len(w.states)-1] }

func (w *world) give(o Envelope) *Error {
	o.ReceivedAt = w.wall
	out, err := Decide(w.now(), o)
	w.envelopes = append(w.envelopes, o)
	if err != nil {
		w.refusals = append(w.refusals, err)
		return err
	}
	r := out.Record()
	next, affected := out.Next()
	w.states, w.records, w.affected = append(w.states, next), append(w.records, r), append(w.affected, affected)
	return nil
}

func newWorld(t *rapid.T) *world {
	w := &world{states: []State{New()}, forum: drawForum(t), wall: day}
	if err := w.give(Envelope{Key: "cli/import", By: Operator, Unconditional: true, Command: ImportForum{w.forum}}); err != nil {
		t.Fatalf("import: %v", err)
	}
	if between(t, 0, 9) > 0 {
		if err := w.give(Envelope{Key: "cli/release", By: Operator, Unconditional: true, Command: ReleaseSchedule{}}); err != nil {
			t.Fatalf("release: %v", err)
		}
	}
	for _, i := range w.forum.Interpreters {
		w.give(Envelope{Key: CommandKey("duty/" + i.ID), By: "organiser:o", Unconditional: true, Command: SetDuty{i.ID, OnDuty}})
	}
	return w
}

// step lets some time pass, gives what fell due, and gives a drawn command.
func (w *world) step(t *rapid.T, n int) {
	w.wall += Instant(between(t, 0, 6)) * Minute
	due, _ := w.now().Due(w.now().Clock().At(w.wall))
	for _, d := range due {
		w.give(Envelope{Key: d.Key(), By: Clock, Unconditional: true, Command: d})
	}
	if between(t, 0, 2) == 0 {
		w.deliver(t, n)
	}
	if between(t, 0, 5) == 0 {
		w.reportLost(t, n)
	}
	base := w.now().Seq()
	if between(t, 0, 5) == 0 {
		base -= min(base, uint64(between(t, 1, 3)))
	}
	c := w.drawCommand(t)
	w.give(Envelope{Key: CommandKey(fmt.Sprintf("k/%d", n)), BaseSeq: base, By: w.drawWho(t, c), Command: c})
}

// deliver marks notices as delivered to some people, also to people whom they are not for.
func (w *world) deliver(t *rapid.T, n int) {
	var c MarkDelivered
	for id, notice := range w.now().notices.All() {
		var to []ActorID
		for _, who := range append(slices.Clone(notice.For), "attendee:nobody", "attendee:c0a") {
			if between(t, 0, 1) == 1 {
				to = append(to, who)
			}
		}
		c.Notices = append(c.Notices, Delivery{id, to})
	}
	w.give(Envelope{Key: CommandKey(fmt.Sprintf("clock/delivered-%d", n)), By: Clock, Unconditional: true, Command: c})
}

// reportLost reports somebody's command as lost, sometimes one that the log has.
func (w *world) reportLost(t *rapid.T, n int) {
	by := oneOf(t, []ActorID{"moderator:mod", "attendee:c0a", "interpreter:i0", "organiser:o", Operator})
	key := oneOf(t, []CommandKey{CommandKey(fmt.Sprintf("k/%d", n)), CommandKey(fmt.Sprintf("gone/%d", n)), drawKey(t, w.now().history)})
	w.give(Envelope{Key: CommandKey(fmt.Sprintf("clock/lost-%d", n)), By: Clock, Unconditional: true,
		Command: ReportLost{LostCommand{Command: key, Kind: "checkIn", By: by, Wall: w.wall, Of: []string{"attendee/c0a"}}}})
}

// drawWho draws mostly somebody who may give the command, and sometimes anybody.
func (w *world) drawWho(t *rapid.T, c Command) ActorID {
	if between(t, 0, 5) > 0 {
		if c, ok := c.(AcknowledgeNotices); ok && len(w.now().notices.At(c.Notices[0]).For) > 0 {
			return oneOf(t, w.now().notices.At(c.Notices[0]).For)
		}
		return "moderator:lead"
	}
	all := []ActorID{"organiser:o", "moderator:lead", "moderator:lead", "moderator:mod", "runner:run", "interpreter:i0", "interpreter:i1", "display:d0", "attendee:nobody"}
	for _, a := range w.forum.Attendees {
		all = append(all, NewActorID(RoleAttendee, a.ID))
	}
	return oneOf(t, all)
}

func (w *world) drawCommand(t *rapid.T) Command {
	s := w.now()
	meeting := func() MeetingID { return drawKey(t, s.meetings) }
	table := func() TableID { return drawKey(t, s.tables) }
	round := func() RoundID { return drawKey(t, s.rounds) }
	slot := func() SlotRef {
		if between(t, 0, 3) == 0 {
			return SlotRef{Item: oneOf(t, []ItemID{"talk", "tea"})}
		}
		return SlotRef{Round: round()}
	}
	request := func() RequestID {
		if s.openRequestIDs.Len() > 0 {
			return drawKey(t, s.openRequestIDs)
		}
		return drawKey(t, s.requests)
	}
	interpreter := func() InterpreterID { return oneOf(t, []InterpreterID{"i0", "i0", "i1", "i1", ""}) }
	side := func() Side { return oneOf(t, []Side{Host, Guest}) }
	key := func() CommandKey { return drawKey(t, s.history) }
	notice := func() []NoticeID { return []NoticeID{drawKey(t, s.notices)} }
	draws := []func() Command{
		func() Command {
			return MoveMeeting{Meeting: meeting(), Table: table(), Round: round(), Override: (between(t, 0, 1) == 1), WithoutInterpreter: (between(t, 0, 1) == 1)}
		},
		func() Command { return MoveMeeting{Meeting: meeting(), Tray: true} },
		func() Command { return MoveMeeting{Meeting: meeting(), Table: table()} },
		func() Command { return MoveMeeting{Meeting: meeting(), Table: table()} },
		func() Command { return MoveMeeting{Meeting: meeting(), Table: table()} },
		func() Command { return SwapMeetings{meeting(), meeting()} },
		func() Command { return SwapMeetings{meeting(), meeting()} },
		func() Command { return SwapMeetings{meeting(), meeting()} },
		func() Command { return SwapMeetings{meeting(), meeting()} },
		func() Command { return CancelMeeting{meeting(), "late"} },
		func() Command { return LockMeeting{meeting(), (between(t, 0, 1) == 1)} },
		func() Command { return CloseTable{table(), "leak"} },
		func() Command { return OpenTable{table()} },
		func() Command { return CallSlot{slot(), (between(t, 0, 1) == 1)} },
		func() Command { return StartSlot{slot()} },
		func() Command { return StartSlot{slot()} },
		func() Command { return ExtendSlot{slot(), between(t, -10, 20)} },
		func() Command { return EndSlot{slot()} },
		func() Command { return CheckIn{oneOf(t, w.forum.Attendees).ID} },
		func() Command { return MarkPresent{meeting(), side()} },
		func() Command { return MarkNoShow{meeting(), side()} },
		func() Command { return AcknowledgeNotices{notice()} },
		func() Command {
			id := drawKey(t, s.notices)
			return MarkTold{id, append(slices.Clip(s.notices.At(id).For), "attendee:c0a")[:1]}
		},
		func() Command { return Announce{Text{Ko: "안내"}, between(t, 0, 9)} },
		func() Command {
			return SetDuty{interpreter(), oneOf(t, []Duty{OnDuty, OnDuty, OffDuty, OnBreak})}
		},
		func() Command {
			return RequestInterpreter{meeting(), "", oneOf(t, []string{"", "LED"})}
		},
		func() Command { return ClaimRequest{request(), interpreter()} },
		func() Command { return MarkInterpreterDeparted{request()} },
		func() Command { return MarkInterpreterArrived{request()} },
		func() Command { return ReleaseRequest{request()} },
		func() Command { return CancelRequest{request()} },
		func() Command { return Undo{key()} },
		func() Command { return ReleaseSchedule{} },
		func() Command { return ImportForum{w.redraw(t)} },
		func() Command { return SetClock{day + Instant(between(t, 0, 300))*Minute, 1} },
		func() Command { return RotateLink{"attendee-c0a"} },
		func() Command { return DismissLost{[]LostID{drawKey(t, s.lost)}} },
	}
	if s.openRequestIDs.Len() > 0 && between(t, 0, 2) == 0 {
		return w.drawRequestStep(t)
	}
	return oneOf(t, draws)()
}

// drawRequestStep draws the next step of an open request.
func (w *world) drawRequestStep(t *rapid.T) Command {
	r := w.now().requests.At(oneOf(t, slices.Collect(keysOf(w.now().openRequestIDs))))
	switch r.State {
	case Requested:
		return ClaimRequest{r.ID, oneOf(t, []InterpreterID{"i0", "i1"})}
	case Arrived:
		return ReleaseRequest{r.ID}
	}
	return oneOf(t, []Command{MarkInterpreterDeparted{r.ID}, MarkInterpreterArrived{r.ID}, ReleaseRequest{r.ID}})
}

// drawKey draws mostly a key of x, and sometimes, or if x is empty, one that x does not have.
func drawKey[K ~string, V any](t *rapid.T, x hamt.Map[K, V]) K {
	if x.Len() == 0 || between(t, 0, 9) == 0 {
		return "none"
	}
	return oneOf(t, slices.Collect(keysOf(x)))
}

func keysOf[K ~string, V any](x hamt.Map[K, V]) func(func(K) bool) {
	return func(yield func(K) bool) {
		for k := range x.All() {
			if !yield(k) {
				return
			}
		}
	}
}

func (w *world) play(t *rapid.T) {
	for n := range between(t, 5, 80) {
		w.step(t, n)
	}
}

// redraw returns the forum without one of its meetings, and sometimes without its displays.
func (w *world) redraw(t *rapid.T) Forum {
	f := w.forum
	if len(f.Meetings) > 0 {
		i := between(t, 0, len(f.Meetings)-1)
		f.Meetings = slices.Concat(f.Meetings[:i], f.Meetings[i+1:])
	}
	if between(t, 0, 1) == 1 {
		f.Displays = nil
	}
	return f
}
