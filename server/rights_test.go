package server

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/wire"
)

// columnLinks lists the links of the columns of rights, in their order: organiser, lead,
// moderator of zone A, runner, interpreter i1, attendee of company ka, display.
var columnLinks = []floor.LinkID{
	"organiser-o1", "moderator-lead", "moderator-mA", "runner-run", "interpreter-i1", "attendee-ka1", "display-wall",
}

// body returns a command's body for a new event, after submitting what must come
// before it.
type body func(*cell) string

// right is a row of the table of rights. The table is written here a second time, by
// hand, so that a change of the program's own table does not change the test.
//
// There is a letter for each column: + may; - may not; z in the own zone only; s for
// themselves only; x does not exist over the network.
type right struct {
	kind       floor.CommandKind
	may        string
	own, other []body    // about their own things, and about those of others or in another zone
	instead    wire.Code // the code of s about things of others, if it is not not_yours
	draft      bool      // the schedule is not released before
}

// rights is the table. The test fails for a kind of command without a row.
var rights = []right{
	{kind: "release", may: "++-----", own: plain(`{}`), draft: true},
	{kind: "setClock", may: "++-----", own: plain(`{"event":1795494600000,"rate":2}`)},
	{kind: "rotateLink", may: "++-----", own: plain(`{"link":"attendee-ka1"}`, `{"link":"moderator-lead"}`, `{"link":"attendee-cb1"}`)},
	{kind: "announce", may: "+++----", own: plain(`{"text":{"en":"x"}}`)},
	{kind: "withdraw", may: "+++----", own: []body{announced}},
	{kind: "undo", may: "++ss---", own: []body{undoOwn}, other: []body{undoOthers}},
	{kind: "call", may: "++-----", own: plain(`{"round":"R1"}`)},
	{kind: "start", may: "++-----", own: plain(`{"round":"R1"}`)},
	{kind: "extend", may: "++-----", own: plain(`{"round":"R1","minutes":3}`)},
	{kind: "end", may: "++-----", own: []body{started}},
	{kind: "moveMeeting", may: "++z----", own: plain(`{"meeting":"mA","table":"TA3"}`, `{"meeting":"mA","tray":true}`),
		other: plain(`{"meeting":"mB","table":"TB3"}`, `{"meeting":"mA","table":"TB3"}`, `{"meeting":"mB","table":"TA3"}`, `{"meeting":"mB","tray":true}`)},
	{kind: "swapMeetings", may: "++z----", own: plain(`{"a":"mA","b":"mA3"}`), other: plain(`{"a":"mA","b":"mB"}`, `{"a":"mB","b":"mA"}`, `{"a":"mB","b":"mB3"}`)},
	{kind: "cancelMeeting", may: "++z----", own: plain(`{"meeting":"mA"}`), other: plain(`{"meeting":"mB"}`)},
	{kind: "lockMeeting", may: "++z----", own: plain(`{"meeting":"mA","locked":true}`), other: plain(`{"meeting":"mB","locked":true}`)},
	{kind: "closeTable", may: "++z----", own: plain(`{"table":"TA4"}`), other: plain(`{"table":"TB4"}`)},
	{kind: "openTable", may: "++z----", own: []body{closed("TA4")}, other: []body{closed("TB4")}},
	{kind: "checkIn", may: "++++-s-", own: plain(`{"attendee":"ka1"}`), other: plain(`{"attendee":"ca1"}`, `{"attendee":"kb1"}`)},
	{kind: "markPresent", may: "++z+-s-", own: plain(`{"meeting":"mA","side":"host"}`), other: plain(`{"meeting":"mB","side":"host"}`)},
	{kind: "markPresent", may: "++++-s-", other: plain(`{"meeting":"mA","side":"guest"}`)},
	{kind: "markNoShow", may: "++z+---", own: plain(`{"meeting":"mA","side":"host"}`), other: plain(`{"meeting":"mB","side":"host"}`)},
	{kind: "seen", may: "----ss-", own: []body{noticeAbout("mA2")}, other: []body{noticeAbout("mB2")}, instead: string(floor.CodeNothingChanges)},
	{kind: "setDuty", may: "+++-s--", own: plain(`{"interpreter":"i1","duty":"break"}`), other: plain(`{"interpreter":"i2","duty":"break"}`)},
	{kind: "requestInterpreter", may: "++z+-s-", own: plain(`{"meeting":"mA"}`), other: plain(`{"meeting":"mB"}`)},
	{kind: "claimRequest", may: "++z-s--", own: []body{claim("A")}, other: []body{claim("B")}},
	{kind: "setOut", may: "++z-s--", own: []body{claimed("A")}, other: []body{claimed("B")}},
	{kind: "arrive", may: "++z-s--", own: []body{claimed("A")}, other: []body{claimed("B")}},
	{kind: "releaseRequest", may: "++z-s--", own: []body{claimed("A")}, other: []body{claimed("B")}},
	{kind: "cancelRequest", may: "++z+-s-", own: []body{requested("A")}, other: []body{requested("B")}},

	{kind: "markTold", may: "++++---", own: []body{noticeToldTo("mA2", "attendee:ka1")}, other: []body{noticeToldTo("mB2", "attendee:kb1")}},
	{kind: "dismissLost", may: "++ssss-", own: []body{lostBy("")}, other: []body{lostBy("moderator:mB")}},

	{kind: "nameLost", may: "xxxxxxx", own: plain(`{}`)},
	{kind: "raiseVersion", may: "xxxxxxx", own: plain(`{"version":2}`)},
	{kind: "markDelivered", may: "xxxxxxx", own: plain(`{}`)},
	{kind: "recordExport", may: "xxxxxxx", own: plain(`{"what":"links"}`)},
	{kind: "importForum", may: "xxxxxxx", own: plain(`{}`)},
	{kind: "timePassed", may: "xxxxxxx", own: plain(`{}`)},
	{kind: "addOrganiser", may: "xxxxxxx", own: plain(`{"organiser":"o2","name":"x"}`)},
	{kind: "registerEvent", may: "xxxxxxx", own: plain(`{"event":"other"}`)},
	{kind: "setInstanceKey", may: "xxxxxxx", own: plain(`{"key":"00112233445566aa"}`)},
	{kind: "setPublicURL", may: "xxxxxxx", own: plain(`{"url":"https://evil.example"}`)},
}

