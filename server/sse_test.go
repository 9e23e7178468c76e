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

// sseClient is the client of a visit with Server-Sent Events.
type sseClient struct {
	t      testing.TB
	answer *http.Response
	lines  *bufio.Scanner
	leave  context.CancelFunc
	beats  int
}

// helloOf returns a query with a hello that names a position.
func helloOf(s *wire.Snapshot, subjects string) string {
	hello := wire.Hello{Version: wire.Version}
	if s != nil {
		hello.Have, hello.Subjects = &s.At, subjects
	}
	text := wire.EncodeClient(wire.ClientFrame{Hello: &hello})
	return "hello=" + url.QueryEscape(string(text[len(`{"hello":`):len(text)-1]))
}

// openStream opens a stream, whatever the status is.
func (w *fixture) openStream(path string, headers ...string) *sseClient {
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
	return &sseClient{t: w.t, answer: answer, lines: bufio.NewScanner(answer.Body), leave: leave}
}

// stream opens a stream of a signed-in program. The status must be 200.
func (w *fixture) stream(query string, token []string) *sseClient {
	w.t.Helper()
	s := w.openStream("/api/v1/events/demo/stream?"+query, token...)
	if s.answer.StatusCode != http.StatusOK {
		w.t.Fatalf("the status of the stream is %d", s.answer.StatusCode)
	}
	return s
}

