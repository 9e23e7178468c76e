package server

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/wire"
)

// The live connection's bounds beside those of package wire.
const (
	awaitBuffer   = 256     // per connection for which a goroutine waits
	writeBuffer   = 4 << 10 // pooled: held while a frame is written
	attachWithin  = 10 * time.Second
	handshakeTime = 5 * time.Second
	maxDoorway    = 256 // connections at a time that are only told why they are turned away
)

// writeBuffers are shared by all connections.
var writeBuffers = &sync.Pool{}

// openLive upgrades to the live connection and gives net/http's goroutine and
// buffers back: the connection is read by a goroutine of its own.
//
// A browser cannot read the status of a handshake that failed, so whatever tells
// its page what to do comes as a close code after the upgrade: a session that is
// over, an event that is gone, too many connections of one link. What a page
// cannot have done (a foreign Origin, no handshake) and load are refused before.
func (s *Server) openLive(c echo.Context) error {
	r := c.Request()
	if !websocket.IsWebSocketUpgrade(r) {
		c.Response().Header().Set("Upgrade", "websocket")
		return refuse(http.StatusUpgradeRequired, CodeBadUpgrade, "why", "no upgrade")
	}
	who, late, err := s.liveCaller(c)
	if err != nil {
		return err
	}
	places, key := s.sockets, who.key
	full, many := places.occupy(key, s.options.MaxLinkSockets)
	if late == 0 && many {
		late = wire.CloseTooMany
	}
	if late != 0 {
		if !full && !many {
			places.give(key)
		}
		places, key = s.doorway, ""
		full, _ = places.occupy(key, maxDoorway)
	}
	if full {
		return refuse(http.StatusServiceUnavailable, wire.CodeFull).after(5 * time.Second)
	}
	conn, err := s.upgrade(c)
	if err != nil {
		places.give(key)
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
func (s *Server) liveCaller(c echo.Context) (who caller, late wire.CloseCode, err error) {
	event, err := eventOf(c)
	if err == nil {
		who, err = s.caller(c, event)
	}
	if err == nil {
		if _, ok := s.paces.live.allow(who.key, s.now()); !ok {
			return who, wire.CloseTooMany, nil
		}
		return who, 0, nil
	}
	switch asRefusal(err).problem.Code {
	case wire.CodeSignedOut:
		return who, wire.CloseSessionOver, s.originAlone(c)
	case wire.CodeNoSuchEvent:
		return who, wire.CloseNoEvent, s.originAlone(c)
	case wire.CodeDraining:
		return who, wire.CloseRestart, s.originAlone(c)
	}
	return who, 0, err
}

// originAlone judges a handshake's Origin where no credential could be judged: a
// foreign site learns nothing, not even a close code.
func (s *Server) originAlone(c echo.Context) error {
	r := c.Request()
	return s.edge.origin(r, s.publicURL(r.Context()), r.Header.Get("Authorization") == "")
}

// upgrade answers the connection of a handshake that was answered. The library is
// needed for no more: what follows is read and written by socket, which costs an
// idle connection no buffer.
func (s *Server) upgrade(c echo.Context) (net.Conn, error) {
	var refused error
	u := websocket.Upgrader{
		HandshakeTimeout: handshakeTime,
		ReadBufferSize:   awaitBuffer,
		WriteBufferSize:  writeBuffer,
		WriteBufferPool:  writeBuffers,
		CheckOrigin:      func(*http.Request) bool { return true }, // done, more strictly, before
		Error: func(_ http.ResponseWriter, _ *http.Request, status int, reason error) {
			refused = refuse(status, CodeBadUpgrade, "why", "handshake").because(reason)
		},
	}
	conn, err := u.Upgrade(c.Response(), c.Request(), nil)
	switch {
	case refused != nil:
		return nil, refused
	case err != nil:
		// The connection is gone already, and so is whoever could be told.
		return nil, refuse(http.StatusBadRequest, CodeBadUpgrade, "why", "handshake").because(err)
	}
	// For the log; Echo has seen no header being written.
	c.Response().Status, c.Response().Committed = http.StatusSwitchingProtocols, true
	return conn.NetConn(), nil
}

// beginLive makes a connection a session, which is read from then on.
func (s *Server) beginLive(k *socket, who caller) {
	s.poller.add(k)
	ctx, cancel := context.WithTimeout(context.Background(), attachWithin)
	session, err := s.hub.Attach(ctx, who.log(), who.Credential, k)
	cancel()
	if err != nil {
		s.turnAway(k, s.turnedAway(err), s.sockets)
		return
	}
	k.signedIn = signedIn{session: session, token: keyOf(who.token), expires: who.expires}
	s.live.add(&k.signedIn, who.came)
	k.pause()
}

// turnAway ends a connection that has no session, and gives its place back.
func (s *Server) turnAway(k *socket, late wire.CloseCode, places *slots) {
	k.turnAway(late)
	k.leave()
	places.give(k.key)
}

// turnedAway answers the close code for a session that the hub did not take.
func (s *Server) turnedAway(err error) wire.CloseCode {
	switch {
	case errors.Is(err, hub.ErrNoEvent):
		return wire.CloseNoEvent
	case errors.Is(err, hub.ErrUnauthenticated):
		return wire.CloseSessionOver
	case errors.Is(err, hub.ErrOverloaded):
		return wire.CloseTooMany
	case errors.Is(err, hub.ErrDraining):
		return wire.CloseRestart
	case !errors.Is(err, hub.ErrUnavailable) && !errors.Is(err, context.DeadlineExceeded):
		s.log.Error("a session was not taken", "err", err)
	}
	return wire.CloseBroken
}
