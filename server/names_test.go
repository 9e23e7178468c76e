package server

import (
	"reflect"
	"slices"
	"testing"

	"github.com/matchfloor/matchfloor/internal/golden"
)

// TestHTTP_IsAsPublished pins the routes, and the names and kinds of the JSON fields of every
// body that no other package defines.
func TestHTTP_IsAsPublished(t *testing.T) {
	w := newFixture(t, false, nil)
	var routes []string
	for _, r := range w.server.router.Routes() {
		routes = append(routes, r.Path+" "+r.Method)
	}
	slices.Sort(routes)
	text := golden.Block("routes", slices.Compact(routes))
	for _, body := range []struct {
		name string
		of   reflect.Type
	}{
		{"an event", reflect.TypeFor[listedEvent]()}, {"a workbook's faults", reflect.TypeFor[workbookFaults]()},
		{"a workbook tried", reflect.TypeFor[preview]()}, {"links", reflect.TypeFor[linksResponse]()},
		{"an export", reflect.TypeFor[exportEntry]()},
	} {
		text += golden.Block(body.name, golden.Fields(body.of))
	}
	golden.Compare(t, "testdata/http.txt", text)
}
