package ops

import (
	"cmp"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/server/reply"
)

// readiness is the body of /readyz. It is about the node and about its journal. An
// unreachable or lost journal does not make the node unready: no other node has another
// journal, so there is nowhere else to send people.
type readiness struct {
	Ready       bool   `json:"ready"`
	Why         string `json:"why,omitempty"`
	Journal     string `json:"journal"`               // "reachable", "away" if an open log cannot be read or written now, "lost" if one is lost
	AwaySeconds int    `json:"awaySeconds,omitempty"` // of the log that has been away longest
	LostLogs    []lost `json:"lost,omitempty"`        // by name
	Logs        int    `json:"logs"`                  // open on this node
}

// lost is a log that the journal has lost.
type lost struct {
	Log     journal.LogID `json:"log"`
	Why     string        `json:"why"`
	Seconds int           `json:"seconds"` // since it was noticed
}

// Health serves the health checks of a node.
type Health struct {
	hub     *hub.Hub
	unready func() error
}

// NewHealth returns the health checks of a hub. unready returns why its node is not ready for another
// reason than the hub's, or nil.
func NewHealth(h *hub.Hub, unready func() error) Health { return Health{h, unready} }

// Alive serves /healthz: it says that the process answers.
func (h Health) Alive(c echo.Context) error {
	return reply.JSON(c, http.StatusOK, map[string]bool{"alive": true})
}

// Ready serves /readyz: it says whether people should be sent to this node. A node
// is not ready before it has reached its journal once and compared its key, while it drains, or while a
// log holds a record that this version cannot apply.
func (h Health) Ready(c echo.Context) error {
	stats := h.hub.Stats()
	now := readiness{Ready: true, Journal: "reachable", AwaySeconds: int(stats.AwayFor.Seconds()), Logs: stats.Events}
	if stats.LogsAway > 0 || !stats.JournalReached {
		now.Journal = "away"
	}
	for _, l := range stats.LostLogs {
		now.Journal = "lost"
		now.LostLogs = append(now.LostLogs, lost{l.Log, l.Why, int(l.For.Seconds())})
	}
	status := http.StatusOK
	if err := cmp.Or(h.hub.Ready(), h.unready()); err != nil {
		now.Ready, now.Why, status = false, err.Error(), http.StatusServiceUnavailable
	}
	return reply.JSON(c, status, now)
}
