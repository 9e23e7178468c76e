package server

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// pollResponse is the response to a poll.
type pollResponse struct {
	Frames []wire.ServerFrame `json:"frames"`
	Close  int                `json:"close"`
}

func (w *fixture) poll(query string, token []string) (p pollResponse) {
	w.t.Helper()
	r := w.request(http.MethodGet, "/api/v1/events/demo/poll?"+query, "", token...)
	if err := json.Unmarshal(r.body, &p); err != nil || r.StatusCode != http.StatusOK {
		w.t.Fatalf("%d %s: %v", r.StatusCode, r.body, err)
	}
	return p
}

// A poll returns at once or, with a wait, when there is news.
func TestPoll_WaitsForNews(t *testing.T) {
	w := newFixture(t, false, nil)
	token := w.bearer(event, w.linkOf[floor.RoleAttendee])
	first := w.poll(helloOf(nil, ""), token)
	if len(first.Frames) < 2 || first.Frames[0].Hello == nil || first.Frames[1].Snapshot == nil || first.Close != 1000 {
		t.Fatalf("the first: %+v", first)
	}
	query := helloOf(first.Frames[1].Snapshot, first.Frames[0].Hello.Subjects)
	began := time.Now()
	asked := w.poll(query+`&ping={"n":3}`, token)
	pong, live := false, false // in either order
	for _, f := range asked.Frames[min(2, len(asked.Frames)):] {
		pong, live = pong || f.Pong != nil && f.Pong.N == 3, live || f.Live != nil
	}
	if took := time.Since(began); took > time.Second || len(asked.Frames) != 4 || !pong || !live {
		t.Errorf("with a ping, after %v: %+v", took, asked)
	}
	held := make(chan pollResponse, 1)
	go func() { held <- w.poll(query+"&wait=20", token) }()
	w.eventually("the poll waits", func() bool { return w.server.limits.sockets.InUse() == 1 })
	began = time.Now()
	w.announce("Welcome")
	news := <-held
	var last wire.ServerFrame // the frame with a patch; live follows if the session was still beginning
	for _, f := range news.Frames {
		if f.Patch != nil {
			last = f
		}
	}
	if took := time.Since(began); took > time.Second || last.Patch == nil || !strings.Contains(cardText(last.Patch.Set), "Welcome") {
		t.Fatalf("after %v: %+v", took, news)
	}
	began = time.Now()
	quiet := w.poll(helloOf(&wire.Snapshot{At: last.Patch.To}, first.Frames[0].Hello.Subjects)+"&wait=1", token)
	if took := time.Since(began); took < time.Second || took > 3*time.Second || len(quiet.Frames) != 3 || quiet.Close != 1000 {
		t.Errorf("after %v: %+v", took, quiet)
	}
}

// A client that leaves during a visit leaves no place, session or goroutine behind.
func TestStream_LeavingReleasesEverything(t *testing.T) {
	w := newFixture(t, false, nil)
	token := w.bearer(event, w.linkOf[floor.RoleAttendee])
	query, _ := w.firstVisit(token)
	for range 8 {
		s := w.stream(query, token)
		s.until("live")
		s.leave()
	}
	w.eventually("the places are released", func() bool { return w.server.limits.sockets.InUse() == 0 })
	w.eventually("the hub has no session", func() bool { return w.hub.Stats().Sessions == 0 })
	w.eventually("no handler is left", func() bool { return stacks(t, "fallback.(*conn).wait") == 0 })
}

func TestPoll_VisitsAreRateLimited(t *testing.T) {
	w := newFixture(t, false, nil)
	token := w.bearer(event, w.linkOf[floor.RoleAttendee])
	query, _ := w.firstVisit(token)
	refused := 0
	for range 50 {
		if w.poll(query, token).Close == int(wire.CloseTooMany) {
			refused++
		}
	}
	if refused == 0 {
		t.Error("no poll was refused")
	}
}
