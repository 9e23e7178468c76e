package server

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/server/limit"
	"github.com/matchfloor/matchfloor/server/reply"
)

// events lists the events of the instance.
type events struct {
	auth      *auth.Authenticator
	directory auth.Directory
	reads     *limit.Limiter
}

// listedEvent is one event of the instance.
type listedEvent struct {
	ID      floor.EventID `json:"id"`
	Name    floor.Text    `json:"name"`
	Version *int          `json:"version,omitempty"` // 0 is a draft; absent if it cannot be read now
}

// maxVersions is how many events are opened to read their version.
const maxVersions = 32

// list serves the events to organisers.
func (h events) list(c echo.Context) error {
	caller, err := h.auth.AuthenticateOrganiser(c, auth.InstanceEvent, "events")
	if err != nil {
		return err
	}
	if err := reply.RateLimited(h.reads.Allow(caller.RateKey)); err != nil {
		return err
	}
	ctx := c.Request().Context()
	instance, err := h.directory.Instance(ctx)
	if err != nil {
		return err
	}
	list := []listedEvent{}
	for e := range instance.Events() {
		listed := listedEvent{ID: e.ID, Name: e.Name}
		if len(list) < maxVersions {
			listed.Version = h.version(ctx, e.ID)
		}
		list = append(list, listed)
	}
	return reply.JSON(c, http.StatusOK, map[string]any{"events": list})
}

// version returns the version of an event's schedule, or nil if it cannot be read.
func (h events) version(ctx context.Context, event floor.EventID) *int {
	state, err := h.directory.State(ctx, event)
	if err != nil {
		return nil
	}
	version := state.Event().Version
	return &version
}
