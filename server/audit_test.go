package server

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/faultyjournal"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/server/reply"
	"github.com/matchfloor/matchfloor/wire"
)

const (
	linksPath   = "/api/v1/events/demo/links"
	exportsPath = "/api/v1/events/demo/exports"
)

// takeLinks requests the links of the event.
func (w *fixture) takeLinks(headers ...string) (response, linksResponse) {
	w.t.Helper()
	r := w.request(http.MethodPost, linksPath, "", append([]string{"Origin", w.http.URL}, headers...)...)
	var taken linksResponse
	if err := json.Unmarshal(r.body, &taken); r.StatusCode == http.StatusOK && err != nil {
		w.t.Fatalf("%v in %.300s", err, r.body)
	}
	return r, taken
}

// Only organisers can take links out, and each time leaves one record. Refused
// requests leave none.
func TestLinks_EachExportIsRecorded(t *testing.T) {
	w := newFixture(t, false, nil)
	w.liftRates()
	before := w.state(event).Seq()
	for role, link := range w.linkOf {
		if role == floor.RoleOrganiser {
			continue
		}
		r, _ := w.takeLinks(w.bearer(event, link)...)
		w.expect(string(role), r, http.StatusForbidden, wire.CodeForbidden)
	}
	mine := w.bearer(event, organiser)
	w.expect("a GET", w.request(http.MethodGet, linksPath, "", mine...), http.StatusMethodNotAllowed, reply.CodeBadMethod)
	cookie := w.cookie(event, organiser)
	elsewhere := w.request(http.MethodPost, linksPath+"?as="+string(organiser), "", "Cookie", cookie.Name+"="+cookie.Value, "Origin", "https://evil.example")
	w.expect("from another site", elsewhere, http.StatusForbidden, wire.CodeBadOrigin)
	if now := w.state(event).Seq(); now != before {
		t.Fatalf("the log moved from %d to %d", before, now)
	}
	for n := range uint64(3) {
		_, taken := w.takeLinks(mine...)
		if taken.Seq != before+n+1 || !taken.Recorded || w.state(event).Seq() != taken.Seq {
			t.Errorf("export %d: at %d, recorded %v; the log is at %d", n+1, taken.Seq, taken.Recorded, w.state(event).Seq())
		}
		checkLinks(t, taken.Links)
	}
	for _, e := range w.state(event).Exports() {
		if e.What != floor.ExportLinks || e.By != "organiser:o1" || e.People != w.state(event).People() || time.Since(time.UnixMilli(int64(e.Wall))).Abs() > time.Minute {
			t.Errorf("%+v", e)
		}
	}
	w.submitAsOperator(auth.InstanceEvent, floor.SetPublicURL{URL: "https://forum.example"})
	if r, _ := w.takeLinks(mine...); !strings.Contains(string(r.body), `"url":"https://forum.example/attendee#demo.attendee-`) {
		t.Errorf("with a public URL: %.300s", r.body)
	}
}

func checkLinks(t *testing.T, links []auth.Link) {
	t.Helper()
	if len(links) < 150 {
		t.Errorf("%d links", len(links))
	}
	for _, l := range links {
		if l.Role == floor.RoleOrganiser || !strings.HasPrefix(l.URL, "/") || l.Name == "" {
			t.Errorf("%+v", l)
		}
	}
}

// Links are not handed out if the record cannot be stored.
func TestLinks_NoneWithoutARecord(t *testing.T) {
	w := newFixture(t, false, nil)
	mine := w.bearer(event, organiser)
	w.store.SetOdds(faultyjournal.Odds{Unavailable: 1})
	r, _ := w.takeLinks(mine...)
	w.expect("an unavailable journal", r, http.StatusServiceUnavailable, wire.CodeUnavailable)
	if strings.Contains(string(r.body), "attendee") || r.Header.Get("Retry-After") == "" {
		t.Errorf("%.300s, Retry-After %q", r.body, r.Header.Get("Retry-After"))
	}
	w.store.SetOdds(faultyjournal.Odds{})
	w.eventually("the journal is back", func() bool { r, _ := w.takeLinks(mine...); return r.StatusCode == http.StatusOK })
	if got := len(w.state(event).Exports()); got != 1 {
		t.Errorf("%d records", got)
	}
}

// One link cannot fill a log with records.
func TestLinks_ExportsAreRateLimited(t *testing.T) {
	w := newFixture(t, false, nil)
	now := time.Now()
	w.clock.set(func() time.Time { return now })
	mine := w.bearer(event, organiser)
	for range rateExports.Burst {
		if r, _ := w.takeLinks(mine...); r.StatusCode != http.StatusOK {
			t.Fatalf("%d %s", r.StatusCode, r.body)
		}
	}
	r, _ := w.takeLinks(mine...)
	w.expect("one more", r, http.StatusTooManyRequests, wire.CodeTooManyRequests)
	if got := len(w.state(event).Exports()); got != rateExports.Burst {
		t.Errorf("%d records", got)
	}
}

