package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/internal/ws"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/server/limit"
	"github.com/matchfloor/matchfloor/server/ops"
	"github.com/matchfloor/matchfloor/server/origin"
	"github.com/matchfloor/matchfloor/server/reply"
	"github.com/matchfloor/matchfloor/wire"
)

// attachWithin is how long attaching a session may take.
const attachWithin = 10 * time.Second

// A liveEndpoint upgrades requests to live connections.
type liveEndpoint struct {
	hub      *hub.Hub
	auth     *auth.Authenticator
	origins  origin.Policy
	sessions *auth.SessionRegistry
	limits   *limits
	metrics  *ops.Metrics
	log      *slog.Logger
	poller   *ws.Poller
}

// openLive upgrades a request to a live connection. It returns at once, so that net/http
// can free its goroutine and buffers.
//
// A browser cannot read the status of a failed handshake. Errors that its page must react
// to are therefore close codes after the upgrade: a session that is over, an unknown
// event, too many connections of a link. Errors that a page cannot cause (a foreign
// Origin, no handshake) and overload are HTTP errors before the upgrade.
func (s *liveEndpoint) openLive(c echo.Context) error {
	r := c.Request()
	if !websocket.IsWebSocketUpgrade(r) {
		c.Response().Header().Set("Upgrade", "websocket")
		return reply.Refuse(http.StatusUpgradeRequired, reply.CodeBadUpgrade, "why", "no upgrade")
	}
	who, rejectCode, err := s.liveCaller(c)
	if err != nil {
		return err
	}
	places, key := s.limits.sockets, who.RateKey
	var full, many bool
	if rejectCode == 0 {
		if full, many = places.Acquire(key); many {
			rejectCode = wire.CloseTooMany
		}
	}
	if rejectCode != 0 {
		places = s.limits.placesToReject(key)
		full, many = places.Acquire(key)
		full = full || many
	}
	if full {
		return reply.Full(5 * time.Second)
	}
	netConn, err := s.upgrade(c)
	if early, ok := errors.AsType[*ws.EarlyInput](err); ok {
		refuseEarly(c, early, func() { places.Release(key) })
		return nil
	}
	if err != nil {
		places.Release(key)
		return err
	}
	if rejectCode != 0 {
		go s.rejectConn(newConn(s, netConn, key), rejectCode, places)
		return nil
	}
	go s.startSession(newConn(s, netConn, key), who)
	return nil
}

// liveCaller authenticates a request for a live connection. The caller must answer an
// error before the upgrade, and send a rejectCode other than 0 after it.
func (s *liveEndpoint) liveCaller(c echo.Context) (who auth.Caller, rejectCode wire.CloseCode, err error) {
	event, err := auth.EventParam(c)
	if err == nil {
		who, err = s.auth.Authenticate(c, event)
	}
	if err == nil {
		if _, ok := s.limits.live.Allow(who.RateKey); !ok {
			return who, wire.CloseTooMany, nil
		}
		return who, 0, nil
	}
	if rejectCode, ok := auth.CloseCodeOfRefusal(err); ok {
		return who, rejectCode, s.checkOriginOnly(c)
	}
	return who, 0, err
}

// checkOriginOnly checks the Origin of a handshake without a valid credential, so that a
// foreign site does not even receive a close code.
func (s *liveEndpoint) checkOriginOnly(c echo.Context) error {
	r := c.Request()
	if !s.origins.Allowed(r, r.Header.Get("Authorization") == "") {
		return reply.BadOrigin()
	}
	return nil
}

// upgrade completes the handshake and returns the connection.
func (s *liveEndpoint) upgrade(c echo.Context) (net.Conn, error) {
	conn, err := ws.Upgrade(c.Response(), c.Request())
	if err != nil {
		return nil, refusedHandshake(err)
	}
	// For the request log: Echo has not seen the header, because ws has written it.
	c.Response().Status, c.Response().Committed = http.StatusSwitchingProtocols, true
	return conn, nil
}

// socketConfig configures the WebSockets of live connections. Acks are nearly all that
// phones send, and a session handles them without blocking: the poller reads them itself.
var socketConfig = ws.Config{
	MaxMessage: wire.MaxFrame, ShortPrefix: `{"ack":`,
	CloseTooMany: int(wire.CloseTooMany), CloseSilent: int(wire.CloseSilent),
}

// refusedHandshake returns the refusal for an error of ws.Upgrade. It returns a *ws.EarlyInput
// unchanged.
func refusedHandshake(err error) error {
	if _, ok := errors.AsType[*ws.EarlyInput](err); ok {
		return err
	}
	if errors.Is(err, ws.ErrBody) {
		return reply.Refuse(http.StatusBadRequest, reply.CodeBadUpgrade, "why", "body")
	}
	status := http.StatusBadRequest
	if refused, ok := errors.AsType[*ws.HandshakeError](err); ok {
		status, err = refused.Status, refused.Err
	}
	return reply.Refuse(status, reply.CodeBadUpgrade, "why", "handshake").Because(err)
}

// refuseEarly refuses a handshake whose client has sent a frame without waiting for the
// answer. It does not wait until the client has read the refusal; release is called then.
func refuseEarly(c echo.Context, early *ws.EarlyInput, release func()) {
	c.Response().Writer = early
	c.Error(reply.Refuse(http.StatusBadRequest, reply.CodeBadUpgrade, "why", "early"))
	go func() {
		defer release()
		early.Finish()
	}()
}

// logPollerFailure returns the ws.Config.PollerFailed of a server.
func logPollerFailure(log *slog.Logger) func(error) {
	return func(err error) {
		log.Warn("epoll cannot wait for idle connections here: each over plain TCP has a goroutine, which takes about 2 KB more memory; no connection is lost",
			"code", "poller_off", "err", err)
	}
}

// startSession attaches a session to a connection and starts to read it.
func (s *liveEndpoint) startSession(live *conn, who auth.Caller) {
	live.socket.Watch()
	ctx, cancel := context.WithTimeout(context.Background(), attachWithin)
	session, err := s.hub.Attach(ctx, who.Log(), who.Credential, live)
	cancel()
	if err != nil {
		s.rejectConn(live, auth.CloseCodeOf(err, s.log), s.limits.sockets)
		return
	}
	live.signedIn = who.LiveSession(session)
	s.sessions.Add(&live.signedIn, who)
	live.socket.Start()
}

// rejectConn closes a connection without a session with a close code, and frees its place.
// It blocks until the client has answered, for a few seconds at most.
func (s *liveEndpoint) rejectConn(live *conn, code wire.CloseCode, places *limit.Semaphore) {
	live.socket.Reject(int(code))
	places.Release(live.key)
}
