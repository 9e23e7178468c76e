package server

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/server/limit"
	"github.com/matchfloor/matchfloor/server/ops"
	"github.com/matchfloor/matchfloor/server/origin"
	"github.com/matchfloor/matchfloor/server/reply"
	"github.com/matchfloor/matchfloor/wire"
)

// The live connection's bounds beside those of package wire.
const (
	awaitBuffer   = 256     // per connection for which a goroutine waits
	writeBuffer   = 4 << 10 // pooled: held while a frame is written
	attachWithin  = 10 * time.Second
	handshakeTime = 5 * time.Second
)

// writeBuffers are shared by all connections.
var writeBuffers = &sync.Pool{}

// liveEndpoint upgrades requests to live connections.
type liveEndpoint struct {
	hub      *hub.Hub
	auth     *auth.Authenticator
	origins  origin.Policy
	sessions *auth.SessionRegistry
	limits   *limits
	metrics  *ops.Metrics
	log      *slog.Logger
	poller   *poller
}

// openLive upgrades to the live connection and gives net/http's goroutine and
// buffers back: the connection is read by a goroutine of its own.
//
// A browser cannot read the status of a handshake that failed, so whatever tells
// its page what to do comes as a close code after the upgrade: a session that is
// over, an event that is gone, too many connections of one link. What a page
// cannot have done (a foreign Origin, no handshake) and load are refused before.
func (s *liveEndpoint) openLive(c echo.Context) error {
	r := c.Request()
	if !websocket.IsWebSocketUpgrade(r) {
		c.Response().Header().Set("Upgrade", "websocket")
		return reply.Refuse(http.StatusUpgradeRequired, reply.CodeBadUpgrade, "why", "no upgrade")
	}
	who, late, err := s.liveCaller(c)
	if err != nil {
		return err
	}
	places, key := s.limits.sockets, who.RateKey
	full, many := places.Acquire(key)
	if late == 0 && many {
		late = wire.CloseTooMany
	}
	if late != 0 {
		if !full && !many {
			places.Release(key)
		}
		places, key = s.limits.turnedAway, ""
		full, _ = places.Acquire(key)
	}
	if full {
		return reply.Full(5 * time.Second)
	}
	conn, err := s.upgrade(c)
	if err != nil {
		places.Release(key)
		return err
	}
	if late != 0 {
		go s.turnAway(newSocket(s, conn, key), late, places)
		return nil
	}
	go s.beginLive(newSocket(s, conn, key), who)
	return nil
}

// liveCaller answers who connects. late is the close code with which they are to
// be turned away after the upgrade; the error is for before it.
func (s *liveEndpoint) liveCaller(c echo.Context) (who auth.Caller, late wire.CloseCode, err error) {
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
	if late, ok := auth.CloseCodeOfRefusal(err); ok {
		return who, late, s.originAlone(c)
	}
	return who, 0, err
}

// originAlone judges a handshake's Origin where no credential could be judged: a
// foreign site learns nothing, not even a close code.
func (s *liveEndpoint) originAlone(c echo.Context) error {
	r := c.Request()
	if !s.origins.Allowed(r, r.Header.Get("Authorization") == "") {
		return reply.BadOrigin()
	}
	return nil
}

// upgrade answers the connection of a handshake that was answered. The library is
// needed for no more: what follows is read and written by socket, which costs an
// idle connection no buffer.
func (s *liveEndpoint) upgrade(c echo.Context) (net.Conn, error) {
	var refused error
	u := websocket.Upgrader{
		HandshakeTimeout: handshakeTime,
		ReadBufferSize:   awaitBuffer,
		WriteBufferSize:  writeBuffer,
		WriteBufferPool:  writeBuffers,
		CheckOrigin:      func(*http.Request) bool { return true }, // done, more strictly, before
		Error: func(_ http.ResponseWriter, _ *http.Request, status int, reason error) {
			refused = reply.Refuse(status, reply.CodeBadUpgrade, "why", "handshake").Because(reason)
		},
	}
	conn, err := u.Upgrade(c.Response(), c.Request(), nil)
	switch {
	case refused != nil:
		return nil, refused
	case err != nil:
		// The connection is gone already, and so is whoever could be told.
		return nil, reply.Refuse(http.StatusBadRequest, reply.CodeBadUpgrade, "why", "handshake").Because(err)
	}
	// For the log; Echo has seen no header being written.
	c.Response().Status, c.Response().Committed = http.StatusSwitchingProtocols, true
	return conn.NetConn(), nil
}

// beginLive makes a connection a session, which is read from then on.
func (s *liveEndpoint) beginLive(k *socket, who auth.Caller) {
	s.poller.add(k)
	ctx, cancel := context.WithTimeout(context.Background(), attachWithin)
	session, err := s.hub.Attach(ctx, who.Log(), who.Credential, k)
	cancel()
	if err != nil {
		s.turnAway(k, auth.CloseCodeOf(err, s.log), s.limits.sockets)
		return
	}
	k.signedIn = who.LiveSession(session)
	s.sessions.Add(&k.signedIn, who)
	k.pause()
}

// turnAway ends a connection that has no session, and gives its place back.
func (s *liveEndpoint) turnAway(k *socket, late wire.CloseCode, places *limit.Semaphore) {
	k.turnAway(late)
	k.leave()
	places.Release(k.key)
}