// While nodes are being upgraded, a log cannot have such a record yet. Links are
// handed out as by earlier nodes, and the response says that nothing was recorded.
func TestLinks_UnrecordedBeforeTheLogIsUpgraded(t *testing.T) {
	w := newFixture(t, false, nil)
	forum, _ := sampleForum()
	forum.Event.ID = "older"
	order := floor.Envelope{Key: newKey("operator-test"), By: floor.Operator, Unconditional: true, Command: floor.ImportForum{Forum: forum}}
	order.Version = 2
	if _, err := w.hub.Submit(t.Context(), "older", order); err != nil {
		t.Fatal(err)
	}
	w.submitAsOperator(auth.InstanceEvent, floor.RegisterEvent{Event: "older", Name: forum.Event.Name})
	mine := append(w.bearer("older", organiser), "Origin", w.http.URL)
	take := func() (taken linksResponse) {
		r := w.request(http.MethodPost, "/api/v1/events/older/links", "", mine...)
		if err := json.Unmarshal(r.body, &taken); err != nil {
			t.Fatal(err)
		}
		return taken
	}
	if taken := take(); taken.Recorded || len(taken.Links) < 150 || w.state("older").Seq() != 1 {
		t.Errorf("recorded %v, %d links, at %d", taken.Recorded, len(taken.Links), w.state("older").Seq())
	}
	if said := w.logged.String(); !strings.Contains(said, "without a record") || !strings.Contains(said, "link=organiser-o1") {
		t.Error("the node's log output does not say so")
	}
	w.submitAsOperator("older", floor.RaiseVersion{Version: floor.FormatVersion})
	if taken := take(); !taken.Recorded || len(w.state("older").Exports()) != 1 {
		t.Errorf("on the upgraded log: recorded %v, %d records", taken.Recorded, len(w.state("older").Exports()))
	}
}

// Only organisers see what was taken out of the event and of the instance, on each
// node.
func TestAudit_ListsExportsForOrganisersOnly(t *testing.T) {
	w := newFixture(t, false, nil)
	w.liftRates()
	for role, link := range w.linkOf {
		if role != floor.RoleOrganiser {
			w.expect(string(role), w.request(http.MethodGet, exportsPath, "", w.bearer(event, link)...), http.StatusForbidden, wire.CodeForbidden)
		}
	}
	mine := w.bearer(event, organiser)
	w.takeLinks(mine...)
	w.submitAsOperator(auth.InstanceEvent, floor.RecordExport{What: floor.ExportBackup, People: 321})
	w.submitAsOperator(otherEvent, floor.RecordExport{What: floor.ExportLinks})
	h := hub.New(w.store, journal.NewMemory(time.Now), hub.Options{Logger: slog.New(slog.DiscardHandler)})
	defer h.Close()
	second, err := New(Options{Hub: h, Keys: w.keys, Pages: testPages, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for name, node := range map[string]http.Handler{"the node": w.server, "another node": second} {
		r := httptest.NewRequest(http.MethodGet, exportsPath, nil)
		r.Header.Set(mine[0], mine[1])
		answer := httptest.NewRecorder()
		node.ServeHTTP(answer, r)
		var got struct{ Exports []exportEntry }
		if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil || len(got.Exports) != 2 {
			t.Fatalf("%s: %v in %s", name, err, answer.Body)
		}
		for _, e := range got.Exports {
			want := exportEntry{At: e.At, What: floor.ExportLinks, By: "organiser:o1", Name: "Organiser", People: w.state(event).People()}
			if e.Instance {
				want = exportEntry{At: e.At, What: floor.ExportBackup, By: floor.Operator, People: 321, Instance: true}
			}
			if e != want {
				t.Errorf("%s: %+v, want %+v", name, e, want)
			}
		}
	}
}

// Exports of both logs are listed together, the newest first.
func TestAudit_NewestFirst(t *testing.T) {
	stateWith := func(walls ...floor.Instant) floor.State {
		s := floor.New()
		for _, wall := range walls {
			s, _ = s.Apply(floor.Record{By: floor.Operator, Wall: wall, Changes: []floor.Change{floor.Exported{What: floor.ExportLinks}}})
		}
		return s
	}
	var got []floor.Instant
	for _, e := range exportsOf(stateWith(1, 4, 4, 9), stateWith(2, 5)) {
		got = append(got, e.At)
	}
	for i, want := range []floor.Instant{9, 5, 4, 4, 2, 1} {
		if got[i] != want {
			t.Fatalf("%v", got)
		}
	}
}
