package client

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/matchfloor/matchfloor/wire"
)

// ErrClosed is the error of a client that was closed by Close.
var ErrClosed = errors.New("client: closed")

// ErrOutboxFull is returned by Do while 256 commands wait for an answer.
var ErrOutboxFull = errors.New("client: 256 commands wait for an answer; wait for one before giving the next")

// UnknownOutcomeError is returned by Do when a command was sent, and no final answer has
// arrived: the command may be applied already, or later, or never. A Do with the same
// ID and body, by this client or another one of the same link, returns its result. A
// command with Until is not applied after that time, so that from then on it is either
// in the log or refused.
type UnknownOutcomeError struct {
	ID    string // of the command, also if Do has chosen it
	Cause error  // the context's error, or why the client ended
}

func (e *UnknownOutcomeError) Error() string {
	return fmt.Sprintf("client: the outcome of the command %s is unknown; give it again with the same ID: %v", e.ID, e.Cause)
}

// Unwrap returns Cause.
func (e *UnknownOutcomeError) Unwrap() error { return e.Cause }

// ClosedError is the error of a client that the server has refused for good.
// Dialing again with the same link and the same version of this package fails in
// the same way.
type ClosedError struct {
	Code    wire.CloseCode // the close code of the connection; 0: there was none
	Problem wire.Problem   // the error frame before the close; its Code is empty if there was none
	Cause   error          // a *StatusError if the server refused over HTTP; otherwise nil
}

func (e *ClosedError) Error() string {
	switch {
	case e.Cause != nil:
		return "client: refused by the server: " + e.Cause.Error()
	case e.Problem.Code != "":
		return fmt.Sprintf("client: closed by the server with code %d: %s", e.Code, e.Problem.Error())
	}
	return fmt.Sprintf("client: closed by the server with code %d", e.Code)
}

// Unwrap returns Cause.
func (e *ClosedError) Unwrap() error { return e.Cause }

// StatusError is an HTTP response with a status other than 200.
type StatusError struct {
	Status  int           // the HTTP status
	Problem wire.Problem  // the body; its Code is empty if the body is not a problem, such as a proxy's page
	Retry   time.Duration // the header Retry-After, at most a minute; 0: there was none
}

func (e *StatusError) Error() string {
	if e.Problem.Code == "" {
		return fmt.Sprintf("client: the server responded with status %d", e.Status)
	}
	return fmt.Sprintf("client: the server responded with status %d: %s", e.Status, e.Problem.Error())
}

// temporary reports whether the same request may succeed later.
func (e *StatusError) temporary() bool {
	return e.Status == http.StatusTooManyRequests || e.Status >= 500
}
