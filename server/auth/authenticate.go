package auth

import (
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/session"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/server/origin"
	"github.com/matchfloor/matchfloor/server/reply"
	"github.com/matchfloor/matchfloor/wire"
)

// Caller is who a request comes from, as the newest state has them.
type Caller struct {
	session.Credential
	Event   floor.EventID // what the request is about; InstanceEvent for the instance itself
	RateKey string        // names the link among all of the instance: rates and connections are counted by it

	claims   Claims    // of the token
	renewed  Claims    // of the token that replaces it; the same if that gains nothing
	arrived  time.Time // when the request was made, before the token was checked
	byCookie bool      // signed in by a cookie, not by a bearer token

	mayRepeat bool // the token may be of the generation before the present one
}

// CookieRenewed reports whether the response renews the caller's cookie.
func (c Caller) CookieRenewed() bool {
	return c.byCookie && c.renewed.Expires.After(c.claims.Expires)
}

// Log returns the log of the event that the request is about.
func (c Caller) Log() journal.LogID { return journal.LogID(c.Event) }

// EventParam returns the event in a route's path. The instance's own log has no
// such path.
func EventParam(c echo.Context) (floor.EventID, error) {
	event := c.Param("event")
	if !floor.ValidID(event) || floor.EventID(event) == InstanceEvent {
		return "", reply.NoSuchEvent()
	}
	return floor.EventID(event), nil
}

// Authenticator says who a request comes from. It is safe for concurrent use.
type Authenticator struct {
	keys      Keys
	directory Directory
	origins   origin.Policy
	sessions  *SessionRegistry
	now       func() time.Time
}

// NewAuthenticator returns an authenticator that reads the time from now.
func NewAuthenticator(keys Keys, d Directory, o origin.Policy, sessions *SessionRegistry, now func() time.Time) *Authenticator {
	return &Authenticator{keys, d, o, sessions, now}
}

// Authenticate returns who asks about event. It takes the bearer token or, if there
// is none, the cookie of the link that ?as names. It refuses the request as
// signed_out unless the token is valid and of the link's present generation, as
// forbidden if the token is of another event, and as bad_origin if a cookie was
// sent by a page that is not the server's own. The session of a cookie is in use: if that
// makes it last longer, the response renews the cookie, and must not be cached.
func (a *Authenticator) Authenticate(c echo.Context, event floor.EventID) (Caller, error) {
	caller, err := a.readToken(c, event)
	if err != nil {
		return Caller{}, err
	}
	return a.authorize(c, event, caller)
}

// authenticateRotation is Authenticate for the instance and for a request to replace the caller's
// own link. It also takes a session that the last rotation of the link has ended, as a caller of
// the generation before the present one: every command of theirs is refused, except a repeat of
// one that was accepted.
func (a *Authenticator) authenticateRotation(c echo.Context) (Caller, error) {
	caller, err := a.readToken(c, InstanceEvent)
	if err != nil {
		return Caller{}, err
	}
	caller.mayRepeat = true
	return a.authorize(c, InstanceEvent, caller)
}

// readToken reads the bearer token or, if there is none, the cookie of the link that ?as names.
func (a *Authenticator) readToken(c echo.Context, event floor.EventID) (Caller, error) {
	token, ok := bearerToken(c.Request())
	if !ok {
		return a.readCookie(c, event, floor.LinkID(c.QueryParam("as")))
	}
	arrived := a.now()
	claims, err := a.keys.OpenToken(token, arrived)
	if err != nil {
		return Caller{}, reply.SignedOut()
	}
	return Caller{claims: claims, arrived: arrived}, nil
}

// bearerToken returns the bearer token of a request, and reports whether it has one.
func bearerToken(r *http.Request) (token string, ok bool) {
	kind, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return token, ok && strings.EqualFold(kind, "Bearer")
}

// AuthenticateCookie is Authenticate for the cookie of the link as.
func (a *Authenticator) AuthenticateCookie(c echo.Context, event floor.EventID, as floor.LinkID) (Caller, error) {
	caller, err := a.readCookie(c, event, as)
	if err != nil {
		return Caller{}, err
	}
	return a.authorize(c, event, caller)
}

