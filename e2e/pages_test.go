package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
)

// secondRound returns a venue in the middle of its second round, and a moderator who acts
// through the protocol.
func secondRound(t *testing.T) (*venue, *person) {
	t.Helper()
	v := sqliteVenue(t)
	lead := v.importAndRelease(v.nodes[0].url())
	v.clock("14:00")
	lead.mustSubmit(floor.StartSlot{SlotRef: floor.SlotRef{Round: "R2"}})
	return v, lead
}

func (v *venue) page(name string) string {
	v.t.Helper()
	link, ok := v.links[name]
	if !ok {
		v.t.Fatalf("no link for %s", name)
	}
	return link.at(v.nodes[0].url())
}

// A moderator moves a meeting on the console with two taps, and the phone and the display show
// it. The phone marks it until its owner acknowledges it, also after a loss of the network.
func TestPages_ShowAMoveOnEveryScreen(t *testing.T) {
	for _, language := range []string{"ko", "zh", "en"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			moveReachesEveryScreen(t, language)
		})
	}
}

func moveReachesEveryScreen(t *testing.T, language string) {
	v, lead := secondRound(t)
	words := catalogOf(t, language)
	// m043 is k01's meeting of R3, at T01.
	phone := openScreen(t, "phone", v.page("attendee:k01a"), language, phoneSize)
	display := openScreen(t, "display", v.page("display:d1"), language, displaySize)
	console := openScreen(t, "console", v.page("moderator:s2"), language, deskSize)
	console.until("the grid", `document.querySelector('[data-round=R3][data-table=T01]')`)
	phone.until("the phone live", `document.querySelector('.chip.jade')`)
	display.until("rows", `document.querySelectorAll('.row').length > 3`)
	for _, s := range []*screen{phone, display, console} {
		if bad := eval[int](s, "location.hash.length"); bad != 0 {
			t.Errorf("%s has the secret in its address", s.name)
		}
		s.axe("before the move")
	}

	console.click(`[data-round=R2][data-table=T01]`)
	target := fmt.Sprintf(`[data-round=R2][data-table=%s]`, freeTableOf(lead, "R2", "A"))
	console.until("what is free", fmt.Sprintf(`document.querySelector('%s[data-mark=free], %s[data-mark=soft]')`, target, target))
	console.axe("a meeting lifted")
	began := time.Now()
	console.click(target)
	took := phone.shows(words["change.table"])
	display.until("the changed row", `document.querySelector('.row[data-changed]')`)
	t.Logf("from the tap to the phone %v, to the wall %v (with the time that asking the pages takes)", took, time.Since(began))
	phone.axe("a changed table")
	display.axe("a changed row")

	phone.offline(true)
	phone.until("the time of its view", `[...document.querySelectorAll('.chip.amber, .chip.red')].some(c => /기준|截至|as of/i.test(c.innerText) && /14:0\d/.test(c.innerText))`)
	lead.syncToHead()
	lead.mustSubmit(floor.Announce{Text: floor.Text{Ko: "공지사항", Zh: "重要通知", En: "Please note"}})
	phone.offline(false)
	phone.shows(map[string]string{"ko": "공지사항", "zh": "重要通知", "en": "Please note"}[language], words["change.table"])
	phone.press(words["word.gotIt"])
	phone.until("that the mark is removed", fmt.Sprintf(`!document.body.innerText.includes(%q)`, words["change.table"]))
	lead.sees("the receipt", func(view client.View) bool {
		for _, n := range client.Each[floor.NoticeCard](view, "notice") {
			if n.Kind == floor.NoticeMoved && n.Seen == 1 {
				return true
			}
		}
		return false
	})
}

// freeTableOf returns a table of a zone that is free in a round.
func freeTableOf(lead *person, round floor.RoundID, zone floor.ZoneID) floor.TableID {
	lead.syncToHead()
	d := &acceptanceDay{venue: lead.v, lead: lead}
	return d.freeTable(round, zone)
}

// Two moderators lift the same meeting; the second drop is refused with the name of the first.
func TestPages_RefuseTheSecondOfTwoMoves(t *testing.T) {
	t.Parallel() // it waits for browsers
	v, lead := secondRound(t)
	one := openScreen(t, "one", v.page("moderator:s2"), "en", deskSize)
	one.until("the grid", `document.querySelector('[data-round=R3][data-table=T01]')`)
	free := freeTableOf(lead, "R3", "A")
	// The network is cut while the lead moves, so that the other page does not know yet.
	one.offline(true)
	meeting := (&acceptanceDay{venue: v, lead: lead}).meetingAt("R3", "T01")
	lead.mustSubmit(floor.MoveMeeting{Meeting: meeting, Tray: true})
	one.click(`[data-round=R3][data-table=T01]`)
	one.click(fmt.Sprintf(`[data-round=R3][data-table=%s]`, free))
	one.offline(false)
	one.shows("Park Seungmin")
	lead.syncToHead()
	if m, _ := client.Get[floor.MeetingCard](lead.View(), floor.CardKey("meeting/"+meeting)); m.Place != (floor.Place{}) {
		t.Errorf("the first move was overwritten: %+v", m.Place)
	}
	one.axe("a refusal")
}

// A table requests an interpreter, who claims the request, departs and arrives; the table sees
// each step.
func TestPages_ShowEachStepOfARequest(t *testing.T) {
	t.Parallel() // it waits for browsers
	v, _ := secondRound(t)
	words, chinese := catalogOf(t, "ko"), catalogOf(t, "zh")
	table := openScreen(t, "table", v.page("attendee:k05a"), "ko", phoneSize)
	floater := openScreen(t, "floater", v.page("interpreter:i19"), "zh", phoneSize)
	floater.press(chinese["duty.start"])
	table.press(words["request.call"])
	floater.press("05")
	table.shows(longestLiteral(words["asked.claimed"]))
	floater.axe("a claimed request")
	table.axe("an interpreter claimed")
	floater.press(chinese["jobNext.claimed"])
	floater.press(chinese["jobNext.onTheWay"])
	table.shows(longestLiteral(words["asked.arrived"]))
}
