package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// TestAcceptanceDay_ScreensMatchTheLog plays the forum's day through the protocol, with a
// client for every person in the sample forum. After each scene it compares every screen with
// the log. At the end it checks that no name has leaked where none belongs.
func TestAcceptanceDay_ScreensMatchTheLog(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(topologies)) {
		t.Run(name, func(t *testing.T) {
			t.Setenv("MATCHFLOOR_LOG_LEVEL", "debug")
			d := &acceptanceDay{venue: topologies[name](t)}
			leaks := d.newLeakDetector()
			for _, scene := range []struct {
				at   string
				play func()
			}{
				{"08:00", d.importForum}, {"08:10", leaks.begin}, {"08:30", d.everyoneEnters}, {"09:50", d.checkIn}, {"10:00", d.talksRunOver},
				{"13:20", d.callFirstRound}, {"13:35", d.noShow}, {"13:41", d.interpreter}, {"14:01", d.wrongSwap},
				{"14:07", d.twoModerators}, {"14:12", d.accessPointFails}, {"14:25", d.extend}, {"15:10", d.journalOutage},
			} {
				d.t.Logf("%s", scene.at)
				if len(d.people) > 0 && scene.at < "15:10" {
					d.clock(scene.at)
				}
				scene.play()
				if len(d.people) > 0 {
					d.checkConverged()
				}
			}
			leaks.check()
		})
	}
}

// acceptanceDay is the venue with the state that scenes share.
type acceptanceDay struct {
	*venue
	lead, second, runner *person
	phones               []string // every attendee
}

// 08:00: an import reports three bad rows by sheet, row, column and reason, and imports
// nothing.
func (d *acceptanceDay) importForum() {
	bad, want, err := demo.WithBadRows()
	if err != nil {
		d.t.Fatal(err)
	}
	out, errs, code := matchfloor(d.t, append([]string{"import", "--json", d.writeWorkbook(bad)}, d.journalFlags()...)...)
	if code != 2 {
		d.t.Fatalf("import of a bad workbook: exit %d: %s", code, errs)
	}
	for _, f := range want {
		row, _ := json.Marshal(f)
		if !strings.Contains(out, strings.TrimSuffix(string(row), "}")) {
			d.t.Errorf("the fault %s is not in %s", row, out)
		}
		if !strings.Contains(errs+out, f.Sheet) {
			d.t.Errorf("the sheet %s is not named", f.Sheet)
		}
	}
	if page, err := d.journal.Read(d.t.Context(), eventID, 0, 1); err != nil || page.Head.Seq != 0 {
		d.t.Fatalf("the event's log stands at %v after a refused import (%v)", page.Head, err)
	}
	d.importSample()
	again, _, code := matchfloor(d.t, append([]string{"import", d.writeWorkbook(demo.Workbook())}, d.journalFlags()...)...)
	if code != 0 || !strings.HasSuffix(strings.TrimSpace(again), eventID) {
		d.t.Fatalf("a second import: exit %d %q", code, again)
	}
	if links := listLinks(d.t, eventID, d.storeFlags...); !maps.Equal(links, d.links) {
		d.t.Error("a second import changed the links")
	}
}

func (d *acceptanceDay) everyoneEnters() {
	d.phones = attendees(d.t)
	names := slices.Clone(d.phones)
	for name, link := range d.links {
		if link.Role != "attendee" {
			names = append(names, name)
		}
	}
	d.signIn(names...)
	d.lead, d.second, d.runner = d.people["moderator:s1"], d.people["moderator:s2"], d.people["runner:r1"]
	before := d.people[d.phones[0]].View()
	for key := range before.Cards {
		if strings.HasPrefix(string(key), "meeting/") {
			d.t.Fatalf("a draft's %s is on a phone", key)
		}
	}
	d.lead.mustSubmit(floor.ReleaseSchedule{})
	d.t.Logf("%d people signed in", len(names))
}

