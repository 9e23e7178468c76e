package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/session"
	"github.com/matchfloor/matchfloor/internal/ws"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/server/reply"
	"github.com/matchfloor/matchfloor/wire"
)

// A phone is a client's end of a live connection.
type phone struct {
	t    testing.TB
	conn *websocket.Conn
}

// dial connects a signed-in program.
func (w *fixture) dial(id floor.EventID, link floor.LinkID) *phone {
	w.t.Helper()
	return w.dialWith("/api/v1/events/"+string(id)+"/live", w.bearer(id, link)...)
}

// tryDial sends a handshake and returns its result. headers are pairs of name and value.
func (w *fixture) tryDial(path string, headers ...string) (*websocket.Conn, *http.Response, error) {
	h := http.Header{}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Add(headers[i], headers[i+1])
	}
	d := websocket.Dialer{HandshakeTimeout: patience}
	if w.net != nil {
		d.NetDialContext = w.net.dial
	}
	if own, ok := w.http.Client().Transport.(*http.Transport); ok {
		d.TLSClientConfig = own.TLSClientConfig
	}
	return d.Dial("ws"+strings.TrimPrefix(w.http.URL, "http")+path, h)
}

// dialWith connects with headers, which are pairs of name and value.
func (w *fixture) dialWith(path string, headers ...string) *phone {
	w.t.Helper()
	conn, _, err := w.tryDial(path, headers...)
	if err != nil {
		w.t.Fatalf("dial %s: %v", path, err)
	}
	w.t.Cleanup(func() { conn.Close() })
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		w.t.Fatal(err)
	}
	return &phone{w.t, conn}
}

func (p *phone) send(text string) {
	p.t.Helper()
	if err := p.conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		p.t.Fatal(err)
	}
}

// until reads up to the first frame of one of kinds, and returns its body.
func (p *phone) until(kinds ...string) json.RawMessage {
	p.t.Helper()
	for {
		_, text, err := p.conn.ReadMessage()
		if err != nil {
			p.t.Fatalf("waiting for %s: %v", kinds, err)
		}
		var frame map[string]json.RawMessage
		if err := json.Unmarshal(text, &frame); err != nil || len(frame) != 1 {
			p.t.Fatalf("not a frame: %s", text)
		}
		for _, kind := range kinds {
			if body, ok := frame[kind]; ok {
				return body
			}
		}
	}
}

// hello sends a hello and returns the snapshot.
func (p *phone) hello() wire.Snapshot {
	p.t.Helper()
	p.send(`{"hello":{"v":1}}`)
	p.until("hello")
	var s wire.Snapshot
	if err := json.Unmarshal(p.until("snapshot"), &s); err != nil {
		p.t.Fatal(err)
	}
	return s
}

func (p *phone) ping() {
	p.t.Helper()
	p.send(`{"ping":{"n":1}}`)
	p.until("pong")
}

// closeCode reads to the end and returns the close code, or 0 without a close frame.
func (p *phone) closeCode() int {
	p.t.Helper()
	for {
		_, _, err := p.conn.ReadMessage()
		if ce, ok := errors.AsType[*websocket.CloseError](err); ok {
			return ce.Code
		}
		if err != nil {
			p.t.Logf("no close frame: %v", err)
			return 0
		}
	}
}

func TestLive_CommandsReachOtherClients(t *testing.T) {
	w := newFixture(t, false, nil)
	p := w.dial(event, w.linkOf[floor.RoleModerator])
	p.hello()
	p.send(`{"command":{"id":"c1","announce":{"text":{"en":"Welcome"}}}}`)
	var accepted wire.Accepted
	if err := json.Unmarshal(p.until("accepted"), &accepted); err != nil || accepted.ID != "c1" {
		t.Fatalf("%+v %v", accepted, err)
	}
	phone := w.dial(event, w.linkOf[floor.RoleAttendee])
	if cards := phone.hello().Cards; !strings.Contains(cardText(cards), "Welcome") {
		t.Errorf("the attendee's cards: %s", cardText(cards))
	}
	p.send(`{"command":{"id":"c2","announce":{"text":{"en":"Lunch"}}}}`)
	if patch := phone.until("patch"); !strings.Contains(string(patch), "Lunch") {
		t.Errorf("the attendee's patch: %s", patch)
	}
}

func cardText(cards wire.Cards) string {
	var b strings.Builder
	for key, card := range cards {
		b.WriteString(string(key) + string(card))
	}
	return b.String()
}

