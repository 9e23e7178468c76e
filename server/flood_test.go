package server

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// A request whose body arrives slowly holds none of the bounded places.
func TestRequests_SlowBodiesHoldNoPlace(t *testing.T) {
	w := newFixture(t, false, func(o *Options) { o.MaxRequests = 2 })
	for range 5 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(w.http.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		fmt.Fprintf(conn, "POST /api/v1/sign-in HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
	}
	w.eventually("the slow bodies are being read", func() bool { return w.waitingForBody() == 5 })
	r := w.request(http.MethodPost, "/api/v1/sign-in", w.signInText(event, w.linkOf[floor.RoleAttendee], true), "Content-Type", "application/json")
	w.expect("a sign-in meanwhile", r, http.StatusOK, "")
}

// waitingForBody returns how many requests are waiting for their body.
func (w *fixture) waitingForBody() int {
	buf := make([]byte, 1<<20)
	return strings.Count(string(buf[:runtime.Stack(buf, true)]), "server.readAhead(")
}

// Commands on a live connection are rate limited by link, as by POST.
func TestLive_CommandsAreRateLimited(t *testing.T) {
	w := newFixture(t, false, nil)
	p := w.dial(event, w.linkOf[floor.RoleAttendee])
	p.hello()
	refused := 0
	for i := range rateOthers.Burst + 10 {
		p.send(fmt.Sprintf(`{"command":{"id":"c%d","seen":{"notices":["none"]}}}`, i))
		var answer wire.Rejected
		if err := json.Unmarshal(p.until("rejected"), &answer); err != nil {
			t.Fatal(err)
		}
		if answer.Code == wire.CodeTooManyRequests {
			refused++
		}
	}
	if refused == 0 || refused > 10 {
		t.Errorf("%d of %d commands were too many", refused, rateOthers.Burst+10)
	}
}

// Commands within the link's rate and acks of received frames do not count as a
// flood: a moderator's page on a busy floor sends many of both.
func TestLive_BusyModeratorIsNoFlood(t *testing.T) {
	w := newFixture(t, false, nil)
	p := w.dial(event, w.linkOf[floor.RoleModerator])
	ack := func(seq uint64) { p.send(fmt.Sprintf(`{"ack":{"seq":%d}}`, seq)) }
	ack(p.hello().At.Seq)
	for i := range rateStaff.Burst - 20 {
		p.send(fmt.Sprintf(`{"command":{"id":"c%d","lockMeeting":{"meeting":"m001","locked":%t}}}`, i, i%2 == 0))
		var patch wire.Patch
		if err := json.Unmarshal(p.until("patch"), &patch); err != nil {
			t.Fatal(err)
		}
		ack(patch.To.Seq)
	}
	p.ping()
}
