package server

import (
	"context"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// snapshot answers the caller's own view: of the position ?seq or a later one.
func (s *Server) snapshot(c echo.Context) error {
	event, err := eventOf(c)
	if err != nil {
		return err
	}
	who, err := s.caller(c, event)
	if err != nil {
		return err
	}
	if err := s.paced(s.paces.reads, who.key); err != nil {
		return err
	}
	var atLeast uint64
	if q := c.QueryParam("seq"); q != "" {
		if atLeast, err = strconv.ParseUint(q, 10, 53); err != nil {
			return refuse(http.StatusUnprocessableEntity, wire.CodeBadValue, "field", "seq")
		}
	}
	picture, err := s.hub.View(c.Request().Context(), who.log(), who.Credential, atLeast)
	if err != nil {
		return refusalOf(err)
	}
	h := c.Response().Header()
	h.Set("Matchfloor-View-Digest", picture.Digest)
	h.Set("Cache-Control", "no-store")
	h.Set(echo.HeaderVary, echo.HeaderAcceptEncoding)
	body := picture.Body
	if acceptsGzip(c.Request()) {
		h.Set(echo.HeaderContentEncoding, "gzip")
		body = picture.Gzip()
	}
	h.Set(echo.HeaderContentLength, strconv.Itoa(len(body)))
	return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, body)
}

// organiser answers the caller if they are one of the instance's organisers.
func (s *Server) organiser(c echo.Context, event floor.EventID, what string) (caller, error) {
	who, err := s.caller(c, event)
	if err != nil {
		return who, err
	}
	if who.Who.Role() != floor.RoleOrganiser {
		return who, refuse(http.StatusForbidden, wire.CodeForbidden, "command", what)
	}
	return who, nil
}

// listedEvent is one event of the instance.
type listedEvent struct {
	ID      floor.EventID `json:"id"`
	Name    floor.Text    `json:"name"`
	Version *int          `json:"version,omitempty"` // 0 is a draft; left out where it cannot be read now
}

// maxVersions is how many events are opened to tell their version.
const maxVersions = 32

// listEvents answers the events of the instance.
func (s *Server) listEvents(c echo.Context) error {
	who, err := s.organiser(c, InstanceEvent, "events")
	if err != nil {
		return err
	}
	if err := s.paced(s.paces.reads, who.key); err != nil {
		return err
	}
	ctx := c.Request().Context()
	instance, err := s.instance(ctx)
	if err != nil {
		return err
	}
	events := []listedEvent{}
	for e := range instance.Events() {
		listed := listedEvent{ID: e.ID, Name: e.Name}
		if len(events) < maxVersions {
			listed.Version = s.version(ctx, e.ID)
		}
		events = append(events, listed)
	}
	return writeJSON(c, http.StatusOK, map[string]any{"events": events})
}

// version answers an event's schedule version, or nil where it cannot be read.
func (s *Server) version(ctx context.Context, event floor.EventID) *int {
	state, err := s.state(ctx, event)
	if err != nil {
		return nil
	}
	version := state.Event().Version
	return &version
}
