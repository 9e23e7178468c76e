package server

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// caller is who a request comes from, as the newest state has it.
type caller struct {
	hub.Credential
	event   floor.EventID // what the request is about; InstanceEvent for the instance itself
	token   string        // for telling sessions of one link apart
	expires time.Time
	came    time.Time // before the token was looked at
	cookie  bool      // signed in by cookie, not by bearer token
	key     string    // of the link among all of the instance: what paces count by
}

// log is the log of the event that the request is about.
func (c caller) log() journal.LogID { return journal.LogID(c.event) }

// eventOf answers the event that a route's path names.
func eventOf(c echo.Context) (floor.EventID, error) {
	event := c.Param("event")
	if !floor.ValidID(event) || floor.EventID(event) == InstanceEvent {
		return "", refuse(http.StatusNotFound, wire.CodeNoSuchEvent)
	}
	return floor.EventID(event), nil
}

// caller answers who asks about event, or a refusal: signed_out unless a token
// or cookie of a link's present generation came along, forbidden if it is of
// another event, bad_origin where a cookie came from elsewhere.
func (s *Server) caller(c echo.Context, event floor.EventID) (caller, error) {
	if kind, token, ok := strings.Cut(c.Request().Header.Get("Authorization"), " "); ok && strings.EqualFold(kind, "Bearer") {
		came := s.now()
		held, err := s.keys.open(token, came)
		if err != nil {
			return caller{}, refuse(http.StatusUnauthorized, wire.CodeSignedOut)
		}
		return s.known(c, event, caller{token: token, came: came}, held)
	}
	return s.callerAs(c, event, floor.LinkID(c.QueryParam("as")))
}

// callerAs is caller for the holder of a link's cookie.
func (s *Server) callerAs(c echo.Context, event floor.EventID, as floor.LinkID) (caller, error) {
	signedOut := refuse(http.StatusUnauthorized, wire.CodeSignedOut)
	if !validLink(as) {
		return caller{}, signedOut
	}
	r := c.Request()
	secure := s.edge.secure(r, s.publicURL(r.Context()))
	token := cookieToken(r, EventOf(event, as), as, secure)
	came := s.now()
	held, err := s.keys.open(token, came)
	if err != nil || held.link != as || held.event != EventOf(event, as) {
		return caller{}, signedOut
	}
	return s.known(c, event, caller{token: token, came: came, cookie: true}, held)
}

// known completes a caller whose token is good with what the newest state says.
func (s *Server) known(c echo.Context, event floor.EventID, who caller, held session) (caller, error) {
	r := c.Request()
	// Browsers send an Origin with all that acts, and with the live connection's
	// handshake; with a read of their own site they send none.
	if r.Method != http.MethodGet || websocket.IsWebSocketUpgrade(r) {
		if err := s.edge.origin(r, s.publicURL(r.Context()), who.cookie); err != nil {
			return caller{}, err
		}
	}
	if held.event != EventOf(event, held.link) {
		return caller{}, refuse(http.StatusForbidden, wire.CodeForbidden, "command", "event")
	}
	link, err := s.link(r.Context(), held.event, held.link)
	if err != nil {
		return caller{}, err
	}
	if link.Generation != held.generation {
		return caller{}, refuse(http.StatusUnauthorized, wire.CodeSignedOut)
	}
	if err := s.hasEvent(r.Context(), event); err != nil {
		return caller{}, err
	}
	who.Credential = hub.Credential{Who: link.Who, Link: link.ID, Generation: link.Generation}
	who.event, who.expires = event, held.expires
	who.key = string(held.event) + "." + string(link.ID)
	return who, nil
}

// link answers a link as the newest state has it; signed_out where there is none.
func (s *Server) link(ctx context.Context, event floor.EventID, id floor.LinkID) (floor.Link, error) {
	state, err := s.state(ctx, event)
	if err != nil {
		return floor.Link{}, err
	}
	link, ok := state.Link(id)
	if !ok {
		return floor.Link{}, refuse(http.StatusUnauthorized, wire.CodeSignedOut)
	}
	return link, nil
}

// hasEvent refuses an event that the instance does not list, so that nobody can
// make the node open logs by asking for names.
func (s *Server) hasEvent(ctx context.Context, event floor.EventID) error {
	if event == InstanceEvent {
		return nil
	}
	instance, err := s.instance(ctx)
	if err != nil {
		return err
	}
	for e := range instance.Events() {
		if e.ID == event {
			return nil
		}
	}
	return refuse(http.StatusNotFound, wire.CodeNoSuchEvent)
}

// state answers the newest state of an event that the instance lists, or of the
// instance's own log.
func (s *Server) state(ctx context.Context, event floor.EventID) (floor.State, error) {
	if err := s.hasEvent(ctx, event); err != nil {
		return floor.State{}, err
	}
	state, _, err := s.hub.State(ctx, journal.LogID(event))
	return state, refusalOf(err)
}

func (s *Server) instance(ctx context.Context) (floor.State, error) {
	state, _, err := s.hub.State(ctx, journal.InstanceLog)
	return state, refusalOf(err)
}

// publicURL answers the address that the instance was given; "" while there is
// none, or it is not known.
func (s *Server) publicURL(ctx context.Context) string {
	instance, err := s.instance(ctx)
	if err != nil {
		return ""
	}
	return instance.PublicURL()
}

// refusalOf gives an error of the hub a status.
func refusalOf(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, hub.ErrNoEvent):
		return refuse(http.StatusNotFound, wire.CodeNoSuchEvent)
	case errors.Is(err, hub.ErrUnauthenticated):
		return refuse(http.StatusUnauthorized, wire.CodeSignedOut)
	case errors.Is(err, hub.ErrOverloaded):
		return refuse(http.StatusServiceUnavailable, wire.CodeFull).after(5 * time.Second)
	case errors.Is(err, hub.ErrDraining):
		return refuse(http.StatusServiceUnavailable, wire.CodeDraining).after(time.Second)
	case errors.Is(err, hub.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return refuse(http.StatusServiceUnavailable, wire.CodeUnavailable).after(2 * time.Second)
	}
	return refuse(http.StatusInternalServerError, wire.CodeInternal).because(err)
}

// paced refuses a caller who asks too often.
func (s *Server) paced(l *limiter, key string) error {
	if wait, ok := l.allow(key, s.now()); !ok {
		return refuse(http.StatusTooManyRequests, wire.CodeTooManyRequests).after(wait)
	}
	return nil
}
