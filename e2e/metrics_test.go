package e2e_test

import (
	"bufio"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// meters reads what a node measures: a figure by its name, with its labels if it
// has any. A node that does not answer has none.
func (n *node) meters() map[string]float64 {
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

// The names of figures that tests ask for.
const (
	meterRepeated  = `matchfloor_commands_total{outcome="repeated"}`
	meterUnknown   = "matchfloor_appends_unknown_total"
	meterSessions  = "matchfloor_sessions"
	meterHeap      = "go_gc_heap_live_bytes"
	meterResident  = "process_resident_memory_bytes"
	meterRoutines  = "go_goroutines"
	meterFiles     = "process_open_fds"
	meterSilent    = `matchfloor_live_closed_total{code="4000"}`
	meterSnapshots = `matchfloor_frames_encoded_total{kind="snapshot"}`
	meterFrames    = "matchfloor_frames_total"
)
