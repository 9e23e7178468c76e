package server

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/wire"
)

// commandWithin is how long a POST waits for its command to be decided and
// durable. The sender keeps the command, and its id, on a time-out.
const commandWithin = 10 * time.Second

// command takes one command by POST: the same envelope as on the live connection.
func (s *Server) command(c echo.Context) error {
	event, err := eventOf(c)
	if err != nil {
		return err
	}
	who, err := s.caller(c, event)
	if err != nil {
		return err
	}
	if err := s.paced(s.paces.commands(who.Who.Role()), who.key); err != nil {
		return err
	}
	text, err := readAll(c, wire.MaxCommand, echo.MIMEApplicationJSON)
	if err != nil {
		return err
	}
	command, problem := wire.DecodeCommand(text)
	if problem != nil {
		return s.rejected(c, command.ID, *problem)
	}
	s.meters.command(command, "post")
	ctx, cancel := context.WithTimeout(c.Request().Context(), commandWithin)
	defer cancel()
	answer, err := s.hub.SubmitAs(ctx, who.log(), who.Credential, command)
	if err != nil {
		return s.rejected(c, command.ID, problemIn(err))
	}
	return writeJSON(c, http.StatusOK, acceptedOf(command.ID, answer))
}

func acceptedOf(id string, answer hub.Result) wire.Accepted {
	return wire.Accepted{ID: id, Seq: answer.Seq, Notes: answer.Notes}
}

// rejected answers a refused command.
func (s *Server) rejected(c echo.Context, id string, problem wire.Problem) error {
	if wire.Retry(problem.Code) {
		c.Response().Header().Set("Retry-After", strconv.Itoa(1))
	}
	if id == "" {
		return writeJSON(c, statusOf(problem.Code), problem)
	}
	return writeJSON(c, statusOf(problem.Code), wire.Rejected{ID: id, Problem: problem})
}

// problemIn answers what the hub refused a command with. A command whose end
// could not be waited for may be applied still: that is unavailable, and safe to
// send again.
func problemIn(err error) wire.Problem {
	var p *wire.Problem
	if errors.As(err, &p) {
		return *p
	}
	return asRefusal(refusalOf(err)).problem
}
