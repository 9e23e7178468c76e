package hub

import (
	"errors"
	"fmt"

	"github.com/matchfloor/matchfloor/wire"
)

// Why a hub does not begin a session or answer a read. Compare with errors.Is.
var (
	ErrNoEvent         = errors.New("hub: no such event")                            // close 4103, status 404
	ErrUnauthenticated = errors.New("hub: the link is unknown or was rotated")       // close 4102, status 401
	ErrOverloaded      = errors.New("hub: too many sessions or events on this node") // close 4001, status 503
	ErrDraining        = errors.New("hub: this node is about to stop")               // close 1012, status 503
	ErrUnavailable     = errors.New("hub: the journal cannot be reached")            // close 1011, status 503

	// ErrLost is about an event that the instance lists, and whose log is empty. It wraps
	// ErrUnavailable: the log may come back.
	ErrLost = fmt.Errorf("%w with this event: its log is empty, although the instance lists it; restore a backup, "+
		"or run matchfloor recover on a node that still holds it", ErrUnavailable)

	// ErrJournalUnreached is why a node that has just started is not ready.
	ErrJournalUnreached = errors.New("hub: the journal has not been reached yet")
)

// asProblem converts the hub's own errors to a *wire.Problem. It returns any other error unchanged.
func asProblem(err error) error {
	for cause, code := range map[error]wire.Code{
		ErrNoEvent: wire.CodeNoSuchEvent, ErrUnauthenticated: wire.CodeSignedOut, ErrOverloaded: wire.CodeBusy,
		ErrDraining: wire.CodeDraining, ErrUnavailable: wire.CodeUnavailable,
	} {
		if errors.Is(err, cause) {
			return &wire.Problem{Code: code}
		}
	}
	return err
}