func TestLive_ChecksOrigin(t *testing.T) {
	w := newFixture(t, false, nil)
	link := w.linkOf[floor.RoleAttendee]
	c := w.cookie(event, link)
	cookie := []string{"Cookie", c.Name + "=" + c.Value}
	bearer := w.bearer(event, link)
	path := "/api/v1/events/demo/live?as=" + string(link)
	host := strings.TrimPrefix(w.http.URL, "http://")
	for _, o := range []struct {
		origin         string
		cookie, bearer bool
	}{
		{"", false, true}, {w.http.URL, true, true}, {"http://evil.example", false, false}, {"null", false, false},
		{"https://" + host, false, false}, {w.http.URL + ".evil.example", false, false}, {"http://localhost:1", false, false},
	} {
		for _, way := range []struct {
			credential []string
			taken      bool
		}{{cookie, o.cookie}, {bearer, o.bearer}, {nil, o.cookie}} {
			headers := way.credential
			if o.origin != "" {
				headers = append([]string{"Origin", o.origin}, headers...)
			}
			conn, answer, err := w.tryDial(path, headers...)
			if err == nil {
				conn.Close()
			}
			if taken := err == nil; taken != way.taken || !taken && answer.StatusCode != http.StatusForbidden {
				t.Errorf("Origin %q with %.8v: taken %v", o.origin, way.credential, taken)
			}
		}
	}
}

// TestLive_RejectsWithCloseCode: errors that a page must react to are close codes.
func TestLive_RejectsWithCloseCode(t *testing.T) {
	w := newFixture(t, false, func(o *Options) { o.MaxLinkSockets = 1 })
	token := w.bearer(event, w.linkOf[floor.RoleAttendee])
	organiser := w.bearer(event, organiser)
	w.dialWith("/api/v1/events/demo/live", token...).hello()
	for name, c := range map[string]struct {
		path    string
		headers []string
		code    wire.CloseCode
	}{
		"signed out":           {"/api/v1/events/demo/live?as=attendee-x", []string{"Origin", w.http.URL}, wire.CloseSessionOver},
		"forged":               {"/api/v1/events/demo/live", []string{"Authorization", "Bearer x"}, wire.CloseSessionOver},
		"no such event":        {"/api/v1/events/nothing/live", organiser, wire.CloseNoEvent},
		"a second of the link": {"/api/v1/events/demo/live", token, wire.CloseTooMany},
	} {
		if code := w.dialWith(c.path, c.headers...).closeCode(); code != int(c.code) {
			t.Errorf("%s: closed with %d, want %d", name, code, c.code)
		}
	}
	for _, path := range []string{"/api/v1/events/_/live", "/api/v1/events/a%2Fb/live", "/api/v1/events/%7Bdemo%7D/live"} {
		if code := w.dialWith(path, organiser...).closeCode(); code != int(wire.CloseNoEvent) {
			t.Errorf("%s: closed with %d", path, code)
		}
	}
	w.expect("another event's token", w.request(http.MethodGet, "/api/v1/events/other/live", "", append(token,
		"Connection", "upgrade", "Upgrade", "websocket", "Sec-Websocket-Version", "13", "Sec-Websocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")...),
		http.StatusForbidden, wire.CodeForbidden)
}

// TestLive_IsNeverCompressed: compressed frames could unpack to a thousand times their
// limit.
func TestLive_IsNeverCompressed(t *testing.T) {
	w := newFixture(t, false, nil)
	mine := w.bearer(event, w.linkOf[floor.RoleAttendee])
	h := http.Header{mine[0]: {mine[1]}}
	d := websocket.Dialer{HandshakeTimeout: patience, EnableCompression: true}
	conn, answer, err := d.Dial("ws"+strings.TrimPrefix(w.http.URL, "http")+"/api/v1/events/demo/live", h)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got := answer.Header.Get("Sec-Websocket-Extensions"); got != "" {
		t.Errorf("the server agreed to %q", got)
	}
}

func TestLive_NeedsHandshake(t *testing.T) {
	w := newFixture(t, false, nil)
	token := w.bearer(event, w.linkOf[floor.RoleAttendee])
	path := "/api/v1/events/demo/live"
	w.expect("a plain GET", w.request(http.MethodGet, path, "", token...), http.StatusUpgradeRequired, reply.CodeBadUpgrade)
	w.expect("a POST", w.request(http.MethodPost, path, "", token...), http.StatusMethodNotAllowed, reply.CodeBadMethod)
	upgrade := append(token, "Connection", "upgrade", "Upgrade", "websocket")
	w.expect("no version", w.request(http.MethodGet, path, "", upgrade...), http.StatusBadRequest, reply.CodeBadUpgrade)
	w.expect("no key", w.request(http.MethodGet, path, "", append(upgrade, "Sec-Websocket-Version", "13")...), http.StatusBadRequest, reply.CodeBadUpgrade)
	if n := w.server.limits.sockets.InUse() + w.server.limits.turnedAway.InUse(); n != 0 {
		t.Errorf("%d places are still taken", n)
	}
}

