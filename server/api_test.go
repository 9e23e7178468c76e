package server

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/wire"
)

const commandsPath = "/api/v1/events/demo/commands"

func TestCommands_ByPostIsIdempotentAndNeedsOurOrigin(t *testing.T) {
	w := newFixture(t, false, nil)
	token := w.bearer(event, w.linkOf[floor.RoleModerator])
	body := `{"id":"c1","announce":{"text":{"en":"Welcome"}}}`
	first := w.post(commandsPath, body, token...)
	var accepted wire.Accepted
	if err := json.Unmarshal(first.body, &accepted); err != nil || first.StatusCode != 200 || accepted.ID != "c1" || accepted.Seq == 0 {
		t.Fatalf("%d %s", first.StatusCode, first.body)
	}
	if again := w.post(commandsPath, body, token...); !bytes.Equal(again.body, first.body) {
		t.Errorf("sent again: %s, at first %s", again.body, first.body)
	}
	r := w.post(commandsPath, strings.Replace(body, "Welcome", "Goodbye", 1), token...)
	w.expect("the id for another command", r, http.StatusConflict, wire.CodeIDReused)
	link := w.linkOf[floor.RoleModerator]
	c := w.cookie(event, link)
	path := commandsPath + "?as=" + string(link)
	mine := []string{"Content-Type", "application/json", "Cookie", c.Name + "=" + c.Value}
	body = `{"id":"c2","announce":{"text":{"en":"Tea"}}}`
	w.expect("by cookie, no Origin", w.request(http.MethodPost, path, body, mine...), http.StatusForbidden, wire.CodeBadOrigin)
	w.expect("by cookie, another site", w.request(http.MethodPost, path, body, append(mine, "Origin", "http://evil.example")...), http.StatusForbidden, wire.CodeBadOrigin)
	w.expect("by cookie, cross-site by Sec-Fetch-Site", w.request(http.MethodPost, path, body, append(mine, "Origin", "http://evil.example", "Sec-Fetch-Site", "cross-site")...), http.StatusForbidden, wire.CodeBadOrigin)
	w.expect("by cookie, our Origin", w.request(http.MethodPost, path, body, append(mine, "Origin", w.http.URL)...), http.StatusOK, "")
	w.expect("by cookie that ?as does not pick", w.request(http.MethodPost, commandsPath, body, append(mine, "Origin", w.http.URL)...), http.StatusUnauthorized, wire.CodeSignedOut)
}

func TestCommands_BadBodiesAreRefused(t *testing.T) {
	w := newFixture(t, false, nil)
	now := time.Now()
	w.clock.set(func() time.Time { now = now.Add(time.Second); return now }) // so that no rate is met
	token := w.bearer(event, w.linkOf[floor.RoleModerator])
	good := `{"id":"c9","announce":{"text":{"en":"Welcome"}}}`
	pad := strings.Repeat(" ", wire.MaxCommand-len(good))
	for _, c := range []struct {
		name, body string
		status     int
		code       wire.Code
	}{
		{"empty", "", 400, wire.CodeBadBody},
		{"null", "null", 400, wire.CodeBadBody},
		{"array", "[]", 400, wire.CodeBadBody},
		{"no command", `{"id":"c1"}`, 400, wire.CodeBadBody},
		{"two commands", `{"id":"c1","release":{},"undo":{"command":"x"}}`, 400, wire.CodeBadBody},
		{"unknown command", `{"id":"c1","moveMountain":{}}`, 409, wire.CodeUnknownCommand},
		{"no id", `{"release":{}}`, 400, wire.CodeBadBody},
		{"id with a path", `{"id":"../c1","release":{}}`, 0, ""},
		{"wrong type", `{"id":"c1","announce":{"text":"x"}}`, 400, wire.CodeBadBody},
		{"null inside", `{"id":"c1","announce":null}`, 400, wire.CodeBadBody},
		{"a name twice", `{"id":"c1","id":"c1","release":{}}`, 400, wire.CodeBadBody},
		{"in capitals", `{"id":"c1","Release":{}}`, 409, wire.CodeUnknownCommand},
		{"invalid UTF-8", "{\"id\":\"c1\",\"announce\":{\"text\":{\"en\":\"\xff\"}}}", 400, wire.CodeBadBody},
		{"deep", strings.Repeat("[", 10_000), 400, wire.CodeBadBody},
		{"number out of range", `{"id":"c1","base":1e99,"release":{}}`, 0, ""},
		{"control character", `{"id":"c1","announce":{"text":{"en":"a\u0000b"}}}`, 422, wire.CodeBadValue},
		{"bidirectional override", `{"id":"c1","announce":{"text":{"en":"a\u202eb"}}}`, 422, wire.CodeBadValue},
		{"largest", good + pad, 200, ""},
		{"too large", good + pad + " ", 413, wire.CodeTooLarge},
	} {
		r := w.post(commandsPath, c.body, token...)
		if c.status == 0 {
			if r.StatusCode != 400 && r.StatusCode != 422 {
				t.Errorf("%s: %d %s", c.name, r.StatusCode, r.body)
			}
			continue
		}
		w.expect(c.name, r, c.status, c.code)
	}
	r := w.request(http.MethodPost, commandsPath, good, append(token, "Content-Type", "text/plain")...)
	w.expect("as text", r, http.StatusUnsupportedMediaType, wire.CodeBadType)
	for _, path := range []string{"/api/v1/events/nothing/commands", "/api/v1/events/_/commands", "/api/v1/events/de%2Fmo/commands",
		"/api/v1/events/%7Bdemo%7D/commands", "/api/v1/events/" + strings.Repeat("x", 41) + "/commands"} {
		if r := w.post(path, good, w.bearer(event, organiser)...); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, r.StatusCode, r.body)
		}
	}
}

