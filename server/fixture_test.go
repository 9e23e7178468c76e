package server

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/faultyjournal"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/server/limit"
	"github.com/matchfloor/matchfloor/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of a test.
const patience = 10 * time.Second

// The events of a fixture, and its organiser.
const (
	event      = floor.EventID("demo")
	otherEvent = floor.EventID("other")
	organiser  = floor.LinkID("organiser-o1")
)

var sampleForum = sync.OnceValues(demo.Forum)

// fixture is the fixture of most tests: a server over a memory journal, with an
// organiser and two events of the sample forum.
type fixture struct {
	t       testing.TB
	hub     *hub.Hub
	server  *Server
	http    *httptest.Server
	net     *pipeNetwork // for tests in fake time; nil for the machine's own network
	keys    auth.Keys
	clock   *testClock             // of the server
	logged  *syncBuffer            // the log output, at debug level
	store   *faultyjournal.Journal // fails nothing until a test sets its odds
	linkOf  map[floor.Role]floor.LinkID
	closing sync.Once
}

// testKeys returns the keys of an instance key that is made of seed.
func testKeys(t testing.TB, seed byte) auth.Keys {
	t.Helper()
	keys, err := auth.NewKeys(bytes.Repeat([]byte{seed}, auth.MinKey))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// testClock is the clock of a server. It may be set while the server runs.
type testClock struct {
	read    atomic.Pointer[func() time.Time]
	skipped atomic.Int64 // nanoseconds
}

func newTestClock() *testClock {
	c := &testClock{}
	c.set(time.Now)
	return c
}

func (c *testClock) now() time.Time {
	return (*c.read.Load())().Add(time.Duration(c.skipped.Load()))
}

func (c *testClock) set(read func() time.Time) { c.read.Store(&read) }

func (c *testClock) skip(d time.Duration) { c.skipped.Add(int64(d)) }

// newKey returns a new key for a command.
func newKey(link string) floor.CommandKey { return floor.CommandKey(link + "/" + rand.Text()) }

// cookieName returns the name of a link's cookie over plain HTTP.
func cookieName(event floor.EventID, link floor.LinkID) string {
	return "mf-" + string(event) + "." + string(link)
}

// signInResponse is the body of the response to a sign-in.
type signInResponse struct {
	Event   floor.EventID   `json:"event"`
	Link    floor.LinkID    `json:"link"`
	Who     floor.ActorID   `json:"who"`
	Page    string          `json:"page"`
	Expires floor.Instant   `json:"expires"`
	Token   string          `json:"token"`
	View    json.RawMessage `json:"view"`
}

// Bounds of other packages, as they are documented.
const (
	maxSignIn   = 4 << 10
	minStream   = 250 * time.Millisecond
	sessionLife = 36 * time.Hour
)

// rateWrongSecrets is the rate of sign-ins with a wrong secret.
var rateWrongSecrets = limit.Rate{PerSecond: 1.0 / 2, Burst: 120}

// syncBuffer is a buffer that can be written and read concurrently.
type syncBuffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

var testPages = fstest.MapFS{
	"attendee.html":         {Data: []byte("<html><head><title>attendee</title></head><body>" + strings.Repeat("text ", 400) + "</body></html>")},
	"moderator.html":        {Data: []byte("<html><head></head></html>")},
	"index.html":            {Data: []byte("<html><head></head>matchfloor</html>")},
	"assets/main-ABC123.js": {Data: []byte(strings.Repeat("console.log(1);", 100))},
	"assets/icon.svg":       {Data: []byte("<svg/>")},
}

// newFixture starts a fixture over plain HTTP, or over TLS if secure. change, which may
// be nil, changes the options of the server.
func newFixture(t testing.TB, secure bool, change func(*Options)) *fixture {
	t.Helper()
	return newFixtureWithHub(t, secure, hub.Options{}, change)
}

// newFixtureWithHub is newFixture with options of the hub.
func newFixtureWithHub(t testing.TB, secure bool, of hub.Options, change func(*Options)) *fixture {
	t.Helper()
	w := newUnstartedFixture(t, of, change)
	w.http = httptest.NewUnstartedServer(nil)
	w.http.Config = w.server.HTTP()
	if secure {
		w.http.StartTLS()
	} else {
		w.http.Start()
	}
	t.Cleanup(w.close)
	w.addEvents()
	return w
}

// newUnstartedFixture returns a fixture whose HTTP server is not started.
func newUnstartedFixture(t testing.TB, of hub.Options, change func(*Options)) *fixture {
	t.Helper()
	w := &fixture{t: t, keys: testKeys(t, 1), clock: newTestClock(), logged: &syncBuffer{}, linkOf: map[floor.Role]floor.LinkID{}}
	log := slog.New(slog.NewTextHandler(w.logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	memory := journal.NewMemory(time.Now)
	w.store = faultyjournal.Wrap(memory, 1, faultyjournal.Odds{})
	of.Logger = log
	w.hub = hub.New(w.store, memory, of)
	options := Options{Hub: w.hub, Keys: w.keys, Pages: testPages, Log: log, now: w.clock.now}
	if change != nil {
		change(&options)
	}
	server, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	w.server = server
	if runtime.GOOS == "linux" {
		w.eventually("the poller is checked", server.live.poller.Working)
	}
	return w
}

func (w *fixture) close() {
	w.closing.Do(func() {
		w.http.CloseClientConnections()
		w.http.Config.Close()
		if err := w.hub.Close(); err != nil {
			w.t.Error(err)
		}
		w.http.Close()
		w.http.Client().CloseIdleConnections()
	})
}

// addEvents adds the organiser and the two events.
func (w *fixture) addEvents() {
	w.t.Helper()
	w.submitAsOperator(auth.InstanceEvent, floor.AddOrganiser{Organiser: "o1", Name: "Organiser"})
	forum, err := sampleForum()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, id := range []floor.EventID{event, otherEvent} {
		forum.Event.ID = id
		if err := hub.ImportForum(w.t.Context(), w.hub, floor.Operator, "operator-test", forum); err != nil {
			w.t.Fatal(err)
		}
	}
	for l := range w.state(event).Links() {
		if l.Who.Role() == floor.RoleModerator {
			if profile, _ := w.state(event).Profile(l.Who); !profile.Lead {
				continue
			}
		}
		if w.linkOf[l.Who.Role()] == "" {
			w.linkOf[l.Who.Role()] = l.ID
		}
	}
	w.linkOf[floor.RoleOrganiser] = organiser
}

// submitAsOperator submits a command of the operator. The command must be accepted.
func (w *fixture) submitAsOperator(id floor.EventID, command floor.Command) {
	w.t.Helper()
	order := floor.Envelope{Key: newKey("operator-test"), By: floor.Operator, Unconditional: true, Command: command}
	if _, err := w.hub.Submit(w.t.Context(), journal.LogID(id), order); err != nil {
		w.t.Fatal(err)
	}
}

func (w *fixture) state(id floor.EventID) floor.State {
	w.t.Helper()
	state, _, err := w.hub.State(w.t.Context(), journal.LogID(id))
	if err != nil {
		w.t.Fatal(err)
	}
	return state
}

// secret returns the present secret of a link.
func (w *fixture) secret(id floor.EventID, link floor.LinkID) string {
	w.t.Helper()
	l, ok := w.state(auth.LogOfLink(id, link)).Link(link)
	if !ok {
		w.t.Fatalf("no link %s", link)
	}
	return w.keys.Secret(auth.LogOfLink(id, link), l)
}

// response is a response whose body was read.
type response struct {
	*http.Response
	body []byte
}

func (r response) code() string {
	var p wire.Problem
	if json.Unmarshal(r.body, &p) != nil {
		return "no JSON: " + string(r.body)
	}
	return p.Code
}

// request sends a request. headers are pairs of name and value.
func (w *fixture) request(method, path, body string, headers ...string) response {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, w.http.URL+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Transfer-Encoding" {
			r.ContentLength = -1 // net/http then sends chunks
			continue
		}
		r.Header.Add(headers[i], headers[i+1])
	}
	answer, err := w.http.Client().Transport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	read, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return response{answer, read}
}

// post sends JSON as a page of the server does.
func (w *fixture) post(path, body string, headers ...string) response {
	w.t.Helper()
	return w.request(http.MethodPost, path, body, append([]string{"Content-Type", "application/json", "Origin", w.http.URL}, headers...)...)
}

// signInText returns the body of a valid sign-in.
func (w *fixture) signInText(id floor.EventID, link floor.LinkID, bearer bool) string {
	body := map[string]any{"event": auth.LogOfLink(id, link), "link": link, "secret": w.secret(id, link)}
	if bearer {
		body["bearer"] = true
	}
	text, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// token signs a program in and returns its token.
func (w *fixture) token(id floor.EventID, link floor.LinkID) string {
	w.t.Helper()
	r := w.request(http.MethodPost, "/api/v1/sign-in", w.signInText(id, link, true), "Content-Type", "application/json")
	var answer signInResponse
	if err := json.Unmarshal(r.body, &answer); err != nil || answer.Token == "" {
		w.t.Fatalf("sign-in of %s: %d %s", link, r.StatusCode, r.body)
	}
	return answer.Token
}

// bearer returns the header of a signed-in program, as name and value.
func (w *fixture) bearer(id floor.EventID, link floor.LinkID) []string {
	w.t.Helper()
	return []string{"Authorization", "Bearer " + w.token(id, link)}
}

// cookie signs a browser in and returns its cookie.
func (w *fixture) cookie(id floor.EventID, link floor.LinkID) *http.Cookie {
	w.t.Helper()
	r := w.post("/api/v1/sign-in", w.signInText(id, link, false))
	if r.StatusCode != http.StatusOK || len(r.Cookies()) != 1 {
		w.t.Fatalf("sign-in of %s: %d %s", link, r.StatusCode, r.body)
	}
	return r.Cookies()[0]
}

// eventually waits until done returns true. It fails the test after patience.
func (w *fixture) eventually(what string, done func() bool) {
	w.t.Helper()
	for end := time.Now().Add(patience); !done(); {
		if time.Now().After(end) {
			w.t.Fatal("timeout waiting until " + what)
		}
		time.Sleep(2 * time.Millisecond) // a poll, bounded above
	}
}

// eventDay sets the server's clock to the end of the event and returns that time.
func (w *fixture) eventDay() time.Time {
	end := time.UnixMilli(int64(floor.EndOf(w.state(event))))
	w.clock.set(func() time.Time { return end })
	return end
}

func (w *fixture) expect(what string, r response, status int, code wire.Code) {
	w.t.Helper()
	if r.StatusCode != status || code != "" && r.code() != code {
		w.t.Errorf("%s: %d %s, want %d %s", what, r.StatusCode, r.body, status, code)
	}
}
