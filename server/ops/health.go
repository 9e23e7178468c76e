package ops

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/server/reply"
)

// readiness is the body of /readyz. It is about the node and about its journal. An
// unreachable journal does not make the node unready: no other node has another
// journal, so there is nowhere else to send people.
type readiness struct {
	Ready       bool   `json:"ready"`
	Why         string `json:"why,omitempty"`
	Journal     string `json:"journal"`               // "reachable", or "away" if an open log cannot be read or written now
	AwaySeconds int    `json:"awaySeconds,omitempty"` // of the log that has been away longest
	Logs        int    `json:"logs"`                  // open on this node
}

// Health serves the health checks of a node.
type Health struct{ hub *hub.Hub }

// NewHealth returns the health checks of a hub.
func NewHealth(h *hub.Hub) Health { return Health{h} }

// Alive serves /healthz: it says that the process answers.
func (h Health) Alive(c echo.Context) error {
	return reply.JSON(c, http.StatusOK, map[string]bool{"alive": true})
}

// Ready serves /readyz: it says whether people should be sent to this node. A node
// is not ready before it has reached its journal once, while it drains, or while a
// log holds a record that this version cannot apply.
func (h Health) Ready(c echo.Context) error {
	stats := h.hub.Stats()
	now := readiness{Ready: true, Journal: "reachable", AwaySeconds: int(stats.AwayFor.Seconds()), Logs: stats.Events}
	if stats.LogsAway > 0 || !stats.JournalReached {
		now.Journal = "away"
	}
	status := http.StatusOK
	if err := h.hub.Ready(); err != nil {
		now.Ready, now.Why, status = false, err.Error(), http.StatusServiceUnavailable
	}
	return reply.JSON(c, status, now)
}
