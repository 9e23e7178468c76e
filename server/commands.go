package server

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/server/ops"
	"github.com/matchfloor/matchfloor/server/reply"
	"github.com/matchfloor/matchfloor/wire"
)

// commandTimeout is how long a POST waits for its command to be decided and
// durable. After a timeout the sender keeps the command and its id.
const commandTimeout = 10 * time.Second

// commands takes commands by POST.
type commands struct {
	hub     *hub.Hub
	auth    *auth.Authenticator
	limits  *limits
	metrics *ops.Metrics
}

// submit takes one command, in the same envelope as on the live connection.
func (h commands) submit(c echo.Context) error {
	event, err := auth.EventParam(c)
	if err != nil {
		return err
	}
	caller, err := h.auth.Authenticate(c, event)
	if err != nil {
		return err
	}
	if err := reply.RateLimited(h.limits.commands(caller.Actor.Role()).Allow(caller.RateKey)); err != nil {
		return err
	}
	text, err := reply.ReadBody(c, wire.MaxCommand, echo.MIMEApplicationJSON)
	if err != nil {
		return err
	}
	command, problem := wire.DecodeCommand(text)
	if problem != nil {
		return reject(c, command.ID, *problem)
	}
	h.metrics.CountCommand(command, "post")
	ctx, cancel := context.WithTimeout(c.Request().Context(), commandTimeout)
	defer cancel()
	result, err := h.hub.SubmitAs(ctx, caller.Log(), caller.Credential, command)
	if err != nil {
		return reject(c, command.ID, auth.ProblemOf(err))
	}
	return reply.JSON(c, http.StatusOK, wire.Accepted{ID: command.ID, Seq: result.Seq, Notes: result.Notes})
}

// reject sends why a command was refused.
func reject(c echo.Context, id string, problem wire.Problem) error {
	if wire.Retry(problem.Code) {
		c.Response().Header().Set("Retry-After", strconv.Itoa(1))
	}
	if id == "" {
		return reply.JSON(c, reply.StatusOf(problem.Code), problem)
	}
	return reply.JSON(c, reply.StatusOf(problem.Code), wire.Rejected{ID: id, Problem: problem})
}
