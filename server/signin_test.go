package server

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/server/reply"
	"github.com/matchfloor/matchfloor/wire"
)

func TestSignIn_SetsTheLinksCookie(t *testing.T) {
	for _, secure := range []bool{false, true} {
		w := newFixture(t, secure, nil)
		w.eventDay()
		link := w.linkOf[floor.RoleAttendee]
		c := w.cookie(event, link)
		want := "mf-demo." + string(link)
		if secure {
			want = "__Host-" + want
		}
		if c.Name != want || c.Secure != secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode ||
			c.Path != "/" || c.Domain != "" || c.MaxAge != 36*60*60 {
			t.Errorf("secure %v: %+v", secure, c)
		}
		r := w.request(http.MethodGet, "/api/v1/events/demo/snapshot?as="+string(link), "", "Cookie", c.Name+"="+c.Value)
		w.expect("the cookie", r, http.StatusOK, "")
		if warned := strings.Contains(w.logged.String(), "plain HTTP"); warned == secure {
			t.Errorf("secure %v: warned %v", secure, warned)
		}
		w.close()
	}
}

func TestSignIn_ReturnsWhoAndTheirPage(t *testing.T) {
	w := newFixture(t, false, nil)
	now := w.eventDay().Add(-24 * time.Hour)
	w.clock.set(func() time.Time { return now })
	for role, page := range map[floor.Role]string{
		floor.RoleAttendee: "attendee", floor.RoleInterpreter: "interpreter", floor.RoleModerator: "moderator",
		floor.RoleRunner: "moderator", floor.RoleDisplay: "display", floor.RoleOrganiser: "organiser",
	} {
		link := w.linkOf[role]
		r := w.post("/api/v1/sign-in", w.signInText(event, link, false))
		var got signInResponse
		if err := json.Unmarshal(r.body, &got); err != nil {
			t.Fatal(role, err)
		}
		of := auth.LogOfLink(event, link)
		left := time.UnixMilli(int64(got.Expires)).Sub(now)
		if got.Who.Link() != link || got.Event != of || got.Page != "/"+page+"/"+string(of)+"/"+string(link) ||
			got.Token != "" || left != 36*time.Hour {
			t.Errorf("%s: %+v", role, got)
		}
		if hasView := got.View != nil; hasView != (role == floor.RoleAttendee) {
			t.Errorf("%s: with the view: %v", role, hasView)
		}
	}
}

func TestSignIn_BearerGetsATokenAndNoCookie(t *testing.T) {
	w := newFixture(t, false, nil)
	r := w.request(http.MethodPost, "/api/v1/sign-in", w.signInText(event, w.linkOf[floor.RoleAttendee], true), "Content-Type", "application/json")
	if len(r.Cookies()) > 0 || !strings.Contains(string(r.body), `"token"`) {
		t.Errorf("%v %s", r.Cookies(), r.body)
	}
}

func TestSignIn_CookieNeedsOurOrigin(t *testing.T) {
	w := newFixture(t, false, nil)
	link := w.linkOf[floor.RoleAttendee]
	for _, bearer := range []bool{false, true} {
		for origin, want := range map[string]int{
			w.http.URL: http.StatusOK, "http://evil.example": http.StatusForbidden, "null": http.StatusForbidden,
		} {
			r := w.request(http.MethodPost, "/api/v1/sign-in", w.signInText(event, link, bearer), "Content-Type", "application/json", "Origin", origin)
			w.expect("from "+origin, r, want, "")
		}
		want := http.StatusForbidden
		if bearer {
			want = http.StatusOK
		}
		r := w.request(http.MethodPost, "/api/v1/sign-in", w.signInText(event, link, bearer), "Content-Type", "application/json")
		w.expect("without an Origin", r, want, "")
	}
	r := w.post("/api/v1/sign-in", w.signInText(event, link, false), "Sec-Fetch-Site", "cross-site")
	w.expect("our Origin", r, http.StatusOK, "")
}