// plain returns bodies that need nothing before them.
func plain(texts ...string) (all []body) {
	for _, text := range texts {
		all = append(all, func(*cell) string { return text })
	}
	return all
}

func announced(c *cell) string {
	c.submitAsOrganiser(c.event, floor.Announce{Text: floor.Text{En: "x"}, Minutes: 60})
	return fmt.Sprintf(`{"announcement":%q}`, c.card("announcement"))
}

func undoOwn(c *cell) string {
	key := floor.CommandKey(string(c.link) + "/before")
	order := floor.Envelope{Key: key, By: c.who(), Unconditional: true, Command: floor.CheckIn{Attendee: "ka1"}}
	if _, err := c.hub.Submit(c.t.Context(), journal.LogID(c.event), order); err != nil {
		// A link that may not do it has nothing to undo: it tries to undo another's.
		return undoOthers(c)
	}
	return fmt.Sprintf(`{"command":%q}`, key)
}

func undoOthers(c *cell) string {
	return fmt.Sprintf(`{"command":%q}`, c.submitAsOrganiser(c.event, floor.LockMeeting{Meeting: "mA", Locked: true}))
}

func started(c *cell) string {
	c.submitAsOrganiser(c.event, floor.StartSlot{SlotRef: floor.SlotRef{Round: "R1"}})
	return `{"round":"R1"}`
}

