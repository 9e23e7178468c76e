package auth

import (
	"context"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/server/reply"
)

// Directory reads the states of the instance and of its events. Only events that
// the instance lists can be read, so that requests for other names open no logs.
// Its errors are refusals. It is safe for concurrent use.
type Directory struct{ hub *hub.Hub }

// NewDirectory returns the directory of a hub.
func NewDirectory(h *hub.Hub) Directory { return Directory{h} }

// State returns the newest state that this node has of an event that the instance
// lists, or of the instance's own log.
func (d Directory) State(ctx context.Context, event floor.EventID) (floor.State, error) {
	if err := d.hasEvent(ctx, event); err != nil {
		return floor.State{}, err
	}
	state, _, err := d.hub.State(ctx, journal.LogID(event))
	return state, HubError(err)
}

// Instance returns the newest state that this node has of the instance's own log.
func (d Directory) Instance(ctx context.Context) (floor.State, error) {
	state, _, err := d.hub.State(ctx, journal.InstanceLog)
	return state, HubError(err)
}

// PublicURL returns the address that the instance was given, or "" if it has none
// or the instance's log cannot be read.
func (d Directory) PublicURL(ctx context.Context) string {
	instance, err := d.Instance(ctx)
	if err != nil {
		return ""
	}
	return instance.PublicURL()
}

// hasEvent refuses an event that the instance does not list.
func (d Directory) hasEvent(ctx context.Context, event floor.EventID) error {
	if event == InstanceEvent {
		return nil
	}
	instance, err := d.Instance(ctx)
	if err != nil {
		return err
	}
	for e := range instance.Events() {
		if e.ID == event {
			return nil
		}
	}
	return reply.NoSuchEvent()
}

// link returns a link as this node's newest state has it, or refuses as signed out.
func (d Directory) link(ctx context.Context, event floor.EventID, id floor.LinkID) (floor.Link, error) {
	state, err := d.State(ctx, event)
	if err != nil {
		return floor.Link{}, err
	}
	link, ok := state.Link(id)
	if !ok {
		return floor.Link{}, reply.SignedOut()
	}
	return link, nil
}

// newestLink does what link does, but first reads the instance's and the event's log to their
// heads.
func (d Directory) newestLink(ctx context.Context, event floor.EventID, id floor.LinkID) (floor.Link, error) {
	if _, _, err := d.hub.LinearizableState(ctx, journal.InstanceLog); err != nil {
		return floor.Link{}, HubError(err)
	}
	if err := d.hasEvent(ctx, event); err != nil {
		return floor.Link{}, err
	}
	if _, _, err := d.hub.LinearizableState(ctx, journal.LogID(event)); err != nil {
		return floor.Link{}, HubError(err)
	}
	return d.link(ctx, event, id)
}
