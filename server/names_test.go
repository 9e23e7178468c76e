package server

import (
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/internal/golden"
	"github.com/matchfloor/matchfloor/wire"
)

// TestMetrics_AreAsPublished pins every metric of a serving node with its type and labels. The
// values of a label stand there too if the program knows all of them beforehand. Metrics of the
// client library are not ours to pin, but the one that docs/OPERATIONS.md names.
func TestMetrics_AreAsPublished(t *testing.T) {
	w := newWorld(t, false, nil)
	w.expect("a command", w.post("/api/v1/events/demo/commands", `{"id":"one","release":{}}`, w.bearer(event, organiser)...), http.StatusOK, "")
	families, err := w.server.meters.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var lines, ours []string
	for _, family := range families {
		name := family.GetName()
		if strings.HasPrefix(name, "matchfloor_") {
			ours = append(ours, name)
		} else if name != "go_gc_heap_live_bytes" {
			continue
		}
		labels, buckets := map[string][]string{}, ""
		for _, m := range family.GetMetric() {
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = append(labels[l.GetName()], l.GetValue())
			}
		}
		for _, bucket := range family.GetMetric()[0].GetHistogram().GetBucket() {
			buckets += fmt.Sprintf(" le=%v", bucket.GetUpperBound())
		}
		lines = append(lines, fmt.Sprintf("%s %s%s%s", name, strings.ToLower(family.GetType().String()), labelText(labels), buckets))
	}
	golden.Compare(t, "testdata/metrics.txt", strings.Join(lines, "\n")+"\n")
	if named := metricsInSource(t); !slices.Equal(ours, named) {
		t.Errorf("gathered:\n%v\nin the source:\n%v", ours, named)
	}
}

// labelText returns the names of a metric's labels. A metric with one label is counted by the
// hub, which has all of its values from the start: they are named too.
func labelText(labels map[string][]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		b.WriteString(" " + name)
		if len(labels) == 1 {
			b.WriteString("=" + strings.Join(slices.Sorted(slices.Values(labels[name])), "|"))
		}
	}
	return b.String()
}

// metricsInSource returns the names of metrics that the package's source has, sorted.
func metricsInSource(t *testing.T) []string {
	t.Helper()
	found := map[string]bool{}
	for _, file := range golden.Sources(t, ".") {
		ast.Inspect(file, func(node ast.Node) bool {
			if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				if text, err := strconv.Unquote(literal.Value); err == nil && strings.HasPrefix(text, "matchfloor_") {
					found[text] = true
				}
			}
			return true
		})
	}
	return slices.Sorted(maps.Keys(found))
}

// TestHTTP_IsAsPublished pins the routes, the status of every code, and the names and kinds of
// the JSON fields of every body that no other package defines.
func TestHTTP_IsAsPublished(t *testing.T) {
	w := newWorld(t, false, nil)
	router, ok := w.server.routes().(*echo.Echo)
	if !ok {
		t.Fatal("the routes are not Echo's")
	}
	var routes, statuses []string
	for _, r := range router.Routes() {
		routes = append(routes, r.Path+" "+r.Method)
	}
	slices.Sort(routes)
	for _, code := range slices.Concat(wire.Codes(), Codes(), golden.Constants(t, "../floor")[reflect.TypeFor[floor.Code]().Name()]) {
		statuses = append(statuses, fmt.Sprintf("%s %d", code, statusOf(code)))
	}
	slices.Sort(statuses)
	text := golden.Block("routes", slices.Compact(routes)) + golden.Block("codes", slices.Compact(statuses))
	for _, body := range []struct {
		name string
		of   reflect.Type
	}{
		{"POST sign-in", reflect.TypeFor[signInBody]()}, {"signed in", reflect.TypeFor[signInAnswer]()},
		{"an event", reflect.TypeFor[listedEvent]()}, {"a workbook's faults", reflect.TypeFor[workbookFaults]()},
		{"a workbook tried", reflect.TypeFor[preview]()}, {"links", reflect.TypeFor[takenLinks]()},
		{"an export", reflect.TypeFor[takenOut]()}, {"readyz", reflect.TypeFor[condition]()},
	} {
		text += golden.Block(body.name, golden.Fields(body.of))
	}
	golden.Compare(t, "testdata/http.txt", text)
}

// TestKeys_OpenWhatWasMadeBefore holds the derivation of links and sessions to values of an
// earlier build: with another label or layout every link and session would be void.
func TestKeys_OpenWhatWasMadeBefore(t *testing.T) {
	const (
		secret = "QNQgtwAP4R0NeAQqeir_Aw"
		token  = "AcbWXWwAAAGiCxEagAAAAAAAAAAD3IyXmZQoIisAAAAEZGVtbwAAAA1hdHRlbmRlZS1rMDNhY9osc3ZsX5jwNdaC4gO5Fayt2D4ruYvsE8loRxRDiVY"
	)
	keys := testKeys(t, 1)
	link := floor.Link{ID: "attendee-k03a", Who: "attendee:k03a", Generation: 3}
	if got, want := keys.LinkURL("https://example.org", event, link), "https://example.org/attendee#demo.attendee-k03a."+secret; got != want {
		t.Errorf("the link is %s, was %s", got, want)
	}
	at := time.UnixMilli(1_795_478_400_000)
	want := session{event: event, link: link.ID, generation: 3, expires: at.Add(time.Hour)}
	if got, err := keys.open(token, at); err != nil || got.event != want.event || got.link != want.link ||
		got.generation != want.generation || !got.expires.Equal(want.expires) {
		t.Errorf("the token says %+v, %v", got, err)
	}
	if plain, secure := cookieName(event, link.ID, false), cookieName(event, link.ID, true); plain != "mf-demo.attendee-k03a" || secure != "__Host-mf-demo.attendee-k03a" {
		t.Errorf("the cookies are %s and %s", plain, secure)
	}
}
