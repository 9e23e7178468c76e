package server

import (
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/wire"
)

// routeOf answers the pattern of the route that a request met: never its path,
// which may hold ids, nor its query.
func routeOf(c echo.Context) string {
	if p := c.Path(); p != "" {
		return p
	}
	return "none"
}

// observe logs and counts each request once it is answered.
func (s *Server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		began := time.Now()
		method := knownMethod(c.Request().Method)
		if err := next(c); err != nil {
			c.Error(err)
		}
		route := routeOf(c)
		took := time.Since(began)
		status := c.Response().Status
		s.meters.requests.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
		s.log.LogAttrs(c.Request().Context(), levelOf(route, status), "request",
			slog.String("method", method), slog.String("route", route),
			slog.Int("status", status), slog.Duration("took", took))
		return nil
	}
}

// knownMethod bounds what a client can make us count and log.
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
		return slog.LevelDebug // one connection is many of them
	case strings.HasPrefix(route, "/api/"):
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

// recoverPanic keeps a mistake in one request from ending the others.
func (s *Server) recoverPanic(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			if p := recover(); p != nil {
				s.log.Error("a request panicked", "route", routeOf(c), "panic", p, "stack", string(debug.Stack()))
				err = refuse(http.StatusInternalServerError, wire.CodeInternal).because(errors.New("panic"))
			}
		}()
		return next(c)
	}
}

// logWriter takes what Echo itself has to say.
type logWriter struct{ log *slog.Logger }

func (w logWriter) Write(b []byte) (int, error) {
	w.log.Debug("echo", "said", strings.TrimSpace(string(b)))
	return len(b), nil
}
