package server

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/server/limit"
	"github.com/matchfloor/matchfloor/server/reply"
)

// snapshots serves views.
type snapshots struct {
	hub   *hub.Hub
	auth  *auth.Authenticator
	reads *limit.Limiter
}

// get serves the caller's own view at the position ?seq or a later one.
func (h snapshots) get(c echo.Context) error {
	event, err := auth.EventParam(c)
	if err != nil {
		return err
	}
	caller, err := h.auth.Authenticate(c, event)
	if err != nil {
		return err
	}
	if err := reply.RateLimited(h.reads.Allow(caller.RateKey)); err != nil {
		return err
	}
	var atLeast uint64
	if q := c.QueryParam("seq"); q != "" {
		if atLeast, err = strconv.ParseUint(q, 10, 53); err != nil {
			return reply.BadValue("seq")
		}
	}
	view, err := h.hub.View(c.Request().Context(), caller.Log(), caller.Credential, atLeast)
	if err != nil {
		return auth.HubError(err)
	}
	header := c.Response().Header()
	header.Set("Matchfloor-View-Digest", view.Digest)
	header.Set("Cache-Control", "no-store")
	header.Set(echo.HeaderVary, echo.HeaderAcceptEncoding)
	body := view.Body
	if acceptsGzip(c.Request()) {
		header.Set(echo.HeaderContentEncoding, "gzip")
		body = view.Gzip()
	}
	header.Set(echo.HeaderContentLength, strconv.Itoa(len(body)))
	return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, body)
}