// What the table of rights refuses has the status 403.
func TestCommands_RefusedByRole(t *testing.T) {
	w := newFixture(t, false, nil)
	for role, allowed := range map[floor.Role]bool{
		floor.RoleOrganiser: true, floor.RoleModerator: true, floor.RoleRunner: false,
		floor.RoleInterpreter: false, floor.RoleAttendee: false, floor.RoleDisplay: false,
	} {
		r := w.post(commandsPath, `{"id":"r1","announce":{"text":{"en":"Welcome"}}}`, w.bearer(event, w.linkOf[role])...)
		if allowed {
			w.expect(string(role), r, http.StatusOK, "")
		} else {
			w.expect(string(role), r, http.StatusForbidden, wire.CodeForbidden)
		}
	}
}

func TestRates_CountByLinkNotByAddress(t *testing.T) {
	w := newFixture(t, false, nil)
	now := time.Now()
	w.clock.set(func() time.Time { return now })
	fast, slow := w.bearer(event, w.linkOf[floor.RoleAttendee]), w.bearer(event, w.linkOf[floor.RoleInterpreter])
	for i := range rateReads.Burst {
		if r := w.request(http.MethodGet, "/api/v1/events/demo/snapshot", "", fast...); r.StatusCode != 200 {
			t.Fatalf("read %d: %d", i+1, r.StatusCode)
		}
	}
	r := w.request(http.MethodGet, "/api/v1/events/demo/snapshot", "", fast...)
	if w.expect("one more", r, http.StatusTooManyRequests, wire.CodeTooManyRequests); r.Header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After: %q", r.Header.Get("Retry-After"))
	}
	w.expect("another link, same address", w.request(http.MethodGet, "/api/v1/events/demo/snapshot", "", slow...), http.StatusOK, "")
}

func TestRequests_BeyondTheBoundAreRefused(t *testing.T) {
	w := newFixture(t, false, func(o *Options) { o.MaxRequests = 1 })
	done, _, _ := w.server.limits.requests.AcquireFunc("")
	r := w.post("/api/v1/sign-in", "{}")
	if w.expect("with every place taken", r, http.StatusServiceUnavailable, wire.CodeFull); r.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	w.expect("healthz", w.request(http.MethodGet, "/healthz", ""), http.StatusOK, "")
	done()
	w.expect("afterwards", w.post("/api/v1/sign-in", w.signInText(event, organiser, false)), http.StatusOK, "")
}

func TestSnapshot_IsTheCallersView(t *testing.T) {
	w := newFixture(t, false, nil)
	link := w.linkOf[floor.RoleAttendee]
	token := w.bearer(event, link)
	path := "/api/v1/events/demo/snapshot"
	plain := w.request(http.MethodGet, path, "", append(token, "Accept-Encoding", "identity")...)
	var s wire.Snapshot
	if err := json.Unmarshal(plain.body, &s); err != nil || len(s.Cards) == 0 {
		t.Fatalf("%s: %v", plain.body, err)
	}
	h := sha256.New()
	keys := []string{}
	for key := range s.Cards {
		keys = append(keys, string(key))
	}
	slices.Sort(keys)
	for _, key := range keys {
		h.Write([]byte(key + "\n" + string(s.Cards[floor.CardKey(key)]) + "\n"))
	}
	if digest := hex.EncodeToString(h.Sum(nil)); plain.Header.Get("Matchfloor-View-Digest") != digest {
		t.Errorf("digest %s, want %s", plain.Header.Get("Matchfloor-View-Digest"), digest)
	}
	for _, key := range keys {
		if kind, _, _ := strings.Cut(key, "/"); kind == "attendee" || kind == "company" || kind == "unseen" {
			t.Errorf("an attendee sees %s", key)
		}
	}
	zipped := w.request(http.MethodGet, path, "", append(token, "Accept-Encoding", "gzip")...)
	if zipped.Header.Get("Content-Encoding") != "gzip" || !bytes.Equal(unzip(t, zipped.body), plain.body) || zipped.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("gzipped: %v", zipped.Header)
	}
	seq := w.state(event).Seq()
	w.expect("at least now", w.request(http.MethodGet, path+"?seq="+itoa(seq), "", token...), http.StatusOK, "")
	for _, q := range []string{"x", "-1", "1e3", "99999999999999999999"} {
		w.expect("seq="+q, w.request(http.MethodGet, path+"?seq="+q, "", token...), http.StatusUnprocessableEntity, wire.CodeBadValue)
	}
}

