// Package server is matchfloor's HTTP side: the pages, sign-in, the live
// connection, commands by POST, workbooks, and what operators ask. It turns
// credentials into actors and connections into outlets, and leaves every
// decision to hub and floor. docs/PROTOCOL.md is what it keeps to.
//
// Echo stays inside: the package offers an [http.Handler].
package server

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/wire"
)

// Options say what a server serves, and to whom. Hub, Keys and Pages are needed.
type Options struct {
	Hub  *hub.Hub
	Keys Keys
	// Pages holds <page>.html for every page and assets/, whose names change with
	// their content. All of it is read once, by New.
	Pages fs.FS
	// TrustedProxies are whose forwarding headers are believed; none: nobody's.
	TrustedProxies []netip.Prefix
	// MetricsFrom are whose requests for /metrics are answered, by the address that
	// they come from; the default is this machine's own.
	MetricsFrom []netip.Prefix
	// Log takes requests and failures: never a secret, a token, a name or a query.
	// The default is slog.Default().
	Log *slog.Logger

	MaxSockets     int // live connections of this node; 20,000
	MaxLinkSockets int // of one link; 24
	MaxUploads     int // workbooks read at the same time; 2
	MaxRequests    int // API requests under way at the same time; 1,024
}

// Server answers HTTP. It is safe for concurrent use. It owns no goroutine but
// those that read live connections and one that waits for them, which ends with
// the last of them; the hub's Drain and Close end those.
type Server struct {
	hub      *hub.Hub
	keys     Keys
	edge     edge
	log      *slog.Logger
	options  Options
	handler  http.Handler
	cross    *http.CrossOriginProtection
	pages    *pages
	now      func() time.Time // time.Now, but in tests
	paces    paces
	sockets  *slots
	uploads  *slots
	requests *slots
	doorway  *slots
	live     *liveSessions
	poller   *poller
	meters   *meters
	plain    sync.Once // the warning about plain HTTP
}

// New answers a server. The hub stays the caller's.
func New(o Options) (*Server, error) {
	if o.Hub == nil || o.Pages == nil || o.Keys.session == nil {
		return nil, errors.New("server: a hub, keys and pages are needed")
	}
	o = o.withDefaults()
	pages, err := loadPages(o.Pages)
	if err != nil {
		return nil, err
	}
	s := &Server{
		hub: o.Hub, keys: o.Keys, options: o, log: o.Log, pages: pages, now: time.Now,
		edge: newEdge(o.TrustedProxies), cross: http.NewCrossOriginProtection(), paces: newPaces(),
		sockets: newSlots(o.MaxSockets), uploads: newSlots(o.MaxUploads), requests: newSlots(o.MaxRequests), doorway: newSlots(maxDoorway),
		poller: newPoller(),
	}
	s.live = newLiveSessions(func() time.Time { return s.now() })
	s.meters = newMeters(s)
	s.handler = s.routes()
	return s, nil
}

func (o Options) withDefaults() Options {
	positive := func(n *int, otherwise int) {
		if *n <= 0 {
			*n = otherwise
		}
	}
	positive(&o.MaxSockets, 20_000)
	positive(&o.MaxLinkSockets, 24)
	positive(&o.MaxUploads, 2)
	positive(&o.MaxRequests, 1024)
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if len(o.MetricsFrom) == 0 {
		o.MetricsFrom = loopback
	}
	return o
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// HTTP answers an http.Server for this handler with the deadlines and bounds
// that a public address needs. The caller sets Addr and TLS, serves and shuts down.
func (s *Server) HTTP() *http.Server {
	return &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second, // an upload has its own
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       75 * time.Second,
		MaxHeaderBytes:    16 << 10,
		// What net/http says of connections names addresses.
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}

// routes is the only place that names paths.
func (s *Server) routes() http.Handler {
	e := echo.New()
	e.HTTPErrorHandler = s.answerError
	e.IPExtractor, e.SchemeExtractor = s.edge.address, s.edge.scheme
	e.Logger.SetOutput(logWriter{s.log})
	e.Use(s.observe, s.recoverPanic, s.secureHeaders)

	e.GET("/healthz", s.healthz)
	e.GET("/readyz", s.readyz)
	e.GET("/metrics", s.metrics(echo.WrapHandler(s.meters.handler())))

	// Not a group: Echo's answer 404 where the method is wrong.
	api := func(method, path string, answer echo.HandlerFunc) {
		e.Add(method, "/api/v1"+path, answer, s.crossOrigin, s.bounded)
	}
	api(http.MethodPost, "/sign-in", s.signIn)
	api(http.MethodPost, "/sign-out", s.signOut)
	api(http.MethodGet, "/events", s.listEvents)
	api(http.MethodPost, "/events", s.importWorkbook)
	api(http.MethodGet, "/events/:event/live", s.openLive)
	api(http.MethodPost, "/events/:event/commands", s.command)
	api(http.MethodGet, "/events/:event/snapshot", s.snapshot)
	api(http.MethodPost, "/events/:event/links", s.takeLinks)
	api(http.MethodGet, "/events/:event/exports", s.listExports)
	// Not bounded as requests are: a visit lasts, and takes a socket's place.
	e.GET("/api/v1/events/:event/stream", s.streamEvents, s.crossOrigin)
	e.GET("/api/v1/events/:event/poll", s.pollFrames, s.crossOrigin)

	s.pages.routes(e, s)
	return e
}

// bodyWithin is how long a small body may take to arrive.
const bodyWithin = 5 * time.Second

// readAhead reads a small body before the request takes one of the places that
// are bounded, so that nobody holds places by sending slowly. A workbook is read
// later, by who may upload one.
func readAhead(c echo.Context) error {
	r := c.Request()
	if r.Method != http.MethodPost || strings.HasSuffix(c.Path(), "/events") {
		return nil
	}
	if r.ContentLength > wire.MaxCommand {
		return tooLarge(wire.MaxCommand)
	}
	// A connection that has no deadline (a test's recorder) is read without.
	_ = http.NewResponseController(c.Response()).SetReadDeadline(time.Now().Add(bodyWithin))
	text, err := io.ReadAll(io.LimitReader(r.Body, wire.MaxCommand+1))
	if err != nil {
		return refuse(http.StatusBadRequest, wire.CodeBadBody, "why", wire.WhySyntax)
	}
	r.Body = io.NopCloser(bytes.NewReader(text))
	return nil
}

// bounded sheds load before it costs anything.
func (s *Server) bounded(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := readAhead(c); err != nil {
			return err
		}
		done, full, _ := s.requests.take("", s.options.MaxRequests)
		if full || done == nil {
			return refuse(http.StatusServiceUnavailable, wire.CodeFull).after(2 * time.Second)
		}
		defer done()
		return next(c)
	}
}

// crossOrigin refuses what another site makes a browser send.
func (s *Server) crossOrigin(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if err := s.cross.Check(r); err != nil {
			// Behind a proxy that rewrites Host, our own public page looks like another site.
			if s.edge.origin(r, s.publicURL(r.Context()), true) != nil {
				return refuse(http.StatusForbidden, wire.CodeBadOrigin)
			}
		}
		return next(c)
	}
}
