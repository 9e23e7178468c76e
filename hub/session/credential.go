package session

import (
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/replica"
	"github.com/matchfloor/matchfloor/wire"
)

// Credential is what a signed-in client has proved to the transport: which link, of
// whom, and of which generation. Role, zones and rights are never taken from it, but
// from the state, at each command and frame. An organiser's link is in the instance's
// log, every other one in the event's.
type Credential struct {
	Actor      floor.ActorID
	Link       floor.LinkID
	Generation int
}

// Command returns a command of the client as its replica takes it. The caller sets
// Done.
func (c Credential) Command(command wire.Command) *replica.Command {
	e := floor.Envelope{
		Key: commandKey(c.Link, command.ID), By: c.Actor,
		Unconditional: command.Base == nil, NotAfter: command.Until, Command: command.Body,
	}
	if command.Base != nil {
		e.BaseSeq = *command.Base
	}
	for _, id := range command.After {
		e.DependsOn = append(e.DependsOn, commandKey(c.Link, id))
	}
	return &replica.Command{Envelope: e, CheckLink: true, Link: c.Link, Generation: c.Generation}
}

func commandKey(link floor.LinkID, id string) floor.CommandKey {
	return floor.CommandKey(string(link) + "/" + id)
}

// you returns what a state says of the client's own person or screen.
func (c Credential) you(state *floor.State) wire.You {
	profile, _ := state.Profile(c.Actor)
	return wire.You{
		Who: c.Actor, Link: c.Link, Name: profile.Name,
		Lead: profile.Lead, Zones: profile.Zones, Languages: profile.Languages,
	}
}

// isOrganiser reports whether the client is an organiser.
func (c Credential) isOrganiser() bool { return c.Actor.Role() == floor.RoleOrganiser }

// isVisitor reports whether who is an attendee or an interpreter: somebody whose
// presence is shown to moderators, and who is sent notices.
func isVisitor(who floor.ActorID) bool {
	role := who.Role()
	return role == floor.RoleAttendee || role == floor.RoleInterpreter
}
