package server

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/server/limit"
	"github.com/matchfloor/matchfloor/server/reply"
)

// audit shows organisers what was taken out of an event.
type audit struct {
	auth      *auth.Authenticator
	directory auth.Directory
	reads     *limit.Limiter
}

// exportEntry is one export, as organisers see it.
type exportEntry struct {
	At       floor.Instant    `json:"at"` // wall time
	What     floor.ExportKind `json:"what"`
	By       floor.ActorID    `json:"by"`
	Name     string           `json:"name,omitempty"` // of the organiser; absent for the command line
	People   int              `json:"people"`
	Instance bool             `json:"instance,omitempty"` // of the whole instance, not of this event alone
}

// listExports serves the recent exports of an event and of the instance.
func (h audit) listExports(c echo.Context) error {
	event, err := auth.EventParam(c)
	if err != nil {
		return err
	}
	caller, err := h.auth.AuthenticateOrganiser(c, event, "exports")
	if err != nil {
		return err
	}
	if err := reply.RateLimited(h.reads.Allow(caller.RateKey)); err != nil {
		return err
	}
	ctx := c.Request().Context()
	state, err := h.directory.State(ctx, event)
	if err != nil {
		return err
	}
	instance, err := h.directory.Instance(ctx)
	if err != nil {
		return err
	}
	return reply.JSON(c, http.StatusOK, map[string]any{"exports": exportsOf(state, instance)})
}

// exportsOf returns the exports of an event and of its instance, the newest first.
func exportsOf(event, instance floor.State) []exportEntry {
	list := []exportEntry{}
	for _, of := range []floor.State{event, instance} {
		for _, e := range slices.Backward(of.Exports()) {
			by, _ := instance.Profile(e.By)
			list = append(list, exportEntry{At: e.Wall, What: e.What, By: e.By, Name: auth.JoinNames(by.Name), People: e.People, Instance: of.Event().ID == ""})
		}
	}
	slices.SortStableFunc(list, func(a, b exportEntry) int { return cmp.Compare(b.At, a.At) })
	return list
}
