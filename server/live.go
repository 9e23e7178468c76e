package server

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/labstack/echo/v4"

	"matchfloor/hub"
	"matchfloor/wire"
)

// The live connection's bounds beside those of package wire.
const (
	readBuffer    = 256     // per connection, for as long as it lives
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
	giveBack, full, many := s.sockets.take(who.key(), s.options.MaxLinkSockets)
	if late == 0 && many {
		late = wire.CloseTooMany
	}
	if late != 0 {
		if giveBack != nil {
			giveBack()
		}
		giveBack, full, _ = s.doorway.take("", maxDoorway)
	}
	if full || giveBack == nil {
		return refuse(http.StatusServiceUnavailable, wire.CodeFull).after(5 * time.Second)
	}
	conn, err := s.upgrade(c)
	if err != nil {
		giveBack()
		return err
	}
	go s.beginLive(newSocket(conn, s.meters, func() error {
		return s.paced(s.paces.commands(who.Who.Role()), who.key())
	}), who, late, giveBack)
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
		if _, ok := s.paces.live.allow(who.key(), s.now()); !ok {
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

func (s *Server) upgrade(c echo.Context) (*websocket.Conn, error) {
	var refused error
	u := websocket.Upgrader{
		HandshakeTimeout: handshakeTime,
		ReadBufferSize:   readBuffer,
		WriteBufferSize:  writeBuffer,
		WriteBufferPool:  writeBuffers,
		CheckOrigin:      func(*http.Request) bool { return true }, // done, more strictly, before
		Error: func(_ http.ResponseWriter, _ *http.Request, status int, reason error) {
			refused = refuse(status, CodeBadUpgrade, "why", "handshake").because(reason)
		},
	}
	conn, err := u.Upgrade(budgetedHijack{c.Response()}, c.Request(), nil)
	switch {
	case refused != nil:
		return nil, refused
	case err != nil:
		// The connection is gone already, and so is whoever could be told.
		return nil, refuse(http.StatusBadRequest, CodeBadUpgrade, "why", "handshake").because(err)
	}
	// For the log; Echo has seen no header being written.
	c.Response().Status, c.Response().Committed = http.StatusSwitchingProtocols, true
	return conn, nil
}

// following is what a connection that follows an event gives back at its end.
type following struct {
	session  *hub.Session
	over     *time.Timer // when its sign-in expires
	forget   func()
	giveBack func()
}

// beginLive makes a connection a session. What that takes of the stack is given
// back: a goroutine of its own then reads, for as long as the connection lives.
func (s *Server) beginLive(k *socket, who caller, late wire.CloseCode, giveBack func()) {
	ctx, cancel := context.WithTimeout(context.Background(), attachWithin)
	defer cancel()
	var session *hub.Session
	var err error
	if late == 0 {
		if session, err = s.hub.Attach(ctx, who.log(), who.Credential, k); err != nil {
			late = s.turnedAway(err)
		}
	}
	if late != 0 {
		k.turnAway(late)
		k.conn.Close()
		giveBack()
		return
	}
	go k.follow(&following{
		session: session, giveBack: giveBack, forget: s.live.add(who.token, session),
		over: time.AfterFunc(who.expires.Sub(s.now()), func() { session.End(wire.CloseSessionOver) }),
	})
}

// follow is a connection's life from its session's beginning on.
func (k *socket) follow(f *following) {
	k.read(f.session)
	f.forget()
	f.over.Stop()
	f.session.Closed()
	k.lingers()
	k.conn.Close()
	f.giveBack()
}

// turnedAway answers the close code for a session that the hub did not take.
func (s *Server) turnedAway(err error) wire.CloseCode {
	switch {
	case errors.Is(err, hub.ErrNoEvent):
		return wire.CloseNoEvent
	case errors.Is(err, hub.ErrSignedOut):
		return wire.CloseSessionOver
	case errors.Is(err, hub.ErrFull):
		return wire.CloseTooMany
	case errors.Is(err, hub.ErrDraining):
		return wire.CloseRestart
	case !errors.Is(err, hub.ErrUnavailable) && !errors.Is(err, context.DeadlineExceeded):
		s.log.Error("a session was not taken", "err", err)
	}
	return wire.CloseBroken
}

// liveSessions finds the sessions of a token, so that signing out ends them.
type liveSessions struct {
	mu  sync.Mutex // guards all
	all map[tokenKey][]*hub.Session
}

// tokenKey stands for a token, which is longer.
type tokenKey [sha256.Size]byte

func newLiveSessions() *liveSessions {
	return &liveSessions{all: make(map[tokenKey][]*hub.Session)}
}

// add answers a func that forgets the session again.
func (l *liveSessions) add(token string, session *hub.Session) (forget func()) {
	key := tokenKey(sha256.Sum256([]byte(token)))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all[key] = append(l.all[key], session)
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		rest := slices.DeleteFunc(l.all[key], func(s *hub.Session) bool { return s == session })
		if l.all[key] = rest; len(rest) == 0 {
			delete(l.all, key)
		}
	}
}

// end closes the live connections of a token.
func (l *liveSessions) end(token string) {
	l.mu.Lock()
	sessions := slices.Clone(l.all[sha256.Sum256([]byte(token))])
	l.mu.Unlock()
	for _, session := range sessions {
		session.End(wire.CloseSessionOver)
	}
}
