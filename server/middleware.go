package server

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/server/limit"
	"github.com/matchfloor/matchfloor/server/origin"
	"github.com/matchfloor/matchfloor/server/reply"
	"github.com/matchfloor/matchfloor/wire"
)

// bodyTimeout is how long a small body may take to arrive.
const bodyTimeout = 5 * time.Second

// readAhead reads a small body before the request takes one of the bounded places,
// so that slow senders hold no places. A workbook is read later, after its sender
// was authorized.
func readAhead(c echo.Context) error {
	r := c.Request()
	if r.Method != http.MethodPost || strings.HasSuffix(c.Path(), "/events") {
		return nil
	}
	if r.ContentLength > wire.MaxCommand {
		return reply.TooLarge(wire.MaxCommand)
	}
	// A connection without deadlines (a test's recorder) is read without one.
	_ = http.NewResponseController(c.Response()).SetReadDeadline(time.Now().Add(bodyTimeout))
	text, err := io.ReadAll(io.LimitReader(r.Body, wire.MaxCommand+1))
	if err != nil {
		return reply.BadBody()
	}
	r.Body = io.NopCloser(bytes.NewReader(text))
	return nil
}

// refuseWhileUnready refuses requests of the API while unready returns an error: a node that cannot
// tell a right credential from a wrong one must not call any wrong, or a phone drops its view.
// Pages and health checks need no credential.
func refuseWhileUnready(unready func() error) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if strings.HasPrefix(c.Request().URL.Path, "/api/") && unready() != nil {
				return reply.Refuse(http.StatusServiceUnavailable, wire.CodeUnavailable).After(time.Second)
			}
			return next(c)
		}
	}
}

// boundRequests refuses requests beyond those that requests admits, before they
// cost anything. A request gives its place back before its response is written, so that
// clients that do not read hold no places.
func boundRequests(requests *limit.Semaphore) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if err := readAhead(c); err != nil {
				return err
			}
			release, full, _ := requests.AcquireFunc("")
			if full || release == nil {
				return reply.Full(2 * time.Second)
			}
			release = sync.OnceFunc(release)
			c.Response().Before(release)
			defer release()
			return next(c)
		}
	}
}

// refuseCrossOrigin refuses what another site makes a browser send.
func refuseCrossOrigin(origins origin.Policy) echo.MiddlewareFunc {
	cross := http.NewCrossOriginProtection()
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			if err := cross.Check(r); err != nil {
				// Behind a proxy that rewrites Host, the server's own public page looks like
				// another site.
				if !origins.Allowed(r, true) {
					return reply.BadOrigin()
				}
			}
			return next(c)
		}
	}
}
