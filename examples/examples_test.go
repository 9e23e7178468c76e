// Package examples_test runs the examples against the demo, as a reader would.
package examples_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
)

// event is the id of the forum that the demo plays.
const event = "green-2026"

// A program for each role follows the demo through a proxy that cuts all connections.
// What is announced meanwhile reaches each of them as a change.
func TestFollowEvent_PrintsChangesAndResumes(t *testing.T) {
	d := startDemo(t)
	moderator := d.dial("moderator")
	follow := program(t, "follow-event")
	proxy := redistest.StartProxy(t, strings.TrimPrefix(d.url, "http://"))
	var all []*process
	for role := range d.links {
		p := start(t, role, follow, "-event", event, d.link(role, "http://"+proxy.Addr))
		p.waitFor("following " + event + " as " + role + ":")
		all = append(all, p)
	}
	if len(all) != 5 {
		t.Fatalf("the demo has printed the links %v", d.links)
	}
	d.announce(moderator, "first")
	for _, p := range all {
		p.waitFor(" first")
	}
	proxy.Cut()
	for _, p := range all {
		p.waitFor("offline, connecting again: ")
	}
	d.announce(moderator, "second")
	proxy.Mend()
	for _, p := range all {
		p.waitFor("offline, ", " second\n", "online\n")
		if code := p.end(); code != 0 {
			t.Errorf("%s: exit %d: %s", p.name, code, &p.stderr)
		}
		if n := strings.Count(p.output(), " the whole view: "); n != 1 {
			t.Errorf("%s received %d whole views, want the first only:\n%s", p.name, n, p.output())
		}
	}
}

func TestFollowEvent_EndsWithALinkThatIsRefused(t *testing.T) {
	d := startDemo(t)
	p := start(t, "a wrong secret", program(t, "follow-event"), d.url+"/moderator#"+event+".moderator-s1.AAAAAAAAAAAAAAAAAAAAAA")
	if code := p.wait(); code != 1 || !strings.Contains(p.stderr.String(), "bad_link") {
		t.Errorf("exit %d: %s", code, &p.stderr)
	}
}

// spareTable is a table of the demo at which nobody meets.
const spareTable = "T25"

func TestGiveCommand_PrintsTheResult(t *testing.T) {
	d := startDemo(t)
	moderator := d.dial("moderator")
	give, link := program(t, "give-command"), d.links["moderator"]
	before := strconv.FormatUint(moderator.At().Seq, 10)
	meeting, from := meetingIn(t, moderator.View(), "R3")
	_, taken := meetingIn(t, moderator.View(), "R4")
	move := []string{link, "move", string(meeting), "R3", spareTable}
	for _, c := range []struct {
		name   string
		args   []string
		code   int
		output string
	}{
		{"accepted", move, 0, `^accepted: record (\d+)\n(note: .*\n)*shown at \d+/\d+/\w+\n$`},
		{"refused by a rule", []string{link, "move", string(meeting), "R4", string(taken)}, 1, `^refused: \w+ .*R4.*\n$`},
		{"conflict", []string{"-base", before, link, "move", string(meeting), "R3", string(from)}, 1,
			`^conflict: meeting/` + string(meeting) + ` was changed by moderator:\w+ in record \d+; look at it again\n$`},
		{"not understood", []string{link, "move", string(meeting)}, 2, `^$`},
		{"not sent", []string{"-id", "not an id", link, "announce", "text"}, 1, `^$`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := start(t, c.name, give, c.args...)
			if code := p.wait(); code != c.code || !regexp.MustCompile(c.output).MatchString(p.output()) {
				t.Errorf("exit %d, want %d; output\n%s\nwant %s; errors: %s", code, c.code, p.output(), c.output, &p.stderr)
			}
		})
	}
	d.sync(moderator)
	if card, _ := client.Get[floor.MeetingCard](moderator.View(), floor.CardKey("meeting/"+meeting)); card.Place.Table != spareTable {
		t.Errorf("the meeting is at %+v", card.Place)
	}
}

// meetingIn returns a meeting of a round and its table.
func meetingIn(t *testing.T, v client.View, round floor.RoundID) (floor.MeetingID, floor.TableID) {
	t.Helper()
	for id, card := range client.Each[floor.MeetingCard](v, "meeting") {
		if card.Place.Round == round && card.Place.Table != "" && !card.Cancelled {
			return floor.MeetingID(id), card.Place.Table
		}
	}
	t.Fatalf("no meeting in %s", round)
	return "", ""
}

// The answer to a command is lost on its way. The program says how to give the command
// again, and then it has its first result: it is applied once.
func TestGiveCommand_UnknownResultIsLearntWithTheSameID(t *testing.T) {
	d := startDemo(t)
	moderator := d.dial("moderator")
	give := program(t, "give-command")
	lossy := d.loseAnswers()
	p := start(t, "answer lost", give, "-within", "5s", d.link("moderator", lossy), "announce", "lunch")
	code := p.wait()
	again := regexp.MustCompile(`^unknown: run this again with -id (\S+): `).FindStringSubmatch(p.output())
	if code != 3 || again == nil {
		t.Fatalf("exit %d: %s%s", code, p.output(), &p.stderr)
	}
	p = start(t, "again", give, "-id", again[1], d.links["moderator"], "announce", "lunch")
	if code := p.wait(); code != 0 || !strings.HasPrefix(p.output(), "accepted: record ") {
		t.Errorf("exit %d: %s%s", code, p.output(), &p.stderr)
	}
	d.sync(moderator)
	shown := 0
	for range client.Each[floor.AnnouncementCard](moderator.View(), "announcement") {
		shown++
	}
	if shown != 1 {
		t.Errorf("announced %d times", shown)
	}
}