func TestSignIn_PlainHTTPOnlyOnALocalNetwork(t *testing.T) {
	w := newFixture(t, false, func(o *Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	link := w.linkOf[floor.RoleAttendee]
	for _, bearer := range []bool{false, true} {
		body := w.signInText(event, link, bearer)
		w.expect("from the internet", w.post("/api/v1/sign-in", body, "X-Forwarded-For", "203.0.113.9"), http.StatusForbidden, reply.CodeNeedsHTTPS)
		w.expect("from the venue", w.post("/api/v1/sign-in", body, "X-Forwarded-For", "192.168.4.9"), http.StatusOK, "")
	}
	origin := "https://" + strings.TrimPrefix(w.http.URL, "http://")
	r := w.request(http.MethodPost, "/api/v1/sign-in", w.signInText(event, link, false), "Content-Type", "application/json",
		"Origin", origin, "X-Forwarded-For", "203.0.113.9", "X-Forwarded-Proto", "https")
	if w.expect("by an HTTPS proxy", r, http.StatusOK, ""); len(r.Cookies()) != 1 || !r.Cookies()[0].Secure {
		t.Errorf("the cookie behind an HTTPS proxy: %v", r.Cookies())
	}
}

func TestSignIn_BadRequestsAreRefused(t *testing.T) {
	w := newFixture(t, false, nil)
	link := string(w.linkOf[floor.RoleAttendee])
	secret := w.secret(event, w.linkOf[floor.RoleAttendee])
	good := `{"event":"demo","link":"` + link + `","secret":"` + secret + `"}`
	pad := strings.Repeat(" ", maxSignIn-len(good))
	for _, c := range []struct {
		name, body string
		status     int
		code       wire.Code
	}{
		{"empty", "", 400, wire.CodeBadBody},
		{"null", "null", 422, wire.CodeBadValue},
		{"no object", `[]`, 400, wire.CodeBadBody},
		{"wrong type", `{"event":1,"link":"a","secret":"b"}`, 400, wire.CodeBadBody},
		{"twice", `{"event":"demo",` + good[1:], 400, wire.CodeBadBody},
		{"in capitals", strings.Replace(good, "link", "Link", 1), 400, wire.CodeBadBody},
		{"unknown name", strings.Replace(good, "{", `{"role":"organiser",`, 1), 400, wire.CodeBadBody},
		{"invalid UTF-8", strings.Replace(good, "demo", "d\xff", 1), 400, wire.CodeBadBody},
		{"two values", good + good, 400, wire.CodeBadBody},
		{"deep", strings.Repeat(`[`, 4000), 400, wire.CodeBadBody},
		{"largest", good + pad, 200, ""},
		{"too large", good + pad + " ", 413, wire.CodeTooLarge},
		{"event with a path", strings.Replace(good, "demo", "../demo", 1), 422, wire.CodeBadValue},
		{"event with an escape", strings.Replace(good, "demo", "demo%2F", 1), 422, wire.CodeBadValue},
		{"event with braces", strings.Replace(good, "demo", "{demo}:*", 1), 422, wire.CodeBadValue},
		{"link with a dot", strings.Replace(good, link, "attendee.x", 1), 422, wire.CodeBadValue},
		{"no such event", strings.Replace(good, "demo", "nothing", 1), 401, reply.CodeBadLink},
		{"no such link", strings.Replace(good, link, "attendee-nobody", 1), 401, reply.CodeBadLink},
		{"another event's", strings.Replace(good, "demo", "other", 1), 401, reply.CodeBadLink},
		{"the instance's", strings.Replace(good, "demo", "_", 1), 401, reply.CodeBadLink},
		{"secret cut short", strings.Replace(good, secret, secret[:21], 1), 401, reply.CodeBadLink},
		{"no secret", strings.Replace(good, secret, "", 1), 401, reply.CodeBadLink},
	} {
		w.expect(c.name, w.post("/api/v1/sign-in", c.body), c.status, c.code)
	}
	r := w.post("/api/v1/sign-in", good+pad+" ", "Transfer-Encoding", "chunked")
	w.expect("too large, of no stated length", r, http.StatusRequestEntityTooLarge, wire.CodeTooLarge)
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/json-seq"} {
		r := w.request(http.MethodPost, "/api/v1/sign-in", good, "Content-Type", kind, "Origin", w.http.URL)
		w.expect("as "+kind, r, http.StatusUnsupportedMediaType, wire.CodeBadType)
	}
}

// A venue has one address: wrong secrets of one phone must not lock others out.
func TestSignIn_WrongSecretsAreRateLimitedAndRightOnesPass(t *testing.T) {
	w := newFixture(t, false, nil)
	now := time.Now()
	w.clock.set(func() time.Time { return now })
	link := w.linkOf[floor.RoleAttendee]
	wrong := `{"event":"demo","link":"` + string(link) + `","secret":"AAAAAAAAAAAAAAAAAAAAAA"}`
	for i := range rateWrongSecrets.Burst {
		if r := w.post("/api/v1/sign-in", wrong); r.StatusCode != http.StatusUnauthorized {
			t.Fatalf("wrong secret %d: %d %s", i+1, r.StatusCode, r.body)
		}
	}
	r := w.post("/api/v1/sign-in", wrong)
	if w.expect("one more", r, http.StatusTooManyRequests, wire.CodeTooManyRequests); r.Header.Get("Retry-After") != "2" {
		t.Errorf("Retry-After: %q", r.Header.Get("Retry-After"))
	}
	w.expect("the right one", w.post("/api/v1/sign-in", w.signInText(event, link, false)), http.StatusOK, "")
}

func TestRotateLink_EndsItsSessionsAndConnections(t *testing.T) {
	w := newFixture(t, false, nil)
	link := w.linkOf[floor.RoleAttendee]
	old := w.signInText(event, link, false)
	c := w.cookie(event, link)
	token := w.token(event, link)
	live := w.dial(event, link)
	live.hello()
	other := w.dial(event, w.linkOf[floor.RoleInterpreter])
	other.hello()
	w.submitAsOperator(event, floor.RotateLink{Link: link})
	if code := live.closeCode(); code != int(wire.CloseSessionOver) {
		t.Errorf("the live connection closed with %d", code)
	}
	path := "/api/v1/events/demo/snapshot?as=" + string(link)
	w.expect("the cookie", w.request(http.MethodGet, path, "", "Cookie", c.Name+"="+c.Value), http.StatusUnauthorized, wire.CodeSignedOut)
	w.expect("the token", w.request(http.MethodGet, path, "", "Authorization", "Bearer "+token), http.StatusUnauthorized, wire.CodeSignedOut)
	w.expect("the old secret", w.post("/api/v1/sign-in", old), http.StatusUnauthorized, reply.CodeBadLink)
	w.expect("the new secret", w.post("/api/v1/sign-in", w.signInText(event, link, false)), http.StatusOK, "")
	other.ping()
}

func TestSession_Expires(t *testing.T) {
	w := newFixture(t, false, nil)
	now := w.eventDay()
	headers := w.bearer(event, w.linkOf[floor.RoleAttendee])
	w.clock.set(func() time.Time { return now.Add(sessionLife - time.Minute) })
	w.expect("before", w.request(http.MethodGet, "/api/v1/events/demo/snapshot", "", headers...), http.StatusOK, "")
	w.clock.set(func() time.Time { return now.Add(sessionLife + time.Second) })
	w.expect("after", w.request(http.MethodGet, "/api/v1/events/demo/snapshot", "", headers...), http.StatusUnauthorized, wire.CodeSignedOut)
}

func TestSignOut_EndsTheSessionAndItsConnections(t *testing.T) {
	w := newFixture(t, false, nil)
	link := w.linkOf[floor.RoleAttendee]
	c := w.cookie(event, link)
	mine := []string{"Cookie", c.Name + "=" + c.Value}
	live := w.dialWith("/api/v1/events/demo/live?as="+string(link), append(mine, "Origin", w.http.URL)...)
	live.hello()
	elsewhere := w.dial(event, link) // another session of the same link
	elsewhere.hello()
	path := "/api/v1/sign-out?as=" + string(link)
	w.expect("from elsewhere", w.request(http.MethodPost, path, "", append(mine, "Origin", "http://evil.example")...), http.StatusForbidden, wire.CodeBadOrigin)
	r := w.post(path, "", mine...)
	if r.StatusCode != http.StatusNoContent || len(r.Cookies()) != 1 || r.Cookies()[0].Name != c.Name || r.Cookies()[0].MaxAge >= 0 {
		t.Errorf("sign-out: %d %v", r.StatusCode, r.Cookies())
	}
	if code := live.closeCode(); code != int(wire.CloseSessionOver) {
		t.Errorf("the live connection closed with %d", code)
	}
	elsewhere.ping()
	w.expect("again", w.post(path, ""), http.StatusNoContent, "")
	w.expect("of no valid link", w.post("/api/v1/sign-out?as=a/b", ""), http.StatusUnprocessableEntity, wire.CodeBadValue)
}

// No credential is valid for another event.
func TestAuthenticate_CredentialsAreOfOneEvent(t *testing.T) {
	w := newFixture(t, false, nil)
	for role, link := range w.linkOf {
		for _, home := range []floor.EventID{event, otherEvent} {
			token := w.bearer(home, link)
			c := w.cookie(home, link)
			for _, at := range []floor.EventID{event, otherEvent} {
				path := "/api/v1/events/" + string(at) + "/snapshot"
				byToken, byCookie := http.StatusOK, http.StatusOK
				if at != home && role != floor.RoleOrganiser {
					byToken, byCookie = http.StatusForbidden, http.StatusUnauthorized
				}
				w.expect(string(role)+"'s token", w.request(http.MethodGet, path, "", token...), byToken, "")
				w.expect(string(role)+"'s cookie", w.request(http.MethodGet, path+"?as="+string(link), "", "Cookie", c.Name+"="+c.Value), byCookie, "")
				forged := cookieName(auth.LogOfLink(at, link), link) + "=" + c.Value
				w.expect(string(role)+"'s cookie renamed", w.request(http.MethodGet, path+"?as="+string(link), "", "Cookie", forged), byCookie, "")
			}
		}
	}
}

func TestAuthenticate_ForgedTokensAreRefused(t *testing.T) {
	w := newFixture(t, false, nil)
	token := w.token(event, w.linkOf[floor.RoleAttendee])
	flipped := []byte(token)
	flipped[len(flipped)/2] ^= 1
	for name, header := range map[string]string{
		"flipped": "Bearer " + string(flipped), "empty": "Bearer ", "none": "Bearer", "basic": "Basic " + token,
		"huge": "Bearer " + strings.Repeat("A", 9000), "two": "Bearer " + token + " " + token,
	} {
		r := w.request(http.MethodGet, "/api/v1/events/demo/snapshot", "", "Authorization", header)
		w.expect(name, r, http.StatusUnauthorized, wire.CodeSignedOut)
	}
}

// An event whose import ended before the instance listed it cannot be reached, and
// requests for unknown names open no logs.
func TestAuthenticate_UnlistedEventsDoNotExist(t *testing.T) {
	w := newFixture(t, false, nil)
	forum, err := sampleForum()
	if err != nil {
		t.Fatal(err)
	}
	forum.Event.ID = "half"
	w.submitAsOperator("half", floor.ImportForum{Forum: forum})
	link := w.linkOf[floor.RoleAttendee]
	w.expect("sign-in", w.post("/api/v1/sign-in", w.signInText("half", link, false)), http.StatusUnauthorized, reply.CodeBadLink)
	w.expect("an organiser", w.request(http.MethodGet, "/api/v1/events/half/snapshot", "", w.bearer(event, organiser)...), http.StatusNotFound, wire.CodeNoSuchEvent)
	open := w.hub.Stats().Events
	for _, name := range []string{"a", "b", "c"} {
		w.post("/api/v1/sign-in", `{"event":"`+name+`","link":"attendee-a","secret":"x"}`)
	}
	if now := w.hub.Stats().Events; now != open {
		t.Errorf("%d logs are open, before %d", now, open)
	}
}
