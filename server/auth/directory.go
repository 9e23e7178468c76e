package auth

import (
	"context"
	"errors"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/server/reply"
)

// Directory reads the states of the instance and of its events. Only events that
// the instance lists can be read, so that requests for other names open no logs. Another
// process may have imported an event a moment ago, so the instance's log is read to its
// head before an event is refused; requests share these readings, which are limited in
// rate. Its errors are refusals. It is safe for concurrent use.
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
	if errors.Is(err, hub.ErrNoEvent) || errors.Is(err, hub.ErrLost) {
		// The event is listed: this node may have read its log before the import wrote it.
		state, _, err = d.hub.LinearizableState(ctx, journal.LogID(event))
	}
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

// LoadedPublicURL returns what PublicURL returns, but "" while the instance's log is not loaded: it
// never waits for the journal.
func (d Directory) LoadedPublicURL() string {
	instance := d.hub.LoadedInstance()
	return instance.PublicURL()
}

// hasEvent refuses an event that the instance does not list, after it has read the
// instance's log to its head.
func (d Directory) hasEvent(ctx context.Context, event floor.EventID) error {
	known, err := d.lists(ctx, event)
	if known || err != nil {
		return err
	}
	if _, _, err := d.hub.LinearizableState(ctx, journal.InstanceLog); err != nil {
		return HubError(err)
	}
	known, err = d.lists(ctx, event)
	if known || err != nil {
		return err
	}
	return reply.NoSuchEvent()
}

// lists reports whether the instance's own log, as this node has it, lists an event.
func (d Directory) lists(ctx context.Context, event floor.EventID) (bool, error) {
	if event == InstanceEvent {
		return true, nil
	}
	instance, err := d.Instance(ctx)
	if err != nil {
		return false, err
	}
	for e := range instance.Events() {
		if e.ID == event {
			return true, nil
		}
	}
	return false, nil
}

// link returns a link and the state that holds it, as this node has it newest, or refuses
// as signed out.
func (d Directory) link(ctx context.Context, event floor.EventID, id floor.LinkID) (floor.Link, floor.State, error) {
	return linkIn(id)(d.State(ctx, event))
}

// knownLink does what link does, but reads nothing: it also refuses an event that this
// node has not heard of yet. It is for callers who have no credential yet.
func (d Directory) knownLink(ctx context.Context, event floor.EventID, id floor.LinkID) (floor.Link, floor.State, error) {
	known, err := d.lists(ctx, event)
	if err != nil {
		return floor.Link{}, floor.State{}, err
	}
	if !known {
		return floor.Link{}, floor.State{}, reply.NoSuchEvent()
	}
	state, _, err := d.hub.State(ctx, journal.LogID(event))
	return linkIn(id)(state, HubError(err))
}

// newestLink does what link does, but first reads the instance's and the event's log to their
// heads.
func (d Directory) newestLink(ctx context.Context, event floor.EventID, id floor.LinkID) (floor.Link, floor.State, error) {
	if _, _, err := d.hub.LinearizableState(ctx, journal.InstanceLog); err != nil {
		return floor.Link{}, floor.State{}, HubError(err)
	}
	if err := d.hasEvent(ctx, event); err != nil {
		return floor.Link{}, floor.State{}, err
	}
	state, _, err := d.hub.LinearizableState(ctx, journal.LogID(event))
	return linkIn(id)(state, HubError(err))
}

// linkIn returns a function that finds a link in a state, and returns both.
func linkIn(id floor.LinkID) func(floor.State, error) (floor.Link, floor.State, error) {
	return func(state floor.State, err error) (floor.Link, floor.State, error) {
		if err != nil {
			return floor.Link{}, floor.State{}, err
		}
		link, ok := state.Link(id)
		if !ok {
			return floor.Link{}, floor.State{}, reply.SignedOut()
		}
		return link, state, nil
	}
}
