package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/wire"
)

const rotatePath = "/api/v1/rotate"

// rotationOf returns the body of a rotation with the nth id.
func rotationOf(n int) string { return fmt.Sprintf(`{"id":"%032x"}`, n) }

// rotated is the answer to a rotation.
type rotated struct {
	response
	Event, Link, URL, Token string
	Expires                 floor.Instant
}

// rotate asks for a rotation of the organiser's link.
func (w *fixture) rotate(body string, headers ...string) (r rotated) {
	w.t.Helper()
	r.response = w.post(rotatePath+"?as="+string(organiser), body, headers...)
	if r.StatusCode == http.StatusOK {
		if err := json.Unmarshal(r.body, &r); err != nil {
			w.t.Fatal(err)
		}
	}
	return r
}

// cookieHeader returns the header that sends a cookie back.
func cookieHeader(c *http.Cookie) []string { return []string{"Cookie", c.Name + "=" + c.Value} }

// signsIn reports the status of a sign-in with an address.
func (w *fixture) signsIn(address string) int {
	w.t.Helper()
	_, fragment, _ := strings.Cut(address, "#")
	parts := strings.Split(fragment, ".")
	if len(parts) != 3 {
		w.t.Fatalf("%q is no link", address)
	}
	return w.post("/api/v1/sign-in", fmt.Sprintf(`{"event":%q,"link":%q,"secret":%q}`, parts[0], parts[1], parts[2])).StatusCode
}

// lists returns the status of a request that only organisers may make.
func (w *fixture) lists(headers []string) int {
	w.t.Helper()
	return w.request(http.MethodGet, "/api/v1/events?as="+string(organiser), "", headers...).StatusCode
}

// An organiser who replaces their own link gets the new one and stays signed in. Everyone else
// with the link is out: its secret, its cookies and tokens, and its live connections.
func TestRotate_KeepsItsSenderSignedInAndEndsAllOthers(t *testing.T) {
	w := newFixture(t, false, nil)
	oldLink := w.keys.LinkURL("", auth.InstanceEvent, mustLink(w, organiser))
	mine, tab, thief := cookieHeader(w.cookie(auth.InstanceEvent, organiser)), w.dial(event, organiser), w.bearer(auth.InstanceEvent, organiser)
	tab.hello()
	r := w.rotate(rotationOf(1), mine...)
	w.expect("a rotation", r.response, http.StatusOK, "")
	if r.Event != string(auth.InstanceEvent) || r.Link != string(organiser) || r.Token != "" || r.Expires == 0 || len(r.Cookies()) != 1 || r.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%s %v", r.body, r.Header)
	}
	if code := tab.closeCode(); code != int(wire.CloseSessionOver) {
		t.Errorf("the live connection closed with %d", code)
	}
	if got := w.lists(cookieHeader(r.Cookies()[0])); got != http.StatusOK {
		t.Errorf("the new cookie gets %d", got)
	}
	if old, stolen := w.lists(mine), w.lists(thief); old != http.StatusUnauthorized || stolen != http.StatusUnauthorized {
		t.Errorf("the old cookie gets %d, a token %d", old, stolen)
	}
	if old, present := w.signsIn(oldLink), w.signsIn(r.URL); old != http.StatusUnauthorized || present != http.StatusOK {
		t.Errorf("the old link gets %d, the new one %d", old, present)
	}
}

func mustLink(w *fixture, id floor.LinkID) floor.Link {
	w.t.Helper()
	l, ok := w.state(auth.LogOfLink(event, id)).Link(id)
	if !ok {
		w.t.Fatal(id)
	}
	return l
}

