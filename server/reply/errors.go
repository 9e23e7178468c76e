// Package reply holds what every route of the API shares: refusals and the status
// of each code, and JSON bodies in both directions. It is used with Echo only.
package reply

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// The codes that the server adds to those of the protocol and of the floor.
const (
	CodeBadLink    wire.Code = "bad_link"    // no such link, or the secret is not, or no longer, the link's
	CodeNeedsHTTPS wire.Code = "needs_https" // sign-in over plain HTTP from a public address
	CodeNotFound   wire.Code = "not_found"   // no such path
	CodeBadMethod  wire.Code = "bad_method"  // the path exists, for another method
	CodeBadUpgrade wire.Code = "bad_upgrade" // not a WebSocket handshake, one with a body, or a frame before the answer
)

// Codes returns the codes that the server adds, sorted. The message catalogs have
// an entry for each.
func Codes() []wire.Code {
	return []wire.Code{CodeBadLink, CodeBadMethod, CodeBadUpgrade, CodeNeedsHTTPS, CodeNotFound}
}

// Error is a refusal: a status with the code and the parameters of its body. A
// handler returns it; ErrorHandler writes it.
type Error struct {
	Status     int
	Problem    wire.Problem
	RetryAfter time.Duration // if positive, sent as the Retry-After header
	Cause      error         // logged, never sent; nil if the code says all there is
}

// Error implements error.
func (e *Error) Error() string { return e.Problem.Code }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Refuse returns a refusal with a status, a code, and the parameters of its body as
// pairs of name and value.
func Refuse(status int, code wire.Code, pairs ...string) *Error {
	e := &Error{Status: status, Problem: wire.Problem{Code: code}}
	if len(pairs) > 0 {
		e.Problem.Params = make(map[string]string, len(pairs)/2)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		e.Problem.Params[pairs[i]] = pairs[i+1]
	}
	return e
}

// After sets when the client should try again, and returns e.
func (e *Error) After(d time.Duration) *Error { e.RetryAfter = d; return e }

// Because sets the cause, and returns e.
func (e *Error) Because(err error) *Error { e.Cause = err; return e }

// BadOrigin returns the refusal of a request that another site made a browser send.
func BadOrigin() *Error { return Refuse(http.StatusForbidden, wire.CodeBadOrigin) }

// SignedOut returns the refusal of a request without a valid credential.
func SignedOut() *Error { return Refuse(http.StatusUnauthorized, wire.CodeSignedOut) }

// NoSuchEvent returns the refusal of a request about an event that the instance
// does not have.
func NoSuchEvent() *Error { return Refuse(http.StatusNotFound, wire.CodeNoSuchEvent) }

// Full returns the refusal of a request for which the server has no room now.
func Full(retryAfter time.Duration) *Error {
	return Refuse(http.StatusServiceUnavailable, wire.CodeFull).After(retryAfter)
}

// BadValue returns the refusal of a value of the right shape that is out of range.
func BadValue(field string) *Error {
	return Refuse(http.StatusUnprocessableEntity, wire.CodeBadValue, "field", field)
}

// TooLarge returns the refusal of a body with more than limit bytes.
func TooLarge(limit int64) *Error {
	return Refuse(http.StatusRequestEntityTooLarge, wire.CodeTooLarge, "limit", strconv.FormatInt(limit, 10))
}

// BadType returns the refusal of a body of another media type than want.
func BadType(want string) *Error {
	return Refuse(http.StatusUnsupportedMediaType, wire.CodeBadType, "want", want)
}

// BadBody returns the refusal of a body that cannot be read.
func BadBody() *Error {
	return Refuse(http.StatusBadRequest, wire.CodeBadBody, "why", wire.WhySyntax)
}

// RateLimited returns nil if ok, and otherwise the refusal of a client that must
// wait. Its arguments are what a rate limiter returns.
func RateLimited(wait time.Duration, ok bool) error {
	if ok {
		return nil
	}
	return Refuse(http.StatusTooManyRequests, wire.CodeTooManyRequests).After(wait)
}

// OfCommand returns the refusal of a command: the status of the problem's code, and
// Retry-After if the same command may succeed later.
func OfCommand(p wire.Problem) *Error {
	e := &Error{Status: StatusOf(p.Code), Problem: p}
	if wire.Retry(p.Code) {
		e.RetryAfter = time.Second
	}
	return e
}

// StatusOf returns the status of a refused command by its code.
func StatusOf(code wire.Code) int {
	switch code {
	case wire.CodeBadBody, wire.CodeBadFrame, CodeBadUpgrade:
		return http.StatusBadRequest
	case wire.CodeSignedOut, CodeBadLink:
		return http.StatusUnauthorized
	case wire.CodeForbidden, wire.Code(floor.CodeOtherZone), wire.CodeBadOrigin, CodeNeedsHTTPS:
		return http.StatusForbidden
	case wire.CodeNoSuchEvent, CodeNotFound:
		return http.StatusNotFound
	case wire.CodeTooLarge:
		return http.StatusRequestEntityTooLarge
	case wire.CodeBadValue, wire.CodeWorkbook:
		return http.StatusUnprocessableEntity
	case wire.CodeTooManyRequests:
		return http.StatusTooManyRequests
	case wire.CodeUnavailable, wire.CodeDraining, wire.CodeFull, wire.CodeBusy:
		return http.StatusServiceUnavailable
	case wire.CodeInternal:
		return http.StatusInternalServerError
	}
	return http.StatusConflict
}

// AsError returns err as a refusal. Errors of Echo's router get the server's codes;
// any other error is internal, with err as its cause.
func AsError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if he, ok := errors.AsType[*echo.HTTPError](err); ok {
		switch he.Code {
		case http.StatusNotFound:
			return Refuse(he.Code, CodeNotFound)
		case http.StatusMethodNotAllowed:
			return Refuse(he.Code, CodeBadMethod)
		}
	}
	return Refuse(http.StatusInternalServerError, wire.CodeInternal).Because(err)
}
