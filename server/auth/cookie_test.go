package auth

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/floor"
)

func TestCookie_NamesOfTwoLinksDiffer(t *testing.T) {
	if a, b := cookieName("a", "runner-x", false), cookieName("a.runner", "x", false); a == b && floor.ValidID("a.runner") {
		t.Errorf("%s for two links", a)
	}
	if a, b := cookieName("a-runner", "attendee-x", false), cookieName("a", "runner-attendee-x", false); a == b {
		t.Errorf("%s for two links", a)
	}
}

func TestCookie_OverHTTPSOnlyTheHostCookieCounts(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: cookieName("demo", "attendee-a", false), Value: "planted"})
	if got := cookieToken(r, "demo", "attendee-a", true); got != "" {
		t.Errorf("a cookie without the prefix counts: %s", got)
	}
	if got := cookieToken(r, "demo", "attendee-a", false); got != "planted" {
		t.Errorf("over plain HTTP it does not count: %q", got)
	}
	r.AddCookie(&http.Cookie{Name: cookieName("demo", "attendee-a", true), Value: "own"})
	for _, secure := range []bool{true, false} {
		if got := cookieToken(r, "demo", "attendee-a", secure); got != "own" {
			t.Errorf("secure %v: %q", secure, got)
		}
	}
}

func TestCookie_BrowserKeepsTheNewestSessions(t *testing.T) {
	keys := testKeys(t, 1)
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	for i := range maxCookies + 3 {
		claims := Claims{Event: "demo", Link: floor.LinkID(fmt.Sprintf("attendee-%02d", i)), Generation: 1,
			Expires: testNow.Add(time.Duration(i+1) * time.Minute)}
		r.AddCookie(&http.Cookie{Name: cookieName(claims.Event, claims.Link, false), Value: keys.SealToken(claims)})
	}
	r.AddCookie(&http.Cookie{Name: cookieName("demo", "attendee-void", true), Value: "broken"})
	r.AddCookie(&http.Cookie{Name: "another-programs", Value: "x"})
	var removed []string
	for _, c := range keys.excessCookies(r, testNow) {
		if c.MaxAge >= 0 || c.Secure != strings.HasPrefix(c.Name, cookieSecure) {
			t.Errorf("%s is not removed as it was set: %v", c.Name, c)
		}
		removed = append(removed, c.Name)
	}
	want := "mf-demo.attendee-03 mf-demo.attendee-02 mf-demo.attendee-01 mf-demo.attendee-00 __Host-mf-demo.attendee-void"
	if got := strings.Join(removed, " "); got != want {
		t.Errorf("removed %s\nwant %s", got, want)
	}
}
