package server

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/wire"
)

// endpoint is one route: a request for it, and the statuses by who sends it.
type endpoint struct {
	route string // method and path as the router has them
	path  string // one of those that it matches
	kind  string // media type of the body; "" for none
	body  string
	// The statuses for an organiser, for everyone else of the event, without a
	// credential, with one of another event, and with an invalid one: rotated, expired
	// or forged.
	organiser, member, nobody, foreign, void int
}

// fallbackEndpoint returns a route of package fallback. Clients that are signed out get a
// close code, as on the live connection.
func fallbackEndpoint(way string) endpoint {
	return endpoint{"GET /api/v1/events/:event/" + way, "/api/v1/events/hall/" + way + "?hello=%7B%22v%22%3A1%7D", "", "", 200, 200, signedOut, 403, signedOut}
}

// signedOut stands for an answer of nothing but the close code 4102.
const signedOut = int(wire.CloseSessionOver)

// status returns the status of a response, or signedOut.
func status(r response) int {
	if r.StatusCode == http.StatusOK && slices.Contains([]string{`{"frames":[],"close":4102}`, "event: close\ndata: 4102\n\n"}, string(r.body)) {
		return signedOut
	}
	return r.StatusCode
}

// instanceRoutes lists the routes of the instance itself. There, credentials other than
// an organiser's are of another event.
var instanceRoutes = []string{"GET /api/v1/events", "POST /api/v1/events", "POST /api/v1/rotate"}

// openEndpoint returns a route that needs no credential.
func openEndpoint(route, path string, status int) endpoint {
	return endpoint{route, path, "", "", status, status, status, status, status}
}

const asJSON = echo.MIMEApplicationJSON

// endpoints lists all routes. The tests that use it fail for a route without a row.
var endpoints = withHeads([]endpoint{
	openEndpoint("GET /", "/", 200), openEndpoint("GET /assets/*", "/assets/icon.svg", 200),
	openEndpoint("GET /healthz", "/healthz", 200), openEndpoint("GET /readyz", "/readyz", 200), openEndpoint("GET /metrics", "/metrics", 200),
	openEndpoint("GET /attendee", "/attendee", 200), openEndpoint("GET /attendee/:event/:link", "/attendee/hall/attendee-ka1", 200),
	openEndpoint("GET /interpreter", "/interpreter", 200), openEndpoint("GET /interpreter/:event/:link", "/interpreter/hall/interpreter-i1", 200),
	openEndpoint("GET /moderator", "/moderator", 200), openEndpoint("GET /moderator/:event/:link", "/moderator/hall/moderator-lead", 200),
	openEndpoint("GET /display", "/display", 200), openEndpoint("GET /display/:event/:link", "/display/hall/display-wall", 200),
	openEndpoint("GET /organiser", "/organiser", 200), openEndpoint("GET /organiser/:event/:link", "/organiser/hall/organiser-o1", 200),
	{"POST /api/v1/sign-in", "/api/v1/sign-in", asJSON, `{"bearer":true}`, 422, 422, 422, 422, 422},
	{"GET /api/v1/events", "/api/v1/events", "", "", 200, 403, 401, 403, 401},
	{"POST /api/v1/events", "/api/v1/events", workbookType, "PK", 422, 403, 401, 403, 401},
	fallbackEndpoint("stream"), fallbackEndpoint("poll"),
	{"GET /api/v1/events/:event/live", "/api/v1/events/hall/live", "", "", 426, 426, 426, 426, 426},
	{"POST /api/v1/events/:event/commands", "/api/v1/events/hall/commands", asJSON, `{}`, 400, 400, 401, 403, 401},
	{"GET /api/v1/events/:event/snapshot", "/api/v1/events/hall/snapshot", "", "", 200, 200, 401, 403, 401},
	{"POST /api/v1/events/:event/links", "/api/v1/events/hall/links", "", "", 200, 403, 401, 403, 401},
	{"GET /api/v1/events/:event/exports", "/api/v1/events/hall/exports", "", "", 200, 403, 401, 403, 401},
	{"POST /api/v1/renew", "/api/v1/renew?event=hall", "", "", 200, 200, 401, 200, 401}, // a token of another event renews itself
	{"POST /api/v1/rotate", "/api/v1/rotate", asJSON, `{}`, 422, 403, 401, 403, 401},
	{"POST /api/v1/recover", "/api/v1/recover", "", "", 401, 401, 401, 401, 401},
	// The last one: for a while after it, no live connection of that session can begin.
	{"POST /api/v1/sign-out", "/api/v1/sign-out?as=attendee-ka1", "", "", 204, 204, 204, 204, 204},
})

