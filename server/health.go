package server

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// condition is what /readyz tells: of the node itself, and of its journal, which
// being away is no reason to send people elsewhere: no other node has another.
type condition struct {
	Ready       bool   `json:"ready"`
	Why         string `json:"why,omitempty"`
	Journal     string `json:"journal"`               // "reachable", or "away" where an open log cannot be read or written now
	AwaySeconds int    `json:"awaySeconds,omitempty"` // since when, of the log that has been away for longest
	Logs        int    `json:"logs"`                  // open on this node
}

// healthz answers that the process answers.
func (s *Server) healthz(c echo.Context) error {
	return writeJSON(c, http.StatusOK, map[string]bool{"alive": true})
}

// readyz answers whether this node should be sent people: not before it has reached
// its journal once, not while it drains, nor while a log holds what this version
// cannot read.
func (s *Server) readyz(c echo.Context) error {
	stats := s.hub.Stats()
	now := condition{Ready: true, Journal: "reachable", AwaySeconds: int(stats.AwayFor.Seconds()), Logs: stats.Events}
	if stats.Away > 0 || !stats.Reached {
		now.Journal = "away"
	}
	status := http.StatusOK
	if err := s.hub.Ready(); err != nil {
		now.Ready, now.Why, status = false, err.Error(), http.StatusServiceUnavailable
	}
	return writeJSON(c, status, now)
}
