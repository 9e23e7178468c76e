package server

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/server/reply"
)

func TestPages_RevalidatedWhileAssetsAreCached(t *testing.T) {
	w := newFixture(t, false, nil)
	page := w.request(http.MethodGet, "/attendee", "", "Accept-Encoding", "identity")
	tag := page.Header.Get("ETag")
	if page.StatusCode != 200 || page.Header.Get("Cache-Control") != "no-cache" || tag == "" || page.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("%d %v", page.StatusCode, page.Header)
	}
	again := w.request(http.MethodGet, "/attendee", "", "Accept-Encoding", "identity", "If-None-Match", tag)
	if again.StatusCode != http.StatusNotModified || len(again.body) > 0 {
		t.Errorf("with its tag: %d", again.StatusCode)
	}
	zipped := w.request(http.MethodGet, "/attendee", "", "Accept-Encoding", "br, gzip;q=0.8")
	if zipped.Header.Get("Content-Encoding") != "gzip" || !bytes.Equal(unzip(t, zipped.body), page.body) || zipped.Header.Get("ETag") == tag {
		t.Errorf("gzipped: %v", zipped.Header)
	}
	if r := w.request(http.MethodGet, "/attendee", "", "Accept-Encoding", "gzip;q=0"); r.Header.Get("Content-Encoding") != "" {
		t.Error("gzip although it is not wanted")
	}
	asset := w.request(http.MethodGet, "/assets/main-ABC123.js", "")
	if asset.StatusCode != 200 || !strings.Contains(asset.Header.Get("Cache-Control"), "immutable") || asset.Header.Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("an asset: %d %v", asset.StatusCode, asset.Header)
	}
	w.expect("the start page", w.request(http.MethodGet, "/", ""), http.StatusOK, "")
	for _, path := range []string{"/assets/../attendee.html", "/assets/..%2Fattendee.html", "/assets/", "/assets/nothing.js", "/attendee.html",
		"/attendee/demo", "/nothing", "/assets/%2e%2e/index.html", "//evil.example", "/interpreter"} {
		w.expect(path, w.request(http.MethodGet, path, ""), http.StatusNotFound, reply.CodeNotFound)
	}
}

func TestHeaders_EveryResponseHasTheSecurityHeaders(t *testing.T) {
	w := newFixture(t, false, nil)
	for _, path := range []string{"/", "/attendee", "/assets/icon.svg", "/nothing", "/healthz", "/metrics", "/api/v1/events", "/api/v1/events/demo/snapshot"} {
		h := w.request(http.MethodGet, path, "", "Origin", "http://evil.example").Header
		csp := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'", "base-uri 'none'",
			"require-trusted-types-for 'script'", "connect-src 'self' ws://127.0.0.1:"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: %q is not in %q", path, want, csp)
			}
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
		} {
			if h.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, h.Get(name))
			}
		}
		for name := range h {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: %s is set", path, name)
			}
		}
	}
}

func TestPages_SignedInAttendeeGetsTheView(t *testing.T) {
	w := newFixture(t, false, nil)
	link := w.linkOf[floor.RoleAttendee]
	c := w.cookie(event, link)
	path := "/attendee/demo/" + string(link)
	mine := w.request(http.MethodGet, path, "", "Cookie", c.Name+"="+c.Value)
	html := string(mine.body)
	if mine.Header.Get("Cache-Control") != "no-store" || mine.Header.Get("ETag") != "" ||
		!strings.Contains(html, `<script type="application/json" id="opening">{"hello":{"v":1,"event":"demo"`) || !strings.Contains(html, `,"snapshot":{"at":`) {
		t.Errorf("%v %.600s", mine.Header, html)
	}
	for name, r := range map[string]response{
		"without a cookie":  w.request(http.MethodGet, path, ""),
		"with another's":    w.request(http.MethodGet, "/attendee/demo/attendee-x", "", "Cookie", c.Name+"="+c.Value),
		"of another event":  w.request(http.MethodGet, "/attendee/other/"+string(link), "", "Cookie", c.Name+"="+c.Value),
		"with a bad id":     w.request(http.MethodGet, "/attendee/demo/a%2Fb", "", "Cookie", c.Name+"="+c.Value),
		"of no such event":  w.request(http.MethodGet, "/attendee/nothing/"+string(link), "", "Cookie", c.Name+"="+c.Value),
		"with broken value": w.request(http.MethodGet, path, "", "Cookie", c.Name+"=x"),
	} {
		if r.StatusCode != 200 || strings.Contains(string(r.body), "opening") || r.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %d %.300s", name, r.StatusCode, r.body)
		}
	}
}

