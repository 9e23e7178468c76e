package hub

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// ImportForum imports a forum: first into the event's own log, then the event into
// the instance's list. If it fails between the two, calling it again completes the
// import. by is an organiser or floor.Operator; link is the first part of the keys
// of the two commands. It blocks until both are durable. A refusal is a
// *wire.Problem.
func ImportForum(ctx context.Context, h *Hub, by floor.ActorID, link string, forum floor.Forum) error {
	event := forum.Event
	if event.ID == floor.EventID(journal.InstanceLog) || !floor.ValidID(string(event.ID)) {
		return &wire.Problem{Code: wire.CodeBadValue, Params: map[string]string{"field": "event"}}
	}
	if _, err := h.Submit(ctx, journal.LogID(event.ID), floor.Envelope{
		Key: newKey(link), By: by, Unconditional: true, Command: floor.ImportForum{Forum: forum},
	}); err != nil {
		return err
	}
	_, err := h.Submit(ctx, journal.InstanceLog, floor.Envelope{
		Key: newKey(link), By: by, Unconditional: true, Command: floor.RegisterEvent{Event: event.ID, Name: event.Name},
	})
	if p, ok := errors.AsType[*wire.Problem](err); ok && p.Code == wire.Code(floor.CodeNothingChanges) {
		return nil
	}
	return err
}

// newKey returns a new key for a command that a program gives once.
func newKey(link string) floor.CommandKey { return floor.CommandKey(link + "/" + rand.Text()) }