func TestLive_FullServerSendsRetryAfter(t *testing.T) {
	w := newFixture(t, false, func(o *Options) { o.MaxSockets = 2 })
	token := w.bearer(event, w.linkOf[floor.RoleAttendee])
	w.dialWith("/api/v1/events/demo/live", token...).hello()
	second := w.dialWith("/api/v1/events/demo/live", token...)
	second.hello()
	_, answer, err := w.tryDial("/api/v1/events/demo/live", token...)
	if err == nil || answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") != "5" {
		t.Errorf("a third: %v %v", answer, err)
	}
	second.conn.Close()
	w.eventually("the place is free", func() bool { return w.server.limits.sockets.InUse() == 1 })
	w.dialWith("/api/v1/events/demo/live", token...).hello()
}

func TestLive_BadFramesAreClosed(t *testing.T) {
	w := newFixture(t, false, nil)
	token := w.bearer(event, w.linkOf[floor.RoleModerator])
	fit := func(n int) string { return `{"hello":{"v":1}}` + strings.Repeat(" ", n-len(`{"hello":{"v":1}}`)) }
	for _, c := range []struct {
		name  string
		kind  int
		text  string
		close int
		code  wire.Code
	}{
		{"empty", websocket.TextMessage, "", 4100, wire.CodeBadFrame},
		{"null", websocket.TextMessage, "null", 4100, wire.CodeBadFrame},
		{"binary", websocket.BinaryMessage, `{"hello":{"v":1}}`, 4100, wire.CodeBadFrame},
		{"invalid UTF-8", websocket.TextMessage, "{\"hello\":{\"v\":1,\"subjects\":\"\xff\"}}", 1007, ""},
		{"two kinds", websocket.TextMessage, `{"hello":{"v":1},"ping":{"n":1}}`, 4100, wire.CodeBadFrame},
		{"a name twice", websocket.TextMessage, `{"hello":{"v":1,"v":1}}`, 4100, wire.CodeBadFrame},
		{"in capitals", websocket.TextMessage, `{"Hello":{"v":1}}`, 4100, wire.CodeBadFrame},
		{"wrong type", websocket.TextMessage, `{"hello":{"v":"1"}}`, 4100, wire.CodeBadFrame},
		{"deep", websocket.TextMessage, `{"hello":` + strings.Repeat("[", 10_000), 4100, wire.CodeBadFrame},
		{"unknown kind", websocket.TextMessage, `{"subscribe":{}}`, 4100, wire.CodeBadFrame},
		{"no hello first", websocket.TextMessage, `{"ping":{"n":1}}`, 4100, wire.CodeBadFrame},
		{"unknown version", websocket.TextMessage, `{"hello":{"v":99}}`, 4101, wire.CodeBadVersion},
		{"too large", websocket.TextMessage, fit(wire.MaxFrame + 1), 1009, ""},
	} {
		p := w.dialWith("/api/v1/events/demo/live", token...)
		if err := p.conn.WriteMessage(c.kind, []byte(c.text)); err != nil {
			t.Fatal(c.name, err)
		}
		if c.code != "" && !strings.Contains(string(p.until("error")), `"`+c.code+`"`) {
			t.Errorf("%s: not %s", c.name, c.code)
		}
		if code := p.closeCode(); code != c.close {
			t.Errorf("%s: closed with %d, want %d", c.name, code, c.close)
		}
		p.conn.Close()
	}
	p := w.dialWith("/api/v1/events/demo/live", token...)
	p.send(fit(wire.MaxFrame))
	p.until("snapshot")
}

func TestLive_BadCommandKeepsConnectionOpen(t *testing.T) {
	w := newFixture(t, false, nil)
	p := w.dial(event, w.linkOf[floor.RoleModerator])
	p.hello()
	p.send(`{"command":{"id":"c1","moveMountain":{}}}`)
	if got := string(p.until("rejected")); !strings.Contains(got, `"c1"`) || !strings.Contains(got, wire.CodeUnknownCommand) {
		t.Errorf("rejected: %s", got)
	}
	p.ping()
}

func TestLive_FloodIsClosed(t *testing.T) {
	w := newFixture(t, false, nil)
	p := w.dial(event, w.linkOf[floor.RoleAttendee])
	p.hello()
	for range 2 * frameRate.Burst {
		if p.conn.WriteMessage(websocket.TextMessage, []byte(`{"ack":{"seq":1}}`)) != nil {
			break
		}
	}
	if code := p.closeCode(); code != int(wire.CloseTooMany) {
		t.Errorf("closed with %d", code)
	}
}