// withHeads adds a row for HEAD before those of pages, files and health.
func withHeads(rows []endpoint) (all []endpoint) {
	for _, d := range rows {
		if path, ok := strings.CutPrefix(d.route, "GET "); ok && !strings.HasPrefix(path, "/api/") && path != "/metrics" {
			head := d
			head.route = "HEAD " + path
			all = append(all, head)
		}
		all = append(all, d)
	}
	return all
}

// everyPage gives a fixture all pages.
func everyPage(o *Options) {
	all := maps.Clone(testPages)
	for _, name := range pageNames {
		all[name+".html"] = &fstest.MapFile{Data: []byte("<html><head></head></html>")}
	}
	o.Pages = all
}

// checkRows fails the test for a route without a row, and for a row without a route.
func (w *fixture) checkRows() {
	w.t.Helper()
	left := map[string]bool{}
	for _, d := range endpoints {
		left[d.route] = true
	}
	for _, r := range w.server.router.Routes() {
		if r.Method == echo.RouteNotFound {
			continue
		}
		if route := r.Method + " " + r.Path; !left[route] {
			w.t.Errorf("%s has no row: the table does not say who may use it", route)
		} else {
			delete(left, route)
		}
	}
	for route := range left {
		w.t.Errorf("%s has a row but is not a route", route)
	}
}

// credential is what a client sends with a request.
type credential struct {
	name    string
	link    floor.LinkID
	column  func(endpoint) int
	headers []string
	cookie  bool
	signed  bool // with this instance's key, and not expired
}

// wants returns the status that a credential gets at a route.
func (c credential) wants(d endpoint) int {
	switch {
	case !slices.Contains(instanceRoutes, d.route) || c.link == organiser:
		return c.column(d)
	case c.signed && !c.cookie:
		return d.foreign
	}
	return d.nobody // no cookie has the name that is looked for
}

// allCredentials makes credentials of every kind, as tokens and as cookies.
func (w *fixture) allCredentials() []credential {
	w.addSmallEvent("hall")
	w.addSmallEvent("annex")
	w.submitAsOrganiser("hall", floor.ReleaseSchedule{})
	owner := func(d endpoint) int { return d.organiser }
	member := func(d endpoint) int { return d.member }
	void := func(d endpoint) int { return d.void }
	all := []credential{{name: "nobody", column: func(d endpoint) int { return d.nobody }}}
	both := func(name string, link floor.LinkID, column func(endpoint) int, token string) {
		c := cookieName(auth.LogOfLink("hall", link), link) + "=" + token
		_, bad := w.keys.OpenToken(token, time.Now())
		all = append(all,
			credential{name + "'s token", link, column, []string{"Authorization", "Bearer " + token}, false, bad == nil},
			credential{name + "'s cookie", link, column, []string{"Cookie", c}, true, bad == nil})
	}
	both("rotated", "moderator-mB", void, w.token("hall", "moderator-mB"))
	w.submitAsOrganiser("hall", floor.RotateLink{Link: "moderator-mB"})
	lead := auth.Claims{Event: "hall", Link: "moderator-lead", SignedIn: time.Now(), Expires: time.Now().Add(time.Hour)}
	good := w.state("hall")
	l, _ := good.Link("moderator-lead")
	lead.Generation = l.Generation
	both("forged", "moderator-lead", void, testKeys(w.t, 2).SealToken(lead))
	unborn := lead
	unborn.Link = "moderator-nobody"
	both("of no link", "moderator-nobody", void, w.keys.SealToken(unborn))
	lead.Expires = time.Now().Add(-time.Second)
	both("expired", "moderator-lead", void, w.keys.SealToken(lead))
	foreign := w.token("annex", "moderator-lead")
	all = append(all, credential{"foreign token", "moderator-lead", func(d endpoint) int { return d.foreign }, []string{"Authorization", "Bearer " + foreign}, false, true},
		// As a cookie it has the wrong name. Renamed, its token is not of the link in its name.
		credential{"foreign cookie", "moderator-lead", func(d endpoint) int { return d.nobody }, []string{"Cookie", "mf-annex.moderator-lead=" + foreign}, true, true},
		credential{"foreign cookie renamed", "moderator-lead", func(d endpoint) int { return d.void }, []string{"Cookie", "mf-hall.moderator-lead=" + foreign}, true, true})
	for _, link := range columnLinks {
		column := member
		if link == organiser {
			column = owner
		}
		both(string(link), link, column, w.token("hall", link))
	}
	return all
}

