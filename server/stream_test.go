package server

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/server/reply"
	"github.com/matchfloor/matchfloor/wire"
)

// stream is a client's end of a visit by Server-Sent Events.
type stream struct {
	t      testing.TB
	answer *http.Response
	lines  *bufio.Scanner
	leave  context.CancelFunc
	beats  int
}

// helloOf is the query that says hello with a position.
func helloOf(s *wire.Snapshot, subjects string) string {
	hello := wire.Hello{Version: wire.Version}
	if s != nil {
		hello.Have, hello.Subjects = &s.At, subjects
	}
	text := wire.EncodeClient(wire.ClientFrame{Hello: &hello})
	return "hello=" + url.QueryEscape(string(text[len(`{"hello":`):len(text)-1]))
}

// visit opens a stream as it is asked for, without judging the answer.
func (w *world) visit(path string, headers ...string) *stream {
	w.t.Helper()
	ctx, leave := context.WithTimeout(w.t.Context(), 3*patience)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.http.URL+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	answer, err := w.http.Client().Transport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { leave(); answer.Body.Close() })
	return &stream{t: w.t, answer: answer, lines: bufio.NewScanner(answer.Body), leave: leave}
}

// streamOf opens a stream of a signed-in program.
func (w *world) streamOf(query string, token []string) *stream {
	w.t.Helper()
	s := w.visit("/api/v1/events/demo/stream?"+query, token...)
	if s.answer.StatusCode != http.StatusOK {
		w.t.Fatalf("the stream is answered with %d", s.answer.StatusCode)
	}
	return s
}

// next answers the next event: of a frame its kind and body, at the end "close"
// and the code, after the end "".
func (s *stream) next() (kind string, body json.RawMessage) {
	s.t.Helper()
	event := ""
	for s.lines.Scan() {
		name, value, _ := strings.Cut(s.lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case name == "" && s.lines.Text() != "":
			s.beats++
		case name == "event":
			event = value
		case name == "data" && event != "":
			return event, json.RawMessage(value)
		case name == "data":
			var frame map[string]json.RawMessage
			if err := json.Unmarshal([]byte(value), &frame); err != nil || len(frame) != 1 {
				s.t.Fatalf("not a frame: %s", value)
			}
			for kind, body := range frame {
				return kind, body
			}
		}
	}
	return "", nil
}

// until reads to the first frame of a kind, or the close.
func (s *stream) until(kind string) json.RawMessage {
	s.t.Helper()
	for {
		switch got, body := s.next(); got {
		case kind:
			return body
		case "", "close":
			s.t.Fatalf("waiting for %s: %s %s", kind, got, body)
		}
	}
}

// all reads until there was a frame of each kind, in any order.
func (s *stream) all(kinds ...string) map[string]json.RawMessage {
	s.t.Helper()
	found := make(map[string]json.RawMessage)
	for len(found) < len(kinds) {
		switch got, body := s.next(); {
		case slices.Contains(kinds, got):
			found[got] = body
		case got == "", got == "close":
			s.t.Fatalf("waiting for %v, got %d: %s %s", kinds, len(found), got, body)
		}
	}
	return found
}

// close reads to the end and answers the code; 0 where there is none.
func (s *stream) close() int {
	s.t.Helper()
	for {
		switch kind, body := s.next(); kind {
		case "":
			return 0
		case "close":
			code, err := strconv.Atoi(string(body))
			if err != nil {
				s.t.Fatal(err)
			}
			if kind, _ := s.next(); kind != "" {
				s.t.Errorf("%s comes after the close", kind)
			}
			return code
		}
	}
}

// first pays a first visit, which ends with the snapshot, and answers what to say next.
func (w *world) first(token []string) (query string, at wire.Snapshot) {
	w.t.Helper()
	s := w.streamOf(helloOf(nil, ""), token)
	var hello wire.ServerHello
	if err := json.Unmarshal(s.until("hello"), &hello); err != nil {
		w.t.Fatal(err)
	}
	if err := json.Unmarshal(s.until("snapshot"), &at); err != nil {
		w.t.Fatal(err)
	}
	if code := s.close(); code != int(wire.CloseNormal) {
		w.t.Fatalf("the first visit ends with %d", code)
	}
	return helloOf(&at, hello.Subjects), at
}

// announce is a change that reaches everyone.
func (w *world) announce(text string) {
	w.t.Helper()
	order := floor.Envelope{Key: newKey("moderator-s1"), By: "moderator:s1", Unconditional: true, Command: floor.Announce{Text: floor.Text{En: text}, Minutes: 60}}
	if _, err := w.hub.Submit(w.t.Context(), journal.LogID(event), order); err != nil {
		w.t.Fatal(err)
	}
}