// 09:50: 118 of 132 are checked in by their id.
func (d *acceptanceDay) checkIn() {
	for _, name := range d.phones[:118] {
		if _, err := d.runner.submit(floor.CheckIn{Attendee: floor.AttendeeID(floor.ActorID(name).ID())}); err != nil {
			d.t.Fatalf("%s: %v", name, err)
		}
	}
	d.lead.syncToHead()
	here := 0
	for _, a := range client.Each[floor.AttendeeCard](d.lead.View(), "attendee") {
		if a.CheckedIn != 0 {
			here++
		}
	}
	if here != 118 || len(d.phones) != 132 {
		d.t.Fatalf("the console shows %d of %d", here, len(d.phones))
	}
	d.runner.mustBeRefused(floor.CheckIn{Attendee: floor.AttendeeID(floor.ActorID(d.phones[0]).ID())}, floor.CodeAlready)
}

// 10:00: the talks run 12 minutes over; lunch absorbs the delay; the displays show it.
func (d *acceptanceDay) talksRunOver() {
	d.clock("11:10")
	d.lead.mustSubmit(floor.StartSlot{SlotRef: floor.SlotRef{Item: "talk2"}})
	d.clock("11:58")
	d.lead.mustSubmit(floor.ExtendSlot{SlotRef: floor.SlotRef{Item: "talk2"}, Minutes: 12})
	display := d.people["display:d4"]
	display.syncToHead()
	talk, _ := client.Get[floor.ItemCard](display.View(), "item/talk2")
	lunch, _ := client.Get[floor.ItemCard](display.View(), "item/lunch")
	first, _ := client.Get[floor.RoundCard](display.View(), "round/R1")
	if late := talk.Now.End - talk.Plan.End; late != 12*floor.Minute {
		d.t.Errorf("the display shows %d min late", late/floor.Minute)
	}
	if lunch.Now.Start != instant(d.t, "12:12") || lunch.Now.End != instant(d.t, "13:15") {
		d.t.Errorf("lunch runs %+v", lunch.Now)
	}
	if first.Now != first.Plan || first.Now.Start != instant(d.t, "13:30") {
		d.t.Errorf("the first round runs %+v", first.Now)
	}
	d.clock("12:12")
	d.lead.mustSubmit(floor.EndSlot{SlotRef: floor.SlotRef{Item: "talk2"}})
}

// 13:20: the first round is called; all but three people press "Got it", and the console names
// those three.
func (d *acceptanceDay) callFirstRound() {
	d.lead.mustSubmit(floor.CallSlot{SlotRef: floor.SlotRef{Round: "R1"}})
	var called []*person
	for _, name := range slices.Sorted(maps.Keys(d.people)) {
		p := d.people[name]
		if role := floor.ActorID(name).Role(); role != floor.RoleAttendee && role != floor.RoleInterpreter {
			continue
		}
		p.syncToHead()
		if len(p.notices()) > 0 {
			called = append(called, p)
		}
	}
	silent := []string{called[0].name, called[1].name, called[2].name}
	for _, p := range called[3:] {
		if _, err := p.submit(floor.AcknowledgeNotices{Notices: p.notices()}); err != nil {
			d.t.Fatalf("%s: %v", p.name, err)
		}
	}
	d.lead.syncToHead()
	for _, n := range client.Each[floor.NoticeCard](d.lead.View(), "notice") {
		if n.For != len(called) || n.Seen != len(called)-3 {
			d.t.Errorf("the console shows %d of %d, want %d", n.Seen, n.For, len(called)-3)
		}
	}
	var unseen []string
	for _, u := range client.Each[floor.UnseenCard](d.lead.View(), "unseen") {
		unseen = append(unseen, string(u.Who))
	}
	if slices.Sort(unseen); !slices.Equal(unseen, silent) {
		d.t.Errorf("the unseen list has %v, want %v", unseen, silent)
	}
	d.t.Logf("%d called, %d seen, unseen: %v", len(called), len(called)-3, unseen)
}

// notices returns the notices that a person has to acknowledge.
func (p *person) notices() []floor.NoticeID {
	var ids []floor.NoticeID
	for id := range client.Each[floor.OwnNoticeCard](p.View(), "notice") {
		ids = append(ids, floor.NoticeID(id))
	}
	slices.Sort(ids)
	return ids
}

