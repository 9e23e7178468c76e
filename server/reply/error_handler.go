package reply

import (
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
)

// ErrorHandler returns Echo's HTTPErrorHandler. Every error that a route returns
// gets a body of the same shape. Causes and internal errors are logged.
func ErrorHandler(log *slog.Logger) echo.HTTPErrorHandler {
	return func(err error, c echo.Context) {
		if c.Response().Committed {
			return
		}
		e := AsError(err)
		if e.Cause != nil || e.Status == http.StatusInternalServerError {
			log.Log(c.Request().Context(), levelOf(e), "request failed", "route", RouteOf(c), "code", e.Problem.Code, "err", err, "cause", e.Cause)
		}
		if e.RetryAfter > 0 {
			seconds := int64((e.RetryAfter + time.Second - 1) / time.Second)
			c.Response().Header().Set("Retry-After", strconv.FormatInt(seconds, 10))
		}
		if err := JSON(c, e.Status, e.Problem); err != nil {
			log.Debug("could not write a response", "route", RouteOf(c), "err", err)
		}
	}
}

// levelOf returns the level at which a refusal is logged. Anybody can cause the refusal of a
// bad request: only what the server failed at is an error.
func levelOf(e *Error) slog.Level {
	if e.Status >= http.StatusInternalServerError {
		return slog.LevelError
	}
	return slog.LevelDebug
}

// RouteOf returns the pattern of the route that a request matched, or "none". It
// never holds the path, which may contain ids, or the query.
func RouteOf(c echo.Context) string {
	if p := c.Path(); p != "" {
		return p
	}
	return "none"
}