// A visit that says what it has is told the rest, then and later.
func TestStreamFollowsTheFloor(t *testing.T) {
	w := newWorld(t, false, nil)
	token := w.bearer(event, w.people[floor.RoleAttendee])
	query, at := w.first(token)
	w.announce("Welcome")
	s := w.streamOf(query+"&ping="+url.QueryEscape(fmt.Sprintf(`{"n":7,"ack":%d}`, at.At.Seq)), token)
	s.until("hello")
	if patch := s.until("patch"); !strings.Contains(string(patch), "Welcome") {
		t.Errorf("the first patch: %s", patch)
	}
	rest := s.all("pong", "live") // whichever is first: the ping is heard beside what hello asks for
	if pong := rest["pong"]; !strings.Contains(string(pong), `"n":7`) {
		t.Errorf("the pong: %s", pong)
	}
	w.announce("Lunch")
	if patch := s.until("patch"); !strings.Contains(string(patch), "Lunch") {
		t.Errorf("the second patch: %s", patch)
	}
}

// The headers keep everything on the way from gathering or keeping what is sent.
func TestStreamHeaders(t *testing.T) {
	w := newWorld(t, false, nil)
	s := w.streamOf(helloOf(nil, ""), append(w.bearer(event, w.people[floor.RoleAttendee]), "Accept-Encoding", "gzip"))
	for name, want := range map[string]string{
		"Content-Type": "text/event-stream", "X-Accel-Buffering": "no", "Cache-Control": "no-store, no-transform",
		"Content-Encoding": "", "X-Content-Type-Options": "nosniff", "Access-Control-Allow-Origin": "",
	} {
		if got := s.answer.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// With a cookie, a visit must be our own page's as far as the browser tells; with
// a token, only a foreign Origin is refused.
func TestStreamIsForOurOwnPages(t *testing.T) {
	w := newWorld(t, false, nil)
	link := w.people[floor.RoleAttendee]
	c := w.cookie(event, link)
	cookie := []string{"Cookie", c.Name + "=" + c.Value}
	bearer := w.bearer(event, link)
	for _, path := range []string{"stream", "poll"} {
		for _, o := range []struct {
			header, value  string
			cookie, bearer int
		}{
			{"Accept", "*/*", 200, 200},
			{"Sec-Fetch-Site", "same-origin", 200, 200},
			{"Sec-Fetch-Site", "same-site", 403, 200},
			{"Sec-Fetch-Site", "cross-site", 403, 200},
			{"Sec-Fetch-Site", "none", 403, 200},
			{"Sec-Fetch-Site", "", 403, 200},
			{"Origin", w.http.URL, 200, 200},
			{"Origin", "http://evil.example", 403, 403},
			{"Origin", "null", 403, 403},
		} {
			for _, way := range []struct {
				credential []string
				status     int
			}{{cookie, o.cookie}, {bearer, o.bearer}, {nil, o.cookie}, {append(cookie, "Authorization", "Basic eDp5"), o.cookie}} {
				s := w.visit("/api/v1/events/demo/"+path+"?as="+string(link)+"&"+helloOf(nil, ""), append(way.credential, o.header, o.value)...)
				if s.answer.StatusCode != way.status {
					t.Errorf("%s with %s %q and %.6v: %d, want %d", path, o.header, o.value, way.credential, s.answer.StatusCode, way.status)
				}
				s.leave()
			}
		}
	}
}

// What a page has to know stands in the answer; the rest is a refusal.
func TestStreamTurnsAway(t *testing.T) {
	w := newWorld(t, false, func(o *Options) { o.MaxLinkSockets = 1 })
	token := w.bearer(event, w.people[floor.RoleAttendee])
	query, _ := w.first(token)
	w.streamOf(query, token).until("live")
	own := w.bearer(event, organiser)
	hello := helloOf(nil, "")
	for name, c := range map[string]struct {
		path    string
		headers []string
		code    wire.CloseCode
	}{
		"signed out":           {"/api/v1/events/demo/stream?as=attendee-x&" + hello, nil, wire.CloseSessionOver},
		"forged":               {"/api/v1/events/demo/stream?" + hello, []string{"Authorization", "Bearer x"}, wire.CloseSessionOver},
		"no such event":        {"/api/v1/events/nothing/stream?" + hello, own, wire.CloseNoEvent},
		"a second of the link": {"/api/v1/events/demo/stream?" + hello, token, wire.CloseTooMany},
	} {
		if code := w.visit(c.path, c.headers...).close(); code != int(c.code) {
			t.Errorf("%s: closed with %d, want %d", name, code, c.code)
		}
		polled := w.ask(http.MethodGet, strings.Replace(c.path, "/stream", "/poll", 1), "", c.headers...)
		if want := fmt.Sprintf(`{"frames":[],"close":%d}`, c.code); string(polled.body) != want {
			t.Errorf("%s: a poll is answered %s, want %s", name, polled.body, want)
		}
	}
	w.expect("another event's token", w.ask(http.MethodGet, "/api/v1/events/other/stream?"+hello, "", token...), http.StatusForbidden, wire.CodeForbidden)
	for _, path := range []string{"stream", "poll"} {
		w.expect("a POST", w.ask(http.MethodPost, "/api/v1/events/demo/"+path+"?"+hello, "", token...), http.StatusMethodNotAllowed, reply.CodeBadMethod)
	}
	for _, wait := range []string{"-1", "21", "1.5", "x", "999999999999"} {
		w.expect("wait "+wait, w.ask(http.MethodGet, "/api/v1/events/demo/poll?wait="+wait+"&"+hello, "", token...), http.StatusUnprocessableEntity, wire.CodeBadValue)
	}
}

func TestStreamOfAFullServer(t *testing.T) {
	w := newWorld(t, false, func(o *Options) { o.MaxSockets = 1 })
	token := w.bearer(event, w.people[floor.RoleAttendee])
	query, _ := w.first(token)
	held := w.streamOf(query, token)
	held.until("live")
	for _, path := range []string{"stream", "poll"} {
		r := w.ask(http.MethodGet, "/api/v1/events/demo/"+path+"?"+query, "", token...)
		if w.expect(path, r, http.StatusServiceUnavailable, wire.CodeFull); r.Header.Get("Retry-After") != "5" {
			t.Errorf("Retry-After %q", r.Header.Get("Retry-After"))
		}
	}
	held.leave()
	w.eventually("the place is given back", func() bool { return w.server.limits.sockets.InUse() == 0 })
	w.streamOf(query, token).until("live")
}

// What cannot be read is told as on the socket.
func TestStreamWithABadHello(t *testing.T) {
	w := newWorld(t, false, nil)
	token := w.bearer(event, w.people[floor.RoleModerator])
	hash := strings.Repeat("0", 64)
	for _, c := range []struct {
		name, query string
		close       int
		code        wire.Code
	}{
		{"none", "", 4100, wire.CodeBadFrame},
		{"empty", "hello=", 4100, wire.CodeBadFrame},
		{"null", "hello=null", 4100, wire.CodeBadFrame},
		{"no version", "hello={}", 4100, wire.CodeBadFrame},
		{"unknown name", `hello={"v":1,"position":1}`, 4100, wire.CodeBadFrame},
		{"a second frame", `hello={"v":1},"ack":{"seq":1}`, 4100, wire.CodeBadFrame},
		{"have of another type", `hello={"v":1,"have":5}`, 4100, wire.CodeBadFrame},
		{"have without its hash", `hello={"v":1,"have":{"epoch":1,"seq":1}}`, 4100, wire.CodeBadFrame},
		{"have out of range", `hello={"v":1,"have":{"epoch":1,"seq":9007199254740992,"hash":"` + hash + `"}}`, 4100, wire.CodeBadValue},
		{"invalid UTF-8", "hello={\"v\":1,\"subjects\":\"\xff\"}", 4100, wire.CodeBadFrame},
		{"deep", "hello=" + strings.Repeat("[", 5000), 4100, wire.CodeBadFrame},
		{"a ping without a number", `hello={"v":1}&ping={}`, 4100, wire.CodeBadFrame},
		{"unknown version", `hello={"v":99}`, 4101, wire.CodeBadVersion},
	} {
		name, value, _ := strings.Cut(c.query, "=")
		more := ""
		if value, more, _ = strings.Cut(value, "&ping="); more != "" {
			more = "&ping=" + url.QueryEscape(more)
		}
		s := w.streamOf(name+"="+url.QueryEscape(value)+more, token)
		if c.code != "" && !strings.Contains(string(s.until("error")), `"`+c.code+`"`) {
			t.Errorf("%s: not %s", c.name, c.code)
		}
		if code := s.close(); code != c.close {
			t.Errorf("%s: closed with %d, want %d", c.name, code, c.close)
		}
	}
	w.eventually("no place is taken", func() bool { return w.server.limits.sockets.InUse() == 0 })
}

// A position of another log, or of one that this node does not hold, brings a snapshot.
func TestStreamFromAnUnknownPosition(t *testing.T) {
	w := newWorld(t, false, nil)
	token := w.bearer(event, w.people[floor.RoleAttendee])
	_, at := w.first(token)
	for name, change := range map[string]func(*wire.Snapshot){
		"another hash":  func(s *wire.Snapshot) { s.At.Hash[0]++ },
		"another epoch": func(s *wire.Snapshot) { s.At.Epoch++ },
		"ahead":         func(s *wire.Snapshot) { s.At.Seq += 1000 },
	} {
		s := at
		change(&s)
		subjects := wire.SubjectsHash(w.state(event).Subjects("attendee:" + floor.ActorID(strings.TrimPrefix(string(w.people[floor.RoleAttendee]), "attendee-"))))
		w.streamOf(helloOf(&s, subjects), token).until("snapshot")
		t.Log(name)
	}
}

// A stream ends when as much is outstanding as a client may leave unacknowledged,
// and not at once, whatever happens meanwhile.
func TestStreamEndsWhenTheClientHasToAcknowledge(t *testing.T) {
	w := newWorld(t, false, nil)
	token := w.bearer(event, w.people[floor.RoleAttendee])
	query, _ := w.first(token)
	began := time.Now()
	s := w.streamOf(query, token)
	s.until("live")
	patches := 1 // the empty one
	for ; patches < wire.MaxUnackFrames; patches++ {
		w.announce(fmt.Sprint("number ", patches))
		s.until("patch")
	}
	for range 3 {
		w.announce("one more")
	}
	kind, body := s.next()
	for ; kind == "patch"; kind, body = s.next() {
		patches++
	}
	if took := time.Since(began); kind != "close" || string(body) != "1000" || patches > wire.MaxUnackFrames+1 || took < minStream || took > 5*time.Second {
		t.Errorf("%s %s after %d patches and %v", kind, body, patches, took)
	}
}

func TestRotatedLinkEndsItsStreams(t *testing.T) {
	w := newWorld(t, false, nil)
	link := w.people[floor.RoleAttendee]
	token := w.bearer(event, link)
	query, _ := w.first(token)
	s := w.streamOf(query, token)
	s.until("live")
	held := make(chan response, 1)
	go func() { held <- w.ask(http.MethodGet, "/api/v1/events/demo/poll?wait=20&"+query, "", token...) }()
	w.eventually("the poll is held", func() bool { return w.server.limits.sockets.InUse() == 2 })
	began := time.Now()
	w.give(event, floor.RotateLink{Link: link})
	if code := s.close(); code != int(wire.CloseSessionOver) {
		t.Errorf("closed with %d", code)
	}
	if r := <-held; !strings.HasSuffix(string(r.body), `"close":4102}`) {
		t.Errorf("the poll: %s", r.body)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
	if code := w.streamOf(query, token).close(); code != int(wire.CloseSessionOver) {
		t.Errorf("the next visit is closed with %d", code)
	}
}

func TestSignOutEndsItsStreams(t *testing.T) {
	w := newWorld(t, false, nil)
	link := w.people[floor.RoleAttendee]
	c := w.cookie(event, link)
	query, _ := w.first(w.bearer(event, link))
	s := w.visit("/api/v1/events/demo/stream?as="+string(link)+"&"+query, "Cookie", c.Name+"="+c.Value)
	s.until("live")
	w.post("/api/v1/sign-out?as="+string(link), "", "Cookie", c.Name+"="+c.Value)
	if code := s.close(); code != int(wire.CloseSessionOver) {
		t.Errorf("closed with %d", code)
	}
}

func TestDrainEndsStreamsWithRestart(t *testing.T) {
	w := newWorld(t, false, nil)
	token := w.bearer(event, w.people[floor.RoleAttendee])
	query, _ := w.first(token)
	s := w.streamOf(query, token)
	s.until("live")
	drained := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		drained <- w.hub.Drain(ctx)
	}()
	if code := s.close(); code != int(wire.CloseRestart) {
		t.Errorf("closed with %d", code)
	}
	if err := <-drained; err != nil {
		t.Error(err)
	}
	if code := w.streamOf(query, token).close(); code != int(wire.CloseRestart) {
		t.Errorf("the next visit is closed with %d", code)
	}
}

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
	w.eventually("the poll is held", func() bool { return w.server.limits.sockets.InUse() == 1 })
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
	w.eventually("the places are given back", func() bool { return w.server.limits.sockets.InUse() == 0 })
	w.eventually("the hub lets go", func() bool { return w.hub.Stats().Sessions == 0 })
	w.eventually("no handler is left", func() bool { return stacks(t, "fallback.(*conn).wait") == 0 })
}

func TestVisitsAreCounted(t *testing.T) {
	w := newWorld(t, false, nil)
	token := w.bearer(event, w.people[floor.RoleAttendee])
	query, _ := w.first(token)
	refused := 0
	for range 50 {
		if w.poll(query, token).Close == int(wire.CloseTooMany) {
			refused++
		}
	}
	if refused == 0 {
		t.Error("nobody was told that it was too often")
	}
}