// readCookie reads the cookie of the link as.
func (a *Authenticator) readCookie(c echo.Context, event floor.EventID, as floor.LinkID) (Caller, error) {
	if !ValidLinkID(as) {
		return Caller{}, reply.SignedOut()
	}
	r := c.Request()
	log := LogOfLink(event, as)
	token := cookieToken(r, log, as, a.origins.Secure(r))
	arrived := a.now()
	claims, err := a.keys.OpenToken(token, arrived)
	if err != nil || claims.Link != as || claims.Event != log {
		return Caller{}, reply.SignedOut()
	}
	return Caller{claims: claims, arrived: arrived, byCookie: true}, nil
}

// AuthenticateOrganiser is Authenticate for a request that only organisers may
// make. what is its name in the refusal.
func (a *Authenticator) AuthenticateOrganiser(c echo.Context, event floor.EventID, what string) (Caller, error) {
	caller, err := a.Authenticate(c, event)
	if err != nil {
		return caller, err
	}
	if caller.Actor.Role() != floor.RoleOrganiser {
		return caller, reply.Refuse(http.StatusForbidden, wire.CodeForbidden, "command", what)
	}
	return caller, nil
}

// authorize completes a caller whose token is valid from the newest state.
func (a *Authenticator) authorize(c echo.Context, event floor.EventID, caller Caller) (Caller, error) {
	r, claims := c.Request(), caller.claims
	// Browsers send an Origin with each request that changes something, and with the
	// handshake of the live connection, but not when their own site reads.
	if r.Method != http.MethodGet && r.Method != http.MethodHead || websocket.IsWebSocketUpgrade(r) {
		if !a.origins.Allowed(r, caller.byCookie) {
			return Caller{}, reply.BadOrigin()
		}
	}
	if claims.Event != LogOfLink(event, claims.Link) {
		return Caller{}, reply.Refuse(http.StatusForbidden, wire.CodeForbidden, "command", "event")
	}
	link, state, err := a.directory.link(r.Context(), claims.Event, claims.Link)
	if err != nil {
		return Caller{}, err
	}
	present := claims.Generation == link.Generation
	if !present && !(caller.mayRepeat && claims.Generation == link.Generation-1) || isOver(claims, link.Who.Role(), &state, caller.arrived) {
		return Caller{}, reply.SignedOut()
	}
	if err := a.directory.hasEvent(r.Context(), event); err != nil {
		return Caller{}, err
	}
	caller.Credential = session.Credential{Actor: link.Who, Link: link.ID, Generation: claims.Generation}
	caller.Event = event
	caller.RateKey = string(claims.Event) + "." + string(link.ID)
	caller.renewed = claims
	if present {
		caller.renewed = a.renewed(claims, link.Who.Role(), &state, caller.arrived)
	}
	if caller.CookieRenewed() {
		a.setCookie(c, caller.renewed, caller.arrived)
	}
	return caller, nil
}

// renewed returns what the next token of a session states if it is made now: c itself if
// that would gain too little, or if the session was signed out a moment ago.
func (a *Authenticator) renewed(c Claims, role floor.Role, state *floor.State, now time.Time) Claims {
	if c.Expires.Sub(now) > idleLife-renewEvery {
		return c // the usual case, without a look at the event
	}
	expires := expiryAt(now, limitOf(role, c.SignedIn, state))
	gain := expires.Sub(c.Expires)
	nearLimit := gain > 0 && c.Expires.Sub(now) < idleLife/2
	if (gain >= renewEvery || nearLimit) && !a.sessions.signedOut(c.sessionID()) {
		c.Expires = expires
	}
	return c
}

// setCookie sets the cookie of a session.
func (a *Authenticator) setCookie(c echo.Context, claims Claims, now time.Time) {
	secure := a.origins.Secure(c.Request())
	c.SetCookie(sessionCookie(claims.Event, claims.Link, secure, a.keys.SealToken(claims), claims.Expires.Sub(now)))
}
