// Package server is the HTTP side of matchfloor: pages, sign-in, the live
// connection, commands by POST, workbooks, and what operators use. It turns
// credentials into actors and connections into transports of the hub. All decisions
// are made by packages hub and floor. docs/PROTOCOL.md says what it serves.
//
// Echo is an implementation detail: the package offers an [http.Handler].
package server

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/internal/ws"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/server/fallback"
	"github.com/matchfloor/matchfloor/server/ops"
	"github.com/matchfloor/matchfloor/server/origin"
)

// Server serves HTTP. It is safe for concurrent use. Its only goroutines are those
// that read live connections, one that waits for idle ones, which ends with the last of
// them, and for a moment after New one that checks whether that works here. The hub's
// Drain and Close end the live connections.
type Server struct {
	router  *echo.Echo
	log     *slog.Logger
	limits  *limits
	metrics *ops.Metrics
	live    *liveEndpoint
}

// New returns a server. It does not take ownership of the hub.
func New(o Options) (*Server, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	bundle, err := readBundle(o.Pages)
	if err != nil {
		return nil, err
	}
	directory := auth.NewDirectory(o.Hub)
	origins := origin.NewPolicy(origin.NewProxies(o.TrustedProxies), directory)
	sessions := auth.NewSessionRegistry(directory, o.now)
	authenticator := auth.NewAuthenticator(o.Keys, directory, origins, sessions, o.now)
	limits := newLimits(o)
	sockets := socketConfig
	sockets.PollerFailed = logPollerFailure(o.Log)
	poller := ws.NewPoller(sockets)
	metrics := ops.NewMetrics(o.Hub, ops.Sockets{InUse: limits.sockets.InUse, PollerWorks: poller.Working})
	bootstrap := bootstrap{o.Hub, o.now}
	live := &liveEndpoint{
		hub: o.Hub, auth: authenticator, origins: origins, sessions: sessions, limits: limits, metrics: metrics, log: o.Log, poller: poller,
	}
	router := newRouter(handlers{
		log: o.Log, unready: o.Unready, origins: origins, requests: limits.requests, metrics: metrics,
		metricsReaders: ops.MetricsReaders{From: o.MetricsFrom, Proxied: len(o.TrustedProxies) > 0, Client: origins.Client},
		health:         ops.NewHealth(o.Hub, o.Unready),
		pages:          pages{bundle, authenticator, limits.reads, bootstrap},
		signIn:         auth.NewSignIn(authenticator, o.Log, bootstrap.encode),
		signOut:        auth.NewSignOut(authenticator, sessions),
		renew:          auth.NewRenew(authenticator),
		rotate:         auth.NewRotate(authenticator),
		events:         events{authenticator, directory, limits.reads},
		uploads:        uploads{o.Hub, authenticator, directory, limits.uploadRate, limits.uploads},
		live:           live,
		commands:       commands{o.Hub, authenticator, limits, metrics},
		snapshots:      snapshots{o.Hub, authenticator, limits.reads},
		links:          links{o.Hub, o.Keys, authenticator, directory, limits.exports, o.Log},
		audit:          audit{authenticator, directory, limits.reads},
		recovery:       recovery{o.Hub, o.Keys, o.now, o.Log},
		fallback: fallback.NewEndpoint(fallback.Options{
			Hub: o.Hub, Auth: authenticator, Origins: origins, Sessions: sessions,
			Requests: limits.requests, Sockets: limits.sockets, Now: o.now, Log: o.Log,
		}),
	})
	return &Server{router, o.Log, limits, metrics, live}, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.router.ServeHTTP(w, r) }

// HTTP returns an http.Server for this handler, with the deadlines and bounds that a
// public address needs. The caller must set Addr and TLS, serve, and shut it down.
func (s *Server) HTTP() *http.Server {
	return &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second, // uploads have their own
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       75 * time.Second,
		// With HTTP/2 WriteTimeout ends a stream only: the connection would wait for its client.
		HTTP2:          &http.HTTP2Config{WriteByteTimeout: 15 * time.Second},
		MaxHeaderBytes: 16 << 10,
		// net/http's messages about connections contain addresses.
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}
