package node

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/wire"
)

// OtherKeyError says that an instance's links are made with another instance key than the one
// that was given.
type OtherKeyError struct {
	Recorded string // the id of the key that the instance's log names
	Given    string
}

func (e *OtherKeyError) Error() string {
	return fmt.Sprintf("the instance key (id %s) is not the one that the instance's links were made with (id %s)", e.Given, e.Recorded)
}

// CheckKey returns an *OtherKeyError if an instance's log names another key.
func CheckKey(instance floor.State, keys auth.Keys) error {
	if recorded := instance.KeyID(); recorded != "" && recorded != keys.ID() {
		return &OtherKeyError{Recorded: recorded, Given: keys.ID()}
	}
	return nil
}

// HasLinks reports whether an instance has links that somebody may have been given: those of
// organisers, or of people of its events.
func HasLinks(instance floor.State) bool {
	for range instance.Organisers() {
		return true
	}
	for range instance.Events() {
		return true
	}
	return false
}

// RecordKey makes the instance's log name the instance key. It returns an *OtherKeyError if the
// log names another one, unless replace is set. It does nothing if the log takes no such record
// yet, because not all nodes may know it: see package floor on versions. It retries while the
// journal is unavailable, until ctx ends.
func RecordKey(ctx context.Context, h *hub.Hub, keys auth.Keys, replace bool) error {
	instance, err := instanceState(ctx, h)
	if err != nil || instance.KeyID() == keys.ID() {
		return err
	}
	if err := CheckKey(instance, keys); err != nil && !replace {
		return err
	}
	if instance.Seq() > 0 && !instance.CanWrite("instanceKeySet") {
		return nil
	}
	err = submitUntilDone(ctx, h, floor.CommandKey(OperatorLink+"/"+rand.Text()),
		floor.SetInstanceKey{Key: keys.ID(), Was: instance.KeyID()}, string(floor.CodeNothingChanges))
	if p, refused := errors.AsType[*wire.Problem](err); !refused || p.Code != string(floor.CodeAlready) {
		return err
	}
	if instance, err = instanceState(ctx, h); err != nil { // another node was first
		return err
	}
	return CheckKey(instance, keys)
}
