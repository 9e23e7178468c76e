package e2e_test

import (
	"bufio"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// metrics returns a node's metrics by name, with the labels in the name. It returns nil if the
// node does not respond.
func (n *node) metrics() map[string]float64 {
	c := http.Client{Timeout: 5 * time.Second}
	r, err := c.Get(n.url() + "/metrics")
	if err != nil {
		return nil
	}
	defer r.Body.Close()
	all := map[string]float64{}
	for lines := bufio.NewScanner(r.Body); lines.Scan(); {
		name, value, ok := strings.Cut(lines.Text(), " ")
		if f, err := strconv.ParseFloat(value, 64); ok && err == nil {
			all[name] = f
		}
	}
	return all
}

// The names of the metrics that tests read.
const (
	metricRepeated   = `matchfloor_commands_total{outcome="repeated"}`
	metricUnknown    = "matchfloor_appends_unknown_total"
	metricSessions   = "matchfloor_sessions"
	metricHeap       = "go_gc_heap_live_bytes"
	metricResident   = "process_resident_memory_bytes"
	metricGoroutines = "go_goroutines"
	metricFiles      = "process_open_fds"
	metricSilent     = `matchfloor_live_closed_total{code="4000"}`
	metricSnapshots  = `matchfloor_frames_encoded_total{kind="snapshot"}`
	meterFrames      = "matchfloor_frames_total"
)