func unzip(t *testing.T, b []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func itoa(n uint64) string { b, _ := json.Marshal(n); return string(b) }

func TestEvents_ListedForOrganisersOnly(t *testing.T) {
	w := newFixture(t, false, nil)
	r := w.request(http.MethodGet, "/api/v1/events", "", w.bearer(event, organiser)...)
	if !strings.Contains(string(r.body), `"id":"demo"`) || !strings.Contains(string(r.body), `"version":0`) {
		t.Errorf("%s", r.body)
	}
	w.expect("an attendee", w.request(http.MethodGet, "/api/v1/events", "", w.bearer(event, w.linkOf[floor.RoleAttendee])...), http.StatusForbidden, wire.CodeForbidden)
}

func TestUploads_PreviewImportAndFaults(t *testing.T) {
	w := newFixture(t, false, nil)
	now := time.Now()
	w.clock.set(func() time.Time { now = now.Add(time.Minute); return now }) // so that no rate is met
	mine := append(w.bearer(event, organiser), "Content-Type", workbookType)
	book := string(demo.Workbook())
	id := func() floor.EventID { f, _ := sampleForum(); return f.Event.ID }()
	dry := w.request(http.MethodPost, "/api/v1/events?dry=1", book, mine...)
	var p preview
	if err := json.Unmarshal(dry.body, &p); err != nil || p.Event != id || p.Counts["companies"] != 60 || p.Counts["meetings"] != 168 {
		t.Errorf("preview: %d %s", dry.StatusCode, dry.body)
	}
	for range 2 { // importing again is allowed until the release
		r := w.request(http.MethodPost, "/api/v1/events", book, mine...)
		if w.expect("import", r, http.StatusCreated, ""); strings.TrimSpace(string(r.body)) != `{"event":"`+string(id)+`"}` {
			t.Errorf("%s", r.body)
		}
	}
	w.submitAsOperator(id, floor.ReleaseSchedule{})
	w.expect("after the release", w.request(http.MethodPost, "/api/v1/events", book, mine...), http.StatusConflict, string(floor.CodeReleased))
	w.expect("preview after the release", w.request(http.MethodPost, "/api/v1/events?dry=1", book, mine...), http.StatusConflict, string(floor.CodeReleased))
	bad, faults, err := demo.WithBadRows()
	if err != nil {
		t.Fatal(err)
	}
	r := w.request(http.MethodPost, "/api/v1/events", string(bad), mine...)
	var refused workbookFaults
	if err := json.Unmarshal(r.body, &refused); err != nil || refused.Code != wire.CodeWorkbook || len(refused.Errors) != len(faults) {
		t.Errorf("faults: %d %s", r.StatusCode, r.body)
	}
	w.expect("no workbook", w.request(http.MethodPost, "/api/v1/events", "PK", mine...), http.StatusUnprocessableEntity, wire.CodeWorkbook)
	w.expect("too large", w.request(http.MethodPost, "/api/v1/events", strings.Repeat("x", MaxWorkbook+1), mine...), http.StatusRequestEntityTooLarge, wire.CodeTooLarge)
	w.expect("as JSON", w.request(http.MethodPost, "/api/v1/events", book, append(w.bearer(event, organiser), "Content-Type", "application/json")...), http.StatusUnsupportedMediaType, wire.CodeBadType)
	lead := append(w.bearer(event, w.linkOf[floor.RoleModerator]), "Content-Type", workbookType)
	w.expect("by the lead", w.request(http.MethodPost, "/api/v1/events", book, lead...), http.StatusForbidden, wire.CodeForbidden)
}

func TestImportForum_RefusesTheInstancesOwnLog(t *testing.T) {
	w := newFixture(t, false, nil)
	forum, _ := sampleForum()
	forum.Event.ID = auth.InstanceEvent
	if err := hub.ImportForum(t.Context(), w.hub, floor.Operator, "operator-test", forum); err == nil {
		t.Error("a workbook was imported into the instance's own log")
	}
	if got := w.state(auth.InstanceEvent).Event().ID; got != "" {
		t.Errorf("the instance's own log has the event %q", got)
	}
}

func TestUploads_AreBounded(t *testing.T) {
	w := newFixture(t, false, func(o *Options) { o.MaxUploads = 1 })
	done, _, _ := w.server.limits.uploads.AcquireFunc("")
	defer done()
	r := w.request(http.MethodPost, "/api/v1/events", "x", append(w.bearer(event, organiser), "Content-Type", workbookType)...)
	w.expect("a second one", r, http.StatusServiceUnavailable, wire.CodeFull)
}
