package auth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/server/reply"
	"github.com/matchfloor/matchfloor/wire"
)

// HubError returns an error of the hub as a refusal, and nil for nil.
func HubError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, hub.ErrNoEvent):
		return reply.NoSuchEvent()
	case errors.Is(err, hub.ErrUnauthenticated):
		return reply.SignedOut()
	case errors.Is(err, hub.ErrOverloaded):
		return reply.Full(5 * time.Second)
	case errors.Is(err, hub.ErrDraining):
		return reply.Refuse(http.StatusServiceUnavailable, wire.CodeDraining).After(time.Second)
	case errors.Is(err, hub.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return reply.Refuse(http.StatusServiceUnavailable, wire.CodeUnavailable).After(2 * time.Second)
	}
	return reply.Refuse(http.StatusInternalServerError, wire.CodeInternal).Because(err)
}

// ProblemOf returns why the hub refused a command. A command with an unknown
// outcome is unavailable: it may still be applied, and is safe to send again.
func ProblemOf(err error) wire.Problem {
	if p, ok := errors.AsType[*wire.Problem](err); ok {
		return *p
	}
	return reply.AsError(HubError(err)).Problem
}

// CloseCodeOf returns the close code that tells a client why the hub did not attach
// its session. It logs errors that say more than the code.
func CloseCodeOf(err error, log *slog.Logger) wire.CloseCode {
	switch {
	case errors.Is(err, hub.ErrNoEvent):
		return wire.CloseNoEvent
	case errors.Is(err, hub.ErrUnauthenticated):
		return wire.CloseSessionOver
	case errors.Is(err, hub.ErrOverloaded):
		return wire.CloseTooMany
	case errors.Is(err, hub.ErrDraining):
		return wire.CloseRestart
	case !errors.Is(err, hub.ErrUnavailable) && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled):
		log.Error("could not attach a session", "err", err)
	}
	return wire.CloseBroken
}

// CloseCodeOfRefusal returns the close code that tells a page why Authenticate
// refused its live connection, because a browser cannot read the status. It
// reports false for refusals that have no close code.
func CloseCodeOfRefusal(err error) (code wire.CloseCode, ok bool) {
	switch reply.AsError(err).Problem.Code {
	case wire.CodeSignedOut:
		return wire.CloseSessionOver, true
	case wire.CodeNoSuchEvent:
		return wire.CloseNoEvent, true
	case wire.CodeDraining:
		return wire.CloseRestart, true
	}
	return 0, false
}
