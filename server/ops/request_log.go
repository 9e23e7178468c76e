package ops

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/server/reply"
	"github.com/matchfloor/matchfloor/wire"
)

// RequestLog returns a middleware that logs and counts each request after it was
// answered. It logs the route, never the path or the query.
func RequestLog(log *slog.Logger, m *Metrics) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			began := time.Now()
			method := knownMethod(c.Request().Method)
			if err := next(c); err != nil {
				c.Error(err)
			}
			route := reply.RouteOf(c)
			took := time.Since(began)
			status := c.Response().Status
			m.countRequest(method, route, status, took)
			log.LogAttrs(c.Request().Context(), levelOf(route, status), "request",
				slog.String("method", method), slog.String("route", route),
				slog.Int("status", status), slog.Duration("took", took))
			return nil
		}
	}
}

// knownMethod returns the method, or "other" for methods that clients make up, so
// that they cannot fill the log and the metrics.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

func levelOf(route string, status int) slog.Level {
	switch {
	case status >= http.StatusInternalServerError && status != http.StatusServiceUnavailable:
		return slog.LevelError
	case strings.HasSuffix(route, "/stream"), strings.HasSuffix(route, "/poll"):
		return slog.LevelDebug // a client makes many of them
	case strings.HasPrefix(route, "/api/"):
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

// RecoverPanic returns a middleware that turns a panic into an internal error, so
// that it ends only its own request.
func RecoverPanic(log *slog.Logger) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) (err error) {
			defer func() {
				if p := recover(); p != nil {
					log.Error("a request panicked", "route", reply.RouteOf(c), "panic", p, "stack", string(debug.Stack()))
					err = reply.Refuse(http.StatusInternalServerError, wire.CodeInternal).Because(errors.New("panic"))
				}
			}()
			return next(c)
		}
	}
}

// EchoLog returns a writer for Echo's own messages.
func EchoLog(log *slog.Logger) io.Writer { return echoLog{log} }

type echoLog struct{ log *slog.Logger }

// Write implements io.Writer.
func (w echoLog) Write(b []byte) (int, error) {
	w.log.Debug("echo", "said", strings.TrimSpace(string(b)))
	return len(b), nil
}