// 13:35: the grace period ends at T07; the side is marked as a no-show, and no other meeting
// moves.
func (d *acceptanceDay) noShow() {
	d.clock("13:30")
	d.lead.mustSubmit(floor.StartSlot{SlotRef: floor.SlotRef{Round: "R1"}})
	places := map[string]floor.Place{}
	var absent floor.MeetingID
	for id, m := range client.Each[floor.MeetingCard](d.lead.View(), "meeting") {
		places[id] = m.Place
		if m.Place.Round != "R1" {
			continue
		}
		sides := []floor.Side{floor.Host, floor.Guest}
		if m.Place.Table == "T07" {
			absent, sides = floor.MeetingID(id), sides[:1]
		}
		for _, side := range sides {
			if _, err := d.runner.submit(floor.MarkPresent{Meeting: floor.MeetingID(id), Side: side}); err != nil {
				d.t.Fatal(err)
			}
		}
	}
	d.clock("13:35")
	grace := func(v client.View) bool {
		m, _ := client.Get[floor.MeetingCard](v, floor.CardKey("meeting/"+absent))
		return m.Guest.GraceEnd
	}
	d.lead.sees("the end of the grace", grace)
	for id, m := range client.Each[floor.MeetingCard](d.lead.View(), "meeting") {
		if m.Place.Round == "R1" && (m.Host.GraceEnd || m.Guest.GraceEnd && id != string(absent)) {
			d.t.Errorf("%s is marked late too", id)
		}
	}
	d.runner.syncToHead()
	d.runner.mustSubmit(floor.MarkNoShow{Meeting: absent, Side: floor.Guest})
	d.lead.syncToHead()
	for id, m := range client.Each[floor.MeetingCard](d.lead.View(), "meeting") {
		if places[id] != m.Place {
			d.t.Errorf("%s moved from %v to %v", id, places[id], m.Place)
		}
	}
	if m, _ := client.Get[floor.MeetingCard](d.lead.View(), floor.CardKey("meeting/"+absent)); m.Guest.Presence != floor.NoShow {
		d.t.Errorf("T07 shows %+v", m.Guest)
	}
}

// 13:41: a table requests an interpreter who knows LED. Only interpreters who can take the
// request see it. The table sees it claimed, on the way and arrived.
func (d *acceptanceDay) interpreter() {
	for name, p := range d.people {
		if floor.ActorID(name).Role() == floor.RoleInterpreter {
			p.mustSubmit(floor.SetDuty{Interpreter: floor.InterpreterID(floor.ActorID(name).ID()), Duty: floor.OnDuty})
		}
	}
	meeting := d.meetingAt("R1", "T12")
	m, _ := client.Get[floor.MeetingCard](d.lead.View(), floor.CardKey("meeting/"+meeting))
	table := d.people["attendee:"+string(m.Host.People[0])]
	table.mustSubmit(floor.RequestInterpreter{Meeting: meeting, Pair: "ko-zh", Skill: "LED"})
	request := d.onlyRequest(table)
	if request.card.State != floor.Requested || request.card.Line != 1 {
		d.t.Errorf("the table sees %+v", request.card)
	}
	d.logState()
	for name, p := range d.people {
		if floor.ActorID(name).Role() != floor.RoleInterpreter {
			continue
		}
		p.syncToHead()
		self, _ := client.Get[floor.InterpreterSelfCard](p.View(), floor.CardKey("self/"+floor.ActorID(name).ID()))
		_, offered := client.Get[floor.OfferCard](p.View(), floor.CardKey("offer/"+request.id))
		able := slices.Contains(self.Skills, "LED") && slices.Contains(self.Pairs, "ko-zh")
		if offered != able {
			d.t.Errorf("%s (%v %v): offered %v", name, self.Pairs, self.Skills, offered)
		}
	}
	floater := d.people["interpreter:i19"]
	for _, step := range []struct {
		command floor.Command
		state   floor.RequestState
	}{
		{floor.ClaimRequest{Request: request.id}, floor.Claimed},
		{floor.MarkInterpreterDeparted{Request: request.id}, floor.OnTheWay},
		{floor.MarkInterpreterArrived{Request: request.id}, floor.Arrived},
	} {
		floater.mustSubmit(step.command)
		table.sees(string(step.state), func(v client.View) bool {
			r, _ := client.Get[floor.OwnRequestCard](v, floor.CardKey("request/"+request.id))
			return r.State == step.state && !r.Interpreter.Empty()
		})
		if step.state == floor.Claimed {
			by := d.people["interpreter:i03"].mustBeRefused(floor.ClaimRequest{Request: request.id}, floor.CodeClaimed)
			if by["by"] != "interpreter:i19" {
				d.t.Errorf("the second claimant receives %v", by)
			}
		}
	}
}

