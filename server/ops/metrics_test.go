package ops

import (
	"fmt"
	"go/ast"
	"go/token"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/internal/golden"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// TestMetrics_PollerThatFailedIsZero: the gauge follows the poller.
func TestMetrics_PollerThatFailedIsZero(t *testing.T) {
	memory := journal.NewMemory(time.Now)
	h := hub.New(memory, memory, hub.Options{Logger: slog.New(slog.DiscardHandler)})
	defer h.Close()
	works := true
	m := NewMetrics(h, Sockets{InUse: func() int { return 1 }, PollerWorks: func() bool { return works }})
	for _, works = range []bool{true, false} {
		w := httptest.NewRecorder()
		node(h, m).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		if got := strings.Contains(w.Body.String(), "\nmatchfloor_poller_working 1\n"); got != works {
			t.Errorf("shown as working: %t, want %t", got, works)
		}
	}
}

// TestMetrics_AreAsPublished pins every metric of a serving node with its type and labels. The
// values of a label stand there too if the program knows all of them beforehand. Metrics of the
// client library are not ours to pin, but the one that docs/OPERATIONS.md names.
func TestMetrics_AreAsPublished(t *testing.T) {
	memory := journal.NewMemory(time.Now)
	h := hub.New(memory, memory, hub.Options{Logger: slog.New(slog.DiscardHandler)})
	defer h.Close()
	loseEvent(t, h, "demo")
	m := NewMetrics(h, Sockets{InUse: func() int { return 1 }, PollerWorks: func() bool { return true }})
	m.CountCommand(wire.Command{ID: "one", Body: floor.ReleaseSchedule{}}, "post")
	node(h, m).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/readyz", nil))
	families, err := m.registry.Gather()
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