func TestBootstrap_NoTextEndsItsScriptElement(t *testing.T) {
	data := []byte(`{"name":"</script><script>alert(1)</script><!-- & ` + "\u2028" + `"}`)
	got := string(withBootstrap([]byte("<html><head></head></html>"), data))
	want := `<html><head><script type="application/json" id="opening">{"name":"\u003c/script\u003e\u003cscript\u003ealert(1)\u003c/script\u003e\u003c!-- \u0026 \u2028"}</script></head></html>`
	if got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestReadyz_ReportsTheJournal(t *testing.T) {
	w := newFixture(t, false, nil)
	r := w.request(http.MethodGet, "/readyz", "")
	if r.StatusCode != 200 || !strings.Contains(string(r.body), `"ready":true`) || !strings.Contains(string(r.body), `"journal":"reachable"`) {
		t.Errorf("%d %s", r.StatusCode, r.body)
	}
}

func TestMetrics_HaveNoIDs(t *testing.T) {
	w := newFixture(t, false, nil)
	p := w.dial(event, w.linkOf[floor.RoleModerator])
	p.hello()
	p.send(`{"command":{"id":"c1","announce":{"text":{"en":"Welcome"}}}}`)
	p.until("accepted")
	w.request(http.MethodGet, "/attendee/demo/attendee-k01a", "")
	w.request("BREW", "/very/odd/path", "")
	text := string(w.request(http.MethodGet, "/metrics", "").body)
	for _, want := range []string{
		`matchfloor_commands_received_total{kind="announce",way="live"} 1`, "matchfloor_live_connections 1", "matchfloor_sessions 1",
		`matchfloor_commands_total{outcome="accepted"}`, `route="/attendee/:event/:link"`, `matchfloor_logs_away 0`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing", want)
		}
	}
	for _, never := range []string{"demo", "attendee-k01a", "odd", "BREW"} {
		if strings.Contains(text, never) {
			t.Errorf("%s is in the metrics", never)
		}
	}
}

// At debug level the log still has no credential, no link and no name.
func TestLog_HasNoSecretsOrNames(t *testing.T) {
	w := newFixture(t, false, nil)
	link := w.linkOf[floor.RoleAttendee]
	c := w.cookie(event, link)
	token := w.token(event, link)
	secret := w.secret(event, link)
	w.request(http.MethodGet, "/api/v1/events/demo/snapshot?as="+string(link)+"&secret="+secret, "", "Cookie", c.Name+"="+c.Value)
	w.post("/api/v1/sign-in", strings.Replace(w.signInText(event, link, false), "secret", "secrets", 1))
	w.request(http.MethodGet, "/attendee?"+secret, "")
	w.dial(event, link).hello()
	profile, _ := w.state(event).Profile(floor.NewActorID(floor.RoleAttendee, strings.TrimPrefix(string(link), "attendee-")))
	said := w.logged.String()
	for name, never := range map[string]string{
		"the secret": secret, "the cookie": c.Value, "the token": token, "the name": profile.Name.En, "the link": string(link),
	} {
		if never == "" || strings.Contains(said, never) {
			t.Errorf("%s is in the log, or empty", name)
		}
	}
	if !strings.Contains(said, "route=/api/v1/events/:event/snapshot status=200") {
		t.Errorf("the request itself is not in the log:\n%s", said)
	}
}

func TestHTTP_HasDeadlinesAndBounds(t *testing.T) {
	w := newFixture(t, false, nil)
	h := w.server.HTTP()
	if h.ReadHeaderTimeout <= 0 || h.ReadTimeout <= 0 || h.WriteTimeout <= 0 || h.IdleTimeout <= 0 || h.MaxHeaderBytes <= 0 || h.MaxHeaderBytes > 64<<10 {
		t.Errorf("%+v", h)
	}
	r := w.request(http.MethodGet, "/", "", "X-Much", strings.Repeat("x", 40<<10))
	if r.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("headers of 40 KiB: %d", r.StatusCode)
	}
}

func TestPanic_EndsOnlyItsRequest(t *testing.T) {
	w := newFixture(t, false, nil)
	w.clock.set(func() time.Time { panic("broken") })
	w.expect("a panic", w.post("/api/v1/sign-in", w.signInText(event, organiser, false)), http.StatusInternalServerError, "internal")
	w.expect("the next request", w.request(http.MethodGet, "/healthz", ""), http.StatusOK, "")
}