type ownRequest struct {
	id   floor.RequestID
	card floor.OwnRequestCard
}

func (d *acceptanceDay) onlyRequest(p *person) ownRequest {
	d.t.Helper()
	var all []ownRequest
	for id, card := range client.Each[floor.OwnRequestCard](p.View(), "request") {
		all = append(all, ownRequest{floor.RequestID(id), card})
	}
	if len(all) != 1 {
		d.t.Fatalf("%s has %d requests", p.name, len(all))
	}
	return all[0]
}

func (d *acceptanceDay) meetingAt(round floor.RoundID, table floor.TableID) floor.MeetingID {
	d.t.Helper()
	d.lead.syncToHead()
	for id, m := range client.Each[floor.MeetingCard](d.lead.View(), "meeting") {
		if m.Place == (floor.Place{Round: round, Table: table}) && !m.Cancelled {
			return floor.MeetingID(id)
		}
	}
	d.t.Fatalf("no meeting is at %s in %s", table, round)
	return ""
}

// 14:01: a wrong swap is undone within a second; only the phones that showed it are corrected.
func (d *acceptanceDay) wrongSwap() {
	d.clock("13:55")
	d.lead.mustSubmit(floor.EndSlot{SlotRef: floor.SlotRef{Round: "R1"}})
	d.clock("14:00")
	d.lead.mustSubmit(floor.StartSlot{SlotRef: floor.SlotRef{Round: "R2"}})
	d.clock("14:01")
	d.checkConverged()
	a, b := d.meetingAt("R2", "T05"), d.meetingAt("R2", "T15")
	state := d.logState()
	concerned := map[string]bool{}
	for _, id := range []floor.MeetingID{a, b} {
		m, _ := client.Get[floor.MeetingCard](d.lead.View(), floor.CardKey("meeting/"+id))
		for _, person := range append(slices.Clone(m.Host.People), m.Guest.People...) {
			concerned["attendee:"+string(person)] = true
		}
		if m.Interpreter != "" {
			concerned["interpreter:"+string(m.Interpreter)] = true
		}
	}
	counts := map[string]int{}
	for name, p := range d.people {
		counts[name] = p.frameCount()
	}
	swap := wire.Command{ID: client.NewID(), Base: d.lead.Base(), Body: floor.SwapMeetings{A: a, B: b}}
	if _, err := d.lead.Do(d.t.Context(), swap); err != nil {
		d.t.Fatal(err)
	}
	began := time.Now()
	undo := floor.Undo{Command: floor.CommandKey(string(d.lead.You().Link) + "/" + swap.ID)}
	if _, err := d.lead.Do(d.t.Context(), wire.Command{Base: d.lead.Base(), Body: undo}); err != nil {
		d.t.Fatal(err)
	}
	d.checkConverged()
	corrected, slowest := 0, time.Duration(0)
	for _, name := range d.phones {
		frames := d.people[name].framesSince(counts[name])
		got := slices.ContainsFunc(frames, func(f frame) bool { return len(f.keys) > 0 })
		if got && !concerned[name] {
			d.t.Errorf("%s was corrected: %v", name, frames)
		}
		if got {
			corrected++
			slowest = max(slowest, frames[len(frames)-1].at.Sub(began))
		}
	}
	if slowest > time.Second {
		d.t.Errorf("the last phone was corrected after %v", slowest)
	}
	if state.Seq() == d.logState().Seq() || corrected == 0 {
		d.t.Errorf("%d phones were corrected", corrected)
	}
	if d.meetingAt("R2", "T05") != a || d.meetingAt("R2", "T15") != b {
		d.t.Error("the swap was not undone")
	}
	d.t.Logf("%d phones showed the swap and its undoing, the last after %v, of %d concerned people", corrected, slowest, len(concerned))
}

// 14:07: two moderators move one company at the same time; the refusal of the second names the
// first.
func (d *acceptanceDay) twoModerators() {
	meeting := d.meetingAt("R3", "T01")
	d.second.syncToHead()
	base := d.second.Base()
	first := d.lead.mustSubmit(floor.MoveMeeting{Meeting: meeting, Table: d.freeTable("R3", "A")})
	_, err := d.second.Do(d.t.Context(), wire.Command{Base: base, Body: floor.MoveMeeting{Meeting: meeting, Round: "R8"}})
	params := d.wantRefusal(err, floor.CodeStale)
	if params["by"] != "moderator:s1" || params["of"] != "meeting/"+string(meeting) || params["seq"] != fmt.Sprint(first.Seq) {
		d.t.Errorf("the second moderator receives %v", params)
	}
}

