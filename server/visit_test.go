package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// polled is what a poll is answered.
type polled struct {
	Frames []wire.ServerFrame `json:"frames"`
	Close  int                `json:"close"`
}

func (w *world) poll(query string, token []string) (p polled) {
	w.t.Helper()
	r := w.ask(http.MethodGet, "/api/v1/events/demo/poll?"+query, "", token...)
	if err := json.Unmarshal(r.body, &p); err != nil || r.StatusCode != http.StatusOK {
		w.t.Fatalf("%d %s: %v", r.StatusCode, r.body, err)
	}
	return p
}

// A poll is answered at once, or held until there is news.
func TestPollWaitsForNews(t *testing.T) {
	w := newWorld(t, false, nil)
	token := w.bearer(event, w.people[floor.RoleAttendee])
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
	held := make(chan polled, 1)
	go func() { held <- w.poll(query+"&wait=20", token) }()
	w.eventually("the poll is held", func() bool { return w.server.sockets.taken() == 1 })
	began = time.Now()
	w.announce("Welcome")
	news := <-held
	last := news.Frames[len(news.Frames)-1]
	if took := time.Since(began); took > time.Second || last.Patch == nil || !strings.Contains(cardText(last.Patch.Set), "Welcome") {
		t.Errorf("after %v: %+v", took, news)
	}
	began = time.Now()
	quiet := w.poll(helloOf(&wire.Snapshot{At: last.Patch.To}, first.Frames[0].Hello.Subjects)+"&wait=1", token)
	if took := time.Since(began); took < time.Second || took > 3*time.Second || len(quiet.Frames) != 3 || quiet.Close != 1000 {
		t.Errorf("after %v: %+v", took, quiet)
	}
}

// A visitor who reads nothing holds a place and no memory beyond what was sent;
// one who leaves gives everything back.
func TestVisitsLeaveNothingBehind(t *testing.T) {
	w := newWorld(t, false, nil)
	token := w.bearer(event, w.people[floor.RoleAttendee])
	query, _ := w.first(token)
	for range 8 {
		s := w.streamOf(query, token)
		s.until("live")
		s.leave()
	}
	w.eventually("the places are given back", func() bool { return w.server.sockets.taken() == 0 })
	w.eventually("the hub lets go", func() bool { return w.hub.Stats().Sessions == 0 })
	w.eventually("no handler is left", func() bool { return stacks(t, "server.(*visit).stay") == 0 })
}

func TestVisitsAreCounted(t *testing.T) {
	w := newWorld(t, false, nil)
	token := w.bearer(event, w.people[floor.RoleAttendee])
	query, _ := w.first(token)
	refused := 0
	for range paceVisits.Burst + 20 {
		if w.poll(query, token).Close == int(wire.CloseTooMany) {
			refused++
		}
	}
	if refused == 0 {
		t.Error("nobody was told that it was too often")
	}
}

// When a visit ends follows from what has gone out and its age.
func TestVisitsEnd(t *testing.T) {
	for _, c := range []struct {
		name string
		ends ending
		seen sights
		age  time.Duration
		code wire.CloseCode
		wait time.Duration
	}{
		{"a stream goes on", streamEnds, sights{frames: 3, bytes: 900}, time.Minute, 0, visitBeat},
		{"but not past a snapshot", streamEnds, sights{frames: 1, snapshot: true}, 0, 1000, 0},
		{"nor eight frames", streamEnds, sights{frames: 8}, time.Second, 1000, 0},
		{"nor 32 KiB", streamEnds, sights{frames: 1, bytes: 32 << 10}, 2 * time.Second, 1000, 0},
		{"some time at least", streamEnds, sights{frames: 8}, visitLeast / 4, 0, visitLeast * 3 / 4},
		{"as the hub says", streamEnds, sights{closed: 1012}, 0, 1012, 0},
		{"a poll at once", pollEnds(0, false), sights{frames: 1, lives: 1}, 0, 1000, 0},
		{"with its pong", pollEnds(0, true), sights{frames: 1, lives: 1}, 0, 0, pollGreeted},
		{"then", pollEnds(0, true), sights{frames: 1, lives: 1, pongs: 1}, 0, 1000, 0},
		{"held", pollEnds(20*time.Second, false), sights{frames: 1, lives: 1}, 5 * time.Second, 0, 15 * time.Second},
		{"until there is news", pollEnds(20*time.Second, false), sights{frames: 2, lives: 1, news: true}, 5 * time.Second, 1000, 0},
		{"of the journal too", pollEnds(20*time.Second, false), sights{frames: 1, lives: 2}, 5 * time.Second, 1000, 0},
		{"or for so long", pollEnds(20*time.Second, false), sights{frames: 1, lives: 1}, 20 * time.Second, 1000, 0},
		{"also where no view comes", pollEnds(0, false), sights{lives: 1}, pollGreeted, 1000, 0},
	} {
		if code, wait := c.ends(c.seen, c.age); code != c.code || wait != c.wait {
			t.Errorf("%s: %d and %v, want %d and %v", c.name, code, wait, c.code, c.wait)
		}
	}
}

// beating counts the signs of life.
type beating struct{ form }

func (beating) beat() error { return context.Canceled }

func TestSilentStreamBeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		v := &visit{form: beating{}, changed: make(chan struct{}, 1), wire: http.NewResponseController(deaf{})}
		if code := v.stay(t.Context(), nil, streamEnds); code != 0 || time.Since(began) != visitBeat {
			t.Errorf("%d after %v", code, time.Since(began))
		}
	})
}

// deaf is a connection that knows no deadlines.
type deaf struct{ http.ResponseWriter }

// stuck is a connection that takes nothing until its deadline for writing passes.
type stuck struct {
	http.ResponseWriter
	deadline chan time.Time
	passed   *atomic.Bool
}

func (s stuck) Header() http.Header { return http.Header{} }

func (s stuck) SetWriteDeadline(at time.Time) error {
	s.deadline <- at
	return nil
}

func (s stuck) Write([]byte) (int, error) {
	for !s.passed.Load() {
		s.passed.Store(time.Until(<-s.deadline) <= 0)
	}
	return 0, os.ErrDeadlineExceeded
}

// A visitor who takes nothing holds a write up no longer than its deadline, or
// than the hub is patient; afterwards the connection's deadlines are left alone.
func TestCutEndsAWriteThatIsStuck(t *testing.T) {
	w := stuck{deadline: make(chan time.Time, 8), passed: new(atomic.Bool)}
	v := newVisit(newEvents(w), w, nil)
	wrote := make(chan error, 1)
	go func() { wrote <- v.Write([]byte(`{"live":{}}`), time.Now().Add(time.Hour)) }()
	w.deadline <- time.Now().Add(time.Hour) // taken by the write: it is under way
	v.Abort()
	if err := <-wrote; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the write ends with %v", err)
	}
	v.end(0)
	for len(w.deadline) > 0 {
		<-w.deadline
	}
	v.Abort()
	if err := v.Write([]byte(`{"live":{}}`), time.Now()); err != nil || len(w.deadline) > 0 {
		t.Errorf("a visit that has ended: %v, %d deadlines set", err, len(w.deadline))
	}
}