// at returns the path for a credential. ?as picks a cookie.
func (c credential) at(path string) string {
	switch {
	case !c.cookie || strings.Contains(path, "as="):
		return path
	case strings.Contains(path, "?"):
		return path + "&as=" + string(c.link)
	}
	return path + "?as=" + string(c.link)
}

// Every route is requested with every credential, valid and invalid. Nothing of that
// changes a log, except that each export of links leaves its record: previews of
// messengers, which follow links, do no harm.
func TestEndpoints_EveryRouteChecksTheCredential(t *testing.T) {
	w := newFixture(t, false, everyPage)
	w.liftRates()
	w.checkRows()
	holders := w.allCredentials()
	positions := func() []uint64 {
		return []uint64{w.state("hall").Seq(), w.state("annex").Seq(), w.state(auth.InstanceEvent).Seq()}
	}
	for _, d := range endpoints {
		want := positions()
		method, _, _ := strings.Cut(d.route, " ")
		for _, c := range holders {
			headers := append(slices.Clone(c.headers), "Origin", w.http.URL)
			if d.kind != "" {
				headers = append(headers, "Content-Type", d.kind)
			}
			r := w.request(method, c.at(d.path), d.body, headers...)
			if want := c.wants(d); status(r) != want {
				t.Errorf("%s with %s: %d %.200s, want %d", d.route, c.name, status(r), r.body, want)
			}
			if d.route == "POST /api/v1/events/:event/links" && r.StatusCode == http.StatusOK {
				want[0]++
			}
		}
		if got := positions(); !slices.Equal(got, want) {
			t.Errorf("after %s the logs are at %v, want %v", d.route, got, want)
		}
	}
	t.Logf("%d routes, %d credentials", len(endpoints), len(holders))
}

// Without a valid credential of the event, no kind of command is accepted, and the
// refusal does not say whether there is such a kind.
func TestCommands_NeedAValidCredentialOfTheEvent(t *testing.T) {
	w := newFixture(t, false, nil)
	w.liftRates()
	holders := w.allCredentials()
	before := w.state("hall").Seq()
	for _, d := range rights {
		for _, c := range holders {
			want := c.column(endpoint{organiser: 0, member: 0, nobody: 401, foreign: 403, void: 401})
			if want == 0 {
				continue // see TestRights_Matrix
			}
			text := fmt.Sprintf(`{"id":"x","%s":{}}`, d.kind)
			if r := w.post(c.at("/api/v1/events/hall/commands"), text, c.headers...); r.StatusCode != want {
				t.Errorf("%s with %s: %d %s, want %d", d.kind, c.name, r.StatusCode, r.body, want)
			}
		}
	}
	for _, c := range holders {
		want := c.column(endpoint{organiser: 0, member: 0, nobody: 4102, foreign: 403, void: 4102})
		conn, answer, err := w.tryDial(c.at("/api/v1/events/hall/live"), append(slices.Clone(c.headers), "Origin", w.http.URL)...)
		if err != nil {
			if answer == nil || answer.StatusCode != want {
				t.Errorf("a connection with %s: %v, %v", c.name, answer, err)
			}
			continue
		}
		p := &phone{t, conn}
		if want != 0 {
			if got := p.closeCode(); got != want {
				t.Errorf("a connection with %s: closed with %d, want %d", c.name, got, want)
			}
		} else {
			p.hello()
		}
		conn.Close()
	}
	if now := w.state("hall").Seq(); now != before {
		t.Errorf("the log moved from %d to %d", before, now)
	}
}

// The instance's own log accepts no commands over the network.
func TestCommands_InstanceLogIsOutOfReach(t *testing.T) {
	w := newFixture(t, false, nil)
	w.liftRates()
	mine := w.bearer(event, organiser)
	before := w.state(auth.InstanceEvent).Seq()
	for _, d := range rights {
		r := w.post("/api/v1/events/_/commands", fmt.Sprintf(`{"id":"x","%s":{}}`, d.kind), mine...)
		w.expect(string(d.kind), r, http.StatusNotFound, wire.CodeNoSuchEvent)
	}
	for _, route := range []string{"GET /snapshot", "GET /exports", "POST /links"} {
		method, path, _ := strings.Cut(route, " ")
		w.expect(route, w.request(method, "/api/v1/events/_"+path, "", mine...), http.StatusNotFound, wire.CodeNoSuchEvent)
	}
	if now := w.state(auth.InstanceEvent).Seq(); now != before {
		t.Errorf("the log moved from %d to %d", before, now)
	}
}