// freeTable returns a table of a zone that is free in a round.
func (d *acceptanceDay) freeTable(round floor.RoundID, zone floor.ZoneID) floor.TableID {
	d.t.Helper()
	view := d.lead.View()
	taken := map[floor.TableID]bool{}
	for _, m := range client.Each[floor.MeetingCard](view, "meeting") {
		if m.Place.Round == round && !m.Cancelled {
			taken[m.Place.Table] = true
		}
	}
	var free []string
	for id, table := range client.Each[floor.TableCard](view, "table") {
		if table.Zone == zone && !table.Closed && !taken[floor.TableID(id)] {
			free = append(free, id)
		}
	}
	if len(free) == 0 {
		d.t.Fatalf("no table is free in %s in %s", zone, round)
	}
	return floor.TableID(slices.Min(free))
}

// 14:12: 61 phones lose the network, and a meeting moves meanwhile. When they return, nothing
// is lost and no notice comes twice.
func (d *acceptanceDay) accessPointFails() {
	meeting := d.meetingAt("R3", "T02")
	m, _ := client.Get[floor.MeetingCard](d.lead.View(), floor.CardKey("meeting/"+meeting))
	var dropped []string
	for _, a := range append(slices.Clone(m.Host.People), m.Guest.People...) {
		dropped = append(dropped, "attendee:"+string(a))
	}
	concerned := len(dropped)
	for _, name := range d.phones {
		if len(dropped) < 61 && !slices.Contains(dropped, name) {
			dropped = append(dropped, name)
		}
	}
	saved := map[string]*client.SavedView{}
	for _, name := range dropped {
		p := d.people[name]
		p.Close()
		saved[name] = p.Save()
	}
	d.lead.mustSubmit(floor.MoveMeeting{Meeting: meeting, Table: d.freeTable("R3", "C")})
	counts := map[string]int{}
	for i, name := range dropped {
		p := d.people[name]
		counts[name] = p.frameCount()
		if p.base = d.nodes[0].url(); i%2 == 1 {
			p.base = d.nodes[len(d.nodes)-1].url() // every second one moves to another node, if there is one
		}
		p.dial(saved[name])
	}
	d.checkConverged()
	for i, name := range dropped {
		alerts := 0
		for _, f := range d.people[name].framesSince(counts[name]) {
			if f.keys == nil {
				d.t.Errorf("%s received a snapshot", name)
			}
			for _, key := range f.keys {
				if strings.HasPrefix(key, "notice/") {
					alerts++
				}
			}
		}
		if want := map[bool]int{true: 1}[i < concerned]; alerts != want {
			d.t.Errorf("%s was alerted %d times, want %d", name, alerts, want)
		}
	}
}

// 14:25: R2 is extended by 3 minutes; R3 and R4 follow; the tea absorbs the delay; R5 to R8
// stay as planned.
func (d *acceptanceDay) extend() {
	d.lead.mustSubmit(floor.ExtendSlot{SlotRef: floor.SlotRef{Round: "R2"}, Minutes: 3})
	phone := d.people[d.phones[100]]
	phone.syncToHead()
	for round, want := range map[string][2]string{
		"R2": {"14:00", "14:28"}, "R3": {"14:33", "14:58"}, "R4": {"15:03", "15:28"},
		"R5": {"15:45", "16:10"}, "R6": {"16:15", "16:40"}, "R7": {"16:45", "17:10"}, "R8": {"17:15", "17:40"},
	} {
		card, _ := client.Get[floor.RoundCard](phone.View(), floor.CardKey("round/"+round))
		if card.Now != (floor.Span{Start: instant(d.t, want[0]), End: instant(d.t, want[1])}) {
			d.t.Errorf("%s runs %+v", round, card.Now)
		}
	}
	tea, _ := client.Get[floor.ItemCard](phone.View(), "item/tea")
	if tea.Now != (floor.Span{Start: instant(d.t, "15:28"), End: instant(d.t, "15:45")}) {
		d.t.Errorf("tea runs %+v", tea.Now)
	}
}