// next returns the next event: the kind and the body of a frame, "close" and the code
// at the end, and "" after the end.
func (s *sseClient) next() (kind string, body json.RawMessage) {
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

// until reads up to the first frame of a kind.
func (s *sseClient) until(kind string) json.RawMessage {
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

// all reads until there was a frame of each kind, in any order, and returns them.
func (s *sseClient) all(kinds ...string) map[string]json.RawMessage {
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

// close reads to the end and returns the code, or 0 if there is none.
func (s *sseClient) close() int {
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

// firstVisit makes a first visit, which ends with the snapshot, and returns the query of
// the next.
func (w *fixture) firstVisit(token []string) (query string, at wire.Snapshot) {
	w.t.Helper()
	s := w.stream(helloOf(nil, ""), token)
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
func (w *fixture) announce(text string) {
	w.t.Helper()
	order := floor.Envelope{Key: newKey("moderator-s1"), By: "moderator:s1", Unconditional: true, Command: floor.Announce{Text: floor.Text{En: text}, Minutes: 60}}
	if _, err := w.hub.Submit(w.t.Context(), journal.LogID(event), order); err != nil {
		w.t.Fatal(err)
	}
}

// A visit that names its position gets the rest, and then each change.
func TestStream_SendsChanges(t *testing.T) {
	w := newFixture(t, false, nil)
	token := w.bearer(event, w.linkOf[floor.RoleAttendee])
	query, at := w.firstVisit(token)
	w.announce("Welcome")
	s := w.stream(query+"&ping="+url.QueryEscape(fmt.Sprintf(`{"n":7,"ack":%d}`, at.At.Seq)), token)
	s.until("hello")
	if patch := s.until("patch"); !strings.Contains(string(patch), "Welcome") {
		t.Errorf("the first patch: %s", patch)
	}
	rest := s.all("pong", "live") // in either order: the ping is handled concurrently with hello
	if pong := rest["pong"]; !strings.Contains(string(pong), `"n":7`) {
		t.Errorf("the pong: %s", pong)
	}
	w.announce("Lunch")
	if patch := s.until("patch"); !strings.Contains(string(patch), "Lunch") {
		t.Errorf("the second patch: %s", patch)
	}
}

// The headers keep proxies from buffering or caching what is sent.
func TestStream_HeadersForbidBuffering(t *testing.T) {
	w := newFixture(t, false, nil)
	s := w.stream(helloOf(nil, ""), append(w.bearer(event, w.linkOf[floor.RoleAttendee]), "Accept-Encoding", "gzip"))
	for name, want := range map[string]string{
		"Content-Type": "text/event-stream", "X-Accel-Buffering": "no", "Cache-Control": "no-store, no-transform",
		"Content-Encoding": "", "X-Content-Type-Options": "nosniff", "Access-Control-Allow-Origin": "",
	} {
		if got := s.answer.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// A visit with a cookie must be from the server's own page, as far as the browser
// says. With a token only a foreign Origin is refused.
func TestStream_ForeignPagesAreRefused(t *testing.T) {
	w := newFixture(t, false, nil)
	link := w.linkOf[floor.RoleAttendee]
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
				s := w.openStream("/api/v1/events/demo/"+path+"?as="+string(link)+"&"+helloOf(nil, ""), append(way.credential, o.header, o.value)...)
				if s.answer.StatusCode != way.status {
					t.Errorf("%s with %s %q and %.6v: %d, want %d", path, o.header, o.value, way.credential, s.answer.StatusCode, way.status)
				}
				s.leave()
			}
		}
	}
}

// What the page must know is in the body. Other refusals have a status.
func TestStream_RefusesWithACloseCode(t *testing.T) {
	w := newFixture(t, false, func(o *Options) { o.MaxLinkSockets = 1 })
	token := w.bearer(event, w.linkOf[floor.RoleAttendee])
	query, _ := w.firstVisit(token)
	w.stream(query, token).until("live")
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
		if code := w.openStream(c.path, c.headers...).close(); code != int(c.code) {
			t.Errorf("%s: closed with %d, want %d", name, code, c.code)
		}
		polled := w.request(http.MethodGet, strings.Replace(c.path, "/stream", "/poll", 1), "", c.headers...)
		if want := fmt.Sprintf(`{"frames":[],"close":%d}`, c.code); string(polled.body) != want {
			t.Errorf("%s: the poll got %s, want %s", name, polled.body, want)
		}
	}
	w.expect("another event's token", w.request(http.MethodGet, "/api/v1/events/other/stream?"+hello, "", token...), http.StatusForbidden, wire.CodeForbidden)
	for _, path := range []string{"stream", "poll"} {
		w.expect("a POST", w.request(http.MethodPost, "/api/v1/events/demo/"+path+"?"+hello, "", token...), http.StatusMethodNotAllowed, reply.CodeBadMethod)
	}
	for _, wait := range []string{"-1", "21", "1.5", "x", "999999999999"} {
		w.expect("wait "+wait, w.request(http.MethodGet, "/api/v1/events/demo/poll?wait="+wait+"&"+hello, "", token...), http.StatusUnprocessableEntity, wire.CodeBadValue)
	}
}

func TestStream_FullServerRefuses(t *testing.T) {
	w := newFixture(t, false, func(o *Options) { o.MaxSockets = 1 })
	token := w.bearer(event, w.linkOf[floor.RoleAttendee])
	query, _ := w.firstVisit(token)
	held := w.stream(query, token)
	held.until("live")
	for _, path := range []string{"stream", "poll"} {
		r := w.request(http.MethodGet, "/api/v1/events/demo/"+path+"?"+query, "", token...)
		if w.expect(path, r, http.StatusServiceUnavailable, wire.CodeFull); r.Header.Get("Retry-After") != "5" {
			t.Errorf("Retry-After %q", r.Header.Get("Retry-After"))
		}
	}
	held.leave()
	w.eventually("the place is released", func() bool { return w.server.limits.sockets.InUse() == 0 })
	w.stream(query, token).until("live")
}

// A bad hello brings the same error and close code as on a WebSocket.
func TestStream_BadHello(t *testing.T) {
	w := newFixture(t, false, nil)
	token := w.bearer(event, w.linkOf[floor.RoleModerator])
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
		s := w.stream(name+"="+url.QueryEscape(value)+more, token)
		if c.code != "" && !strings.Contains(string(s.until("error")), `"`+c.code+`"`) {
			t.Errorf("%s: not %s", c.name, c.code)
		}
		if code := s.close(); code != c.close {
			t.Errorf("%s: closed with %d, want %d", c.name, code, c.close)
		}
	}
	w.eventually("no place is in use", func() bool { return w.server.limits.sockets.InUse() == 0 })
}

// A position of another log, or one that this node does not have, brings a snapshot.
func TestStream_UnknownPositionBringsASnapshot(t *testing.T) {
	w := newFixture(t, false, nil)
	token := w.bearer(event, w.linkOf[floor.RoleAttendee])
	_, at := w.firstVisit(token)
	for name, change := range map[string]func(*wire.Snapshot){
		"another hash":  func(s *wire.Snapshot) { s.At.Hash[0]++ },
		"another epoch": func(s *wire.Snapshot) { s.At.Epoch++ },
		"ahead":         func(s *wire.Snapshot) { s.At.Seq += 1000 },
	} {
		s := at
		change(&s)
		subjects := wire.SubjectsHash(w.state(event).Subjects("attendee:" + floor.ActorID(strings.TrimPrefix(string(w.linkOf[floor.RoleAttendee]), "attendee-"))))
		w.stream(helloOf(&s, subjects), token).until("snapshot")
		t.Log(name)
	}
}

// A stream ends when as much was sent as a client may leave unacknowledged, but not
// before its least time.
func TestStream_EndsWhenAnAckIsDue(t *testing.T) {
	w := newFixture(t, false, nil)
	token := w.bearer(event, w.linkOf[floor.RoleAttendee])
	query, _ := w.firstVisit(token)
	began := time.Now()
	s := w.stream(query, token)
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

func TestStream_RotatedLinkIsClosed(t *testing.T) {
	w := newFixture(t, false, nil)
	link := w.linkOf[floor.RoleAttendee]
	token := w.bearer(event, link)
	query, _ := w.firstVisit(token)
	s := w.stream(query, token)
	s.until("live")
	held := make(chan response, 1)
	go func() { held <- w.request(http.MethodGet, "/api/v1/events/demo/poll?wait=20&"+query, "", token...) }()
	w.eventually("the poll waits", func() bool { return w.server.limits.sockets.InUse() == 2 })
	began := time.Now()
	w.submitAsOperator(event, floor.RotateLink{Link: link})
	if code := s.close(); code != int(wire.CloseSessionOver) {
		t.Errorf("closed with %d", code)
	}
	if r := <-held; !strings.HasSuffix(string(r.body), `"close":4102}`) {
		t.Errorf("the poll: %s", r.body)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
	if code := w.stream(query, token).close(); code != int(wire.CloseSessionOver) {
		t.Errorf("the next visit is closed with %d", code)
	}
}

func TestStream_SignedOutSessionIsClosed(t *testing.T) {
	w := newFixture(t, false, nil)
	link := w.linkOf[floor.RoleAttendee]
	c := w.cookie(event, link)
	query, _ := w.firstVisit(w.bearer(event, link))
	s := w.openStream("/api/v1/events/demo/stream?as="+string(link)+"&"+query, "Cookie", c.Name+"="+c.Value)
	s.until("live")
	w.post("/api/v1/sign-out?as="+string(link), "", "Cookie", c.Name+"="+c.Value)
	if code := s.close(); code != int(wire.CloseSessionOver) {
		t.Errorf("closed with %d", code)
	}
}

func TestStream_DrainClosesWithRestart(t *testing.T) {
	w := newFixture(t, false, nil)
	token := w.bearer(event, w.linkOf[floor.RoleAttendee])
	query, _ := w.firstVisit(token)
	s := w.stream(query, token)
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
	if code := w.stream(query, token).close(); code != int(wire.CloseRestart) {
		t.Errorf("the next visit is closed with %d", code)
	}
}