func closed(table floor.TableID) body {
	return func(c *cell) string {
		c.submitAsOrganiser(c.event, floor.CloseTable{Table: table})
		return fmt.Sprintf(`{"table":%q}`, table)
	}
}

// noticeAbout returns a body about a notice for the people of a meeting and its
// interpreter.
func noticeAbout(meeting floor.MeetingID) body {
	return func(c *cell) string {
		c.submitAsOrganiser(c.event, floor.CancelMeeting{Meeting: meeting})
		return fmt.Sprintf(`{"notices":[%q]}`, c.card("notice"))
	}
}

// noticeToldTo returns a body that says that one of the people of a meeting was told of a
// notice in person.
func noticeToldTo(meeting floor.MeetingID, who floor.ActorID) body {
	return func(c *cell) string {
		c.submitAsOrganiser(c.event, floor.CancelMeeting{Meeting: meeting})
		return fmt.Sprintf(`{"notice":%q,"who":[%q]}`, c.card("notice"), who)
	}
}

// lostBy returns a body about a lost command of somebody; "" means the cell's link.
func lostBy(who floor.ActorID) body {
	return func(c *cell) string {
		lost := floor.LostCommand{Command: "moderator-mB/gone", Kind: "lockMeeting", By: cmp.Or(who, c.who()), Wall: 1, Of: []string{"meeting/mA"}}
		order := floor.Envelope{Key: "clock/lost", By: floor.Clock, Unconditional: true, Command: floor.ReportLost{LostCommand: lost}}
		if _, err := c.hub.Submit(c.t.Context(), journal.LogID(c.event), order); err != nil {
			c.t.Fatal(err)
		}
		return fmt.Sprintf(`{"lost":[%q]}`, c.card("lost"))
	}
}

func requested(zone string) body {
	return func(c *cell) string {
		c.submitAsOrganiser(c.event, floor.RequestInterpreter{Meeting: floor.MeetingID("m" + zone)})
		return fmt.Sprintf(`{"request":%q}`, c.card("request"))
	}
}

// claim returns a claim in a zone: of interpreter i1 for themselves or, in zone B,
// for i2; of staff for i3.
func claim(zone string) body {
	return func(c *cell) string {
		text := strings.TrimSuffix(requested(zone)(c), "}")
		switch {
		case c.link != "interpreter-i1":
			return text + `,"interpreter":"i3"}`
		case zone == "B":
			return text + `,"interpreter":"i2"}`
		}
		return text + "}"
	}
}

// claimed returns a body about a request that i1 has claimed in zone A, or i2 in zone B.
func claimed(zone string) body {
	return func(c *cell) string {
		text := requested(zone)(c)
		by := map[string]floor.InterpreterID{"A": "i1", "B": "i2"}[zone]
		c.submitAsOrganiser(c.event, floor.ClaimRequest{Request: floor.RequestID(c.card("request")), Interpreter: by})
		return text
	}
}

// cell is one link with one command, on an event of its own.
type cell struct {
	*fixture
	event floor.EventID
	link  floor.LinkID
}

// card returns the id of the only card of a kind that moderators see.
func (c *cell) card(kind string) string {
	c.t.Helper()
	found := ""
	for key := range c.state(c.event).View("everyone", "moderator") {
		if id, ok := strings.CutPrefix(string(key), kind+"/"); ok && found == "" {
			found = id
		} else if ok {
			c.t.Fatalf("there are two cards of %s", kind)
		}
	}
	if found == "" {
		c.t.Fatalf("there is no card of %s", kind)
	}
	return found
}

// wants returns the status and the code for a column's letter.
func (d right) wants(letter byte, own bool) (int, wire.Code) {
	switch {
	case letter == 'x':
		return http.StatusConflict, wire.CodeUnknownCommand
	case letter == '+', own && letter != '-':
		return http.StatusOK, ""
	case letter == 'z':
		return http.StatusForbidden, string(floor.CodeOtherZone)
	case letter == 's' && d.instead != "":
		return http.StatusConflict, d.instead
	case letter == 's':
		return http.StatusConflict, string(floor.CodeNotYours)
	}
	return http.StatusForbidden, wire.CodeForbidden
}

