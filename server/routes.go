package server

import (
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/server/fallback"
	"github.com/matchfloor/matchfloor/server/limit"
	"github.com/matchfloor/matchfloor/server/ops"
	"github.com/matchfloor/matchfloor/server/origin"
	"github.com/matchfloor/matchfloor/server/reply"
)

// handlers are what the routes lead to, and what their middleware needs.
type handlers struct {
	unready        func() error
	log            *slog.Logger
	origins        origin.Policy
	requests       *limit.Semaphore
	metrics        *ops.Metrics
	metricsReaders ops.MetricsReaders
	health         ops.Health
	pages          pages
	signIn         *auth.SignIn
	signOut        auth.SignOut
	renew          auth.Renew
	rotate         auth.Rotate
	events         events
	uploads        uploads
	live           *liveEndpoint
	commands       commands
	snapshots      snapshots
	links          links
	audit          audit
	recovery       recovery
	fallback       *fallback.Endpoint
}

// newRouter returns the router. Only this function and pages.routes name paths.
func newRouter(h handlers) *echo.Echo {
	e := echo.New()
	e.HTTPErrorHandler = reply.ErrorHandler(h.log)
	e.IPExtractor, e.SchemeExtractor = h.origins.Address, h.origins.Scheme
	e.Logger.SetOutput(ops.EchoLog(h.log))
	e.Use(ops.RequestLog(h.log, h.metrics), ops.RecoverPanic(h.log), secureHeaders(h.origins), refuseWhileUnready(h.unready))

	getAndHead(e, "/healthz", h.health.Alive)
	getAndHead(e, "/readyz", h.health.Ready)
	e.GET("/metrics", h.metrics.Handler(h.metricsReaders))

	crossOrigin, bounded := refuseCrossOrigin(h.origins), boundRequests(h.requests)
	// Not a group: with one, Echo answers 404 to a wrong method.
	api := func(method, path string, handler echo.HandlerFunc) {
		e.Add(method, "/api/v1"+path, handler, crossOrigin, bounded)
	}
	api(http.MethodPost, "/sign-in", h.signIn.Handle)
	api(http.MethodPost, "/sign-out", h.signOut.Handle)
	api(http.MethodPost, "/renew", h.renew.Handle)
	api(http.MethodPost, "/rotate", h.rotate.Handle)
	api(http.MethodGet, "/events", h.events.list)
	api(http.MethodPost, "/events", h.uploads.importForum)
	api(http.MethodGet, "/events/:event/live", h.live.openLive)
	api(http.MethodPost, "/events/:event/commands", h.commands.submit)
	api(http.MethodGet, "/events/:event/snapshot", h.snapshots.get)
	api(http.MethodPost, "/events/:event/links", h.links.takeOut)
	api(http.MethodGet, "/events/:event/exports", h.audit.listExports)
	api(http.MethodPost, "/recover", h.recovery.refill)
	// Not bounded like other requests: a visit lasts, and takes a socket's place.
	e.GET("/api/v1/events/:event/stream", h.fallback.Stream, crossOrigin)
	e.GET("/api/v1/events/:event/poll", h.fallback.Poll, crossOrigin)

	h.pages.routes(e)
	return e
}

// getAndHead adds a route for GET, and the same for HEAD: net/http sends the headers of the
// response and leaves out the body.
func getAndHead(e *echo.Echo, path string, handler echo.HandlerFunc) {
	e.GET(path, handler)
	e.HEAD(path, handler)
}