// TestLive_IdleConnectionNeedsNoGoroutine: an idle connection has no goroutine, or one
// that waits for input if it cannot be polled. net/http's has ended, and none waits to
// write.
func TestLive_IdleConnectionNeedsNoGoroutine(t *testing.T) {
	t.Run("plain", func(t *testing.T) { testIdleGoroutines(t, newFixture(t, false, manyOfALink), idleReaders) })
	t.Run("over TLS", func(t *testing.T) {
		testIdleGoroutines(t, newFixture(t, true, manyOfALink), func(n int) int { return n })
	})
}

// manyOfALink allows a link to have many connections.
func manyOfALink(o *Options) { o.MaxLinkSockets = 100 }

// idleReaders returns how many goroutines wait for n idle connections without TLS.
func idleReaders(n int) int {
	if runtime.GOOS == "linux" {
		return 0
	}
	return n
}

// readers returns how many goroutines read connections or wait for them.
func readers(t testing.TB) int {
	t.Helper()
	return stacks(t, "ws.(*Conn).awaitInput") + stacks(t, "ws.(*Conn).serve") + stacks(t, "server.(*liveEndpoint).startSession")
}

// testIdleGoroutines checks that idle connections have as many goroutines as held returns.
func testIdleGoroutines(t *testing.T, w *fixture, held func(int) int) {
	token := w.bearer(event, w.linkOf[floor.RoleAttendee])
	const many = 20
	for range many {
		w.dialWith("/api/v1/events/demo/live", token...).hello()
	}
	w.eventually("the expected number of readers", func() bool { return readers(t) == held(many) })
	w.eventually("no handler and no writer is left", func() bool {
		return stacks(t, "server.(*liveEndpoint).openLive") == 0 && stacks(t, "ws.(*frameWriter).Write") == 0
	})
	if n := stacks(t, "http.(*conn).serve"); n > 2 { // of the connections of sign-ins
		t.Errorf("%d goroutines of net/http are left", n)
	}
}

// stacks returns how many goroutines are inside a function.
func stacks(t testing.TB, function string) int {
	t.Helper()
	var b bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&b, 2); err != nil {
		t.Fatal(err)
	}
	n := 0
	for stack := range strings.SplitSeq(b.String(), "\n\n") {
		if strings.Contains(stack, function+"(") {
			n++
		}
	}
	return n
}

func TestLive_DrainClosesWithRestart(t *testing.T) {
	w := newFixture(t, false, nil)
	token := w.bearer(event, w.linkOf[floor.RoleAttendee])
	p := w.dialWith("/api/v1/events/demo/live", token...)
	p.hello()
	drained := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		drained <- w.hub.Drain(ctx)
	}()
	if code := p.closeCode(); code != int(wire.CloseRestart) {
		t.Errorf("closed with %d", code)
	}
	if err := <-drained; err != nil {
		t.Error(err)
	}
	if code := w.dialWith("/api/v1/events/demo/live", token...).closeCode(); code != int(wire.CloseRestart) {
		t.Errorf("a new one closed with %d", code)
	}
	w.expect("readyz", w.request(http.MethodGet, "/readyz", ""), http.StatusServiceUnavailable, "")
	w.expect("healthz", w.request(http.MethodGet, "/healthz", ""), http.StatusOK, "")
	r := w.post("/api/v1/events/demo/commands", `{"id":"x","checkIn":{"attendee":"k01a"}}`, token...)
	if w.expect("a command", r, http.StatusServiceUnavailable, wire.CodeDraining); r.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

// attach attaches an attendee's session to a connection.
func (w *fixture) attach(c *conn) *session.Session {
	w.t.Helper()
	link, _ := w.state(event).Link(w.linkOf[floor.RoleAttendee])
	session, err := w.hub.Attach(w.t.Context(), journal.LogID(event), session.Credential{Actor: link.Who, Link: link.ID, Generation: link.Generation}, c)
	if err != nil {
		w.t.Fatal(err)
	}
	return session
}

// pair returns a connection that has no session and is not read, and its client.
func (w *fixture) pair() (*conn, *phone) {
	w.t.Helper()
	made := make(chan *conn, 1)
	s := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		over, err := ws.Upgrade(answer, r)
		if err != nil {
			w.t.Error(err)
			return
		}
		made <- newConn(w.server.live, over, "")
	}))
	w.t.Cleanup(s.Close)
	client, _, err := websocket.DefaultDialer.DialContext(w.t.Context(), "ws"+strings.TrimPrefix(s.URL, "http"), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { client.Close() })
	c := <-made
	w.t.Cleanup(c.Abort)
	return c, &phone{w.t, client}
}