// Every kind of command is sent by every role, about their own things and those of
// others, by POST and on a live connection, each on a new event. The result must be
// that of the table above. A kind of command without a row fails the test.
func TestRights_Matrix(t *testing.T) {
	rows := map[floor.CommandKind]bool{}
	cells := 0
	for i, d := range rights {
		rows[d.kind] = true
		t.Run(string(d.kind), func(t *testing.T) {
			w := newFixtureWithHub(t, false, hub.Options{MaxEvents: 256}, nil) // one for each row: a node with all events is slow under the race detector
			w.liftRates()
			cells += w.checkRow(t, i, d)
		})
	}
	for _, kind := range floor.CommandKinds() {
		if !rows[kind] {
			t.Errorf("%s has no row: the table does not say who may give it", kind)
		}
	}
	for kind := range rows {
		if _, ok := floor.NewCommand(kind); !ok {
			t.Errorf("%s has a row but is not a command", kind)
		}
	}
	t.Logf("%d cells", cells)
}

// checkRow checks a row of the table and returns how many cells it had.
func (w *fixture) checkRow(t *testing.T, at int, d right) (cells int) {
	for i, link := range columnLinks {
		for which, bodies := range map[bool][]body{true: d.own, false: d.other} {
			status, code := d.wants(d.may[i], which)
			for _, prepare := range bodies {
				for _, way := range []string{"post", "live"} {
					cells++
					c := w.newCell(floor.EventID(fmt.Sprintf("cell-%d-%d", at, cells)), link, d.draft)
					text := fmt.Sprintf(`{"id":"deed","%s":%s}`, d.kind, prepare(c))
					before := w.state(c.event).Seq()
					gotStatus, gotCode := c.submit(way, text)
					if gotCode != code || way == "post" && gotStatus != status {
						t.Errorf("%s as %s by %s: %d %q, want %d %q", text, link, way, gotStatus, gotCode, status, code)
					}
					if moved := w.state(c.event).Seq() != before; moved != (code == "") {
						t.Errorf("%s as %s by %s: the log moved: %v", text, link, way, moved)
					}
				}
			}
		}
	}
	return cells
}

// newCell adds an event for one link.
func (w *fixture) newCell(name floor.EventID, link floor.LinkID, draft bool) *cell {
	c := &cell{w, name, link}
	w.addSmallEvent(c.event)
	if !draft {
		w.submitAsOrganiser(c.event, floor.ReleaseSchedule{})
		for _, i := range []floor.InterpreterID{"i1", "i2", "i3"} {
			w.submitAsOrganiser(c.event, floor.SetDuty{Interpreter: i, Duty: floor.OnDuty})
		}
	}
	return c
}

func (c *cell) who() floor.ActorID {
	l, _ := c.state(auth.LogOfLink(c.event, c.link)).Link(c.link)
	return l.Who
}

// submit sends a command and returns the status (by POST only) and the code.
func (c *cell) submit(way, text string) (int, wire.Code) {
	if way == "post" {
		r := c.post("/api/v1/events/"+string(c.event)+"/commands", text, c.bearer(c.event, c.link)...)
		if r.StatusCode == http.StatusOK {
			return r.StatusCode, ""
		}
		return r.StatusCode, r.code()
	}
	p := c.dial(c.event, c.link)
	defer p.conn.Close()
	p.hello()
	p.send(`{"command":` + text + `}`)
	var answer wire.Rejected
	if err := json.Unmarshal(p.until("accepted", "rejected"), &answer); err != nil {
		c.t.Fatal(err)
	}
	return 0, answer.Code
}
