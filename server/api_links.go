package server

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/server/limit"
	"github.com/matchfloor/matchfloor/server/reply"
	"github.com/matchfloor/matchfloor/wire"
)

// links hands out the personal links of an event.
type links struct {
	hub       *hub.Hub
	keys      auth.Keys
	auth      *auth.Authenticator
	directory auth.Directory
	exports   *limit.Limiter
	log       *slog.Logger
}

// linksResponse is the body of a response with links.
type linksResponse struct {
	Seq      uint64      `json:"seq"`      // of the state that has the links
	Recorded bool        `json:"recorded"` // false: the log is not upgraded yet
	Links    []auth.Link `json:"links"`
}

// takeOut hands out the links of an event to an organiser, after the log has a
// record of it. The links of organisers are not among them, because the list is for
// printing. It is a POST, because a GET must not change anything: previews follow
// links.
func (h links) takeOut(c echo.Context) error {
	event, err := auth.EventParam(c)
	if err != nil {
		return err
	}
	caller, err := h.auth.AuthenticateOrganiser(c, event, "links")
	if err != nil {
		return err
	}
	if err := reply.RateLimited(h.exports.Allow(caller.RateKey)); err != nil {
		return err
	}
	ctx := c.Request().Context()
	recorded, err := h.record(ctx, caller)
	if err != nil {
		return reply.OfCommand(auth.ProblemOf(err))
	}
	state, err := h.directory.State(ctx, event)
	if err != nil {
		return err
	}
	return reply.JSON(c, http.StatusOK, linksResponse{
		Seq: state.Seq(), Recorded: recorded, Links: auth.LinksOf(h.keys, h.directory.PublicURL(ctx), event, state),
	})
}

// record returns after the log has a record that the caller takes the links out, or
// why they must not be handed out. It returns false for a log whose version has no
// such records: nodes of that version may still run, and they hand links out
// without a record too.
func (h links) record(ctx context.Context, caller auth.Caller) (recorded bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	_, err = h.hub.SubmitAs(ctx, caller.Log(), caller.Credential, wire.Command{ID: rand.Text(), Body: floor.RecordExport{What: floor.ExportLinks}})
	if err != nil && auth.ProblemOf(err).Code == wire.Code(floor.CodeNeedsUpgrade) {
		h.log.Warn("links were taken out without a record: the log is of an earlier version", "event", caller.Event, "link", caller.Link)
		return false, nil
	}
	return err == nil, err
}