// The answer may be lost after the link was replaced. The session that asked may ask again with
// the same id, and gets the same link. Nobody else does.
func TestRotate_RepeatGetsTheSameLink(t *testing.T) {
	for _, kind := range []string{"cookie", "token"} {
		t.Run(kind, func(t *testing.T) {
			w := newFixture(t, false, nil)
			before := mustLink(w, organiser).Generation
			mine, thief := w.bearer(auth.InstanceEvent, organiser), w.bearer(auth.InstanceEvent, organiser)
			if kind == "cookie" {
				mine, thief = cookieHeader(w.cookie(auth.InstanceEvent, organiser)), cookieHeader(w.cookie(auth.InstanceEvent, organiser))
			}
			first := w.rotate(rotationOf(1), mine...)
			w.expect("the first", first.response, http.StatusOK, "")
			again := w.rotate(rotationOf(1), mine...)
			w.expect("a repeat", again.response, http.StatusOK, "")
			if first.URL != again.URL || mustLink(w, organiser).Generation != before+1 {
				t.Errorf("%s, then %s, generation %d after %d", first.URL, again.URL, mustLink(w, organiser).Generation, before)
			}
			fresh := []string{"Authorization", "Bearer " + again.Token}
			if kind == "cookie" {
				fresh = cookieHeader(again.Cookies()[0])
			}
			if got := w.lists(fresh); got != http.StatusOK {
				t.Errorf("the session of the repeat gets %d", got)
			}
			w.expect("another id, of an ended session", w.rotate(rotationOf(2), thief...).response, http.StatusUnauthorized, wire.CodeSignedOut)
			if got := w.lists(mine); got != http.StatusUnauthorized {
				t.Errorf("an ended session that repeated gets %d elsewhere", got)
			}
			second := w.rotate(rotationOf(1), fresh...)
			w.expect("the same id, of the new session", second.response, http.StatusOK, "")
			if second.URL == first.URL {
				t.Error("a new session did not get another link")
			}
			w.expect("a repeat of the rotation before", w.rotate(rotationOf(1), mine...).response, http.StatusUnauthorized, wire.CodeSignedOut)
		})
	}
}

// Two windows that replace the link at the same time replace it once: the one that comes second
// is signed out.
func TestRotate_AtTheSameTimeOneIsTaken(t *testing.T) {
	w := newFixture(t, false, nil)
	before := mustLink(w, organiser).Generation
	mine := cookieHeader(w.cookie(auth.InstanceEvent, organiser))
	var wait sync.WaitGroup
	var mu sync.Mutex
	got := map[int]int{}
	for n := range 8 {
		wait.Go(func() {
			r := w.rotate(rotationOf(n), mine...)
			mu.Lock()
			defer mu.Unlock()
			got[r.StatusCode]++
		})
	}
	wait.Wait()
	if got[http.StatusOK] != 1 || got[http.StatusUnauthorized] != 7 || mustLink(w, organiser).Generation != before+1 {
		t.Errorf("statuses %v, generation %d after %d", got, mustLink(w, organiser).Generation, before)
	}
}

// A rotation that cannot be answered changes nothing.
func TestRotate_RefusesWithoutAChange(t *testing.T) {
	w := newFixture(t, false, nil)
	before := w.state(auth.InstanceEvent).Seq()
	mine := cookieHeader(w.cookie(auth.InstanceEvent, organiser))
	for _, body := range []string{
		`{}`, `{"id":""}`, `{"id":"1"}`, `{"id":"` + strings.Repeat("0", 31) + `"}`, `{"id":"` + strings.Repeat("0", 34) + `"}`,
		`{"id":"` + strings.Repeat("A", 32) + `"}`, `{"id":"` + strings.Repeat("x", 32) + `"}`,
	} {
		w.expect(body, w.rotate(body, mine...).response, http.StatusUnprocessableEntity, wire.CodeBadValue)
	}
	w.expect("more than an id", w.rotate(`{"id":"`+strings.Repeat("0", 32)+`","link":"organiser-o2"}`, mine...).response, http.StatusBadRequest, "")
	foreign := w.request(http.MethodPost, rotatePath+"?as="+string(organiser), rotationOf(1), append(mine, "Content-Type", "application/json", "Origin", "http://evil.example")...)
	w.expect("another site's page", foreign, http.StatusForbidden, wire.CodeBadOrigin)
	for role, link := range w.linkOf {
		if role == floor.RoleOrganiser {
			continue
		}
		r := w.post(rotatePath, rotationOf(1), w.bearer(event, link)...)
		w.expect(string(role), r, http.StatusForbidden, wire.CodeForbidden)
	}
	if after := w.state(auth.InstanceEvent).Seq(); after != before {
		t.Errorf("the log went from %d to %d", before, after)
	}
}

// Rotations are limited in rate, by generation: the holder of an ended session does not use up
// what the link has now.
func TestRotate_RateIsOfTheGeneration(t *testing.T) {
	w := newFixture(t, false, nil)
	old := w.bearer(auth.InstanceEvent, organiser)
	present := w.rotate(rotationOf(1), old...)
	w.expect("a rotation", present.response, http.StatusOK, "")
	limited := false
	for n := range 20 {
		limited = limited || w.rotate(rotationOf(n+2), old...).StatusCode == http.StatusTooManyRequests
	}
	if !limited {
		t.Error("rotations are not limited")
	}
	w.expect("the present session", w.rotate(rotationOf(1), "Authorization", "Bearer "+present.Token).response, http.StatusOK, "")
}
