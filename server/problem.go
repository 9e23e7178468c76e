package server

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// The codes that this room adds to the protocol's and the floor's.
const (
	CodeBadLink    wire.Code = "bad_link"    // no such link, or its secret is not this one (any more)
	CodeNeedsHTTPS wire.Code = "needs_https" // nobody signs in over plain HTTP from a public address
	CodeNotFound   wire.Code = "not_found"   // no such path
	CodeBadMethod  wire.Code = "bad_method"  // the path is there, for another method
	CodeBadUpgrade wire.Code = "bad_upgrade" // not a WebSocket handshake
)

// Codes answers the codes that this room adds, sorted, for the catalogs.
func Codes() []wire.Code {
	return []wire.Code{CodeBadLink, CodeBadMethod, CodeBadUpgrade, CodeNeedsHTTPS, CodeNotFound}
}

// refusal is an answer that is not the one that was asked for: a status, and
// the code and parameters of its body.
type refusal struct {
	status  int
	problem wire.Problem
	retry   time.Duration // > 0: Retry-After
	cause   error         // for the log, where it says more than the code
}

func (r *refusal) Error() string { return r.problem.Code }

func (r *refusal) Unwrap() error { return r.cause }

// refuse makes a refusal of a status, a code and pairs of parameter and value.
func refuse(status int, code wire.Code, pairs ...string) *refusal {
	r := &refusal{status: status, problem: wire.Problem{Code: code}}
	if len(pairs) > 0 {
		r.problem.Params = make(map[string]string, len(pairs)/2)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		r.problem.Params[pairs[i]] = pairs[i+1]
	}
	return r
}

// after says when to try again.
func (r *refusal) after(d time.Duration) *refusal { r.retry = d; return r }

// because keeps the cause for the log.
func (r *refusal) because(err error) *refusal { r.cause = err; return r }

// statusOf answers the status that belongs to the code of a refused command.
func statusOf(code wire.Code) int {
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

// answerError is Echo's HTTPErrorHandler: every error that leaves a route has
// the same shape of body.
func (s *Server) answerError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	r := asRefusal(err)
	if r.cause != nil || r.status == http.StatusInternalServerError {
		s.log.Error("request failed", "route", routeOf(c), "code", r.problem.Code, "err", err, "cause", r.cause)
	}
	if r.retry > 0 {
		seconds := int64((r.retry + time.Second - 1) / time.Second)
		c.Response().Header().Set("Retry-After", strconv.FormatInt(seconds, 10))
	}
	if err := writeJSON(c, r.status, r.problem); err != nil {
		s.log.Debug("an answer was not taken", "route", routeOf(c), "err", err)
	}
}

// asRefusal gives an error of Echo's router, or one that nobody foresaw, our shape.
func asRefusal(err error) *refusal {
	var r *refusal
	if errors.As(err, &r) {
		return r
	}
	var he *echo.HTTPError
	if errors.As(err, &he) {
		switch he.Code {
		case http.StatusNotFound:
			return refuse(he.Code, CodeNotFound)
		case http.StatusMethodNotAllowed:
			return refuse(he.Code, CodeBadMethod)
		}
	}
	return refuse(http.StatusInternalServerError, wire.CodeInternal).because(err)
}

// writeJSON answers v. It is never cached: every answer of the API depends on
// who asked.
func writeJSON(c echo.Context, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.Blob(status, echo.MIMEApplicationJSON, body)
}

func tooLarge(limit int64) error {
	return refuse(http.StatusRequestEntityTooLarge, wire.CodeTooLarge, "limit", strconv.FormatInt(limit, 10))
}
