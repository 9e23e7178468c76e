package auth

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/server/reply"
)

// SignOut ends sessions that a cookie holds.
type SignOut struct {
	auth     *Authenticator
	sessions *SessionRegistry
}

// NewSignOut returns the handler of sign-outs. It closes live sessions of the registry.
func NewSignOut(a *Authenticator, sessions *SessionRegistry) SignOut { return SignOut{a, sessions} }

// Handle ends the session of the cookie that ?as names: it removes the cookie and
// closes the session's live connections on this node. Signing out twice is no
// error.
func (s SignOut) Handle(c echo.Context) error {
	r := c.Request()
	as := floor.LinkID(c.QueryParam("as"))
	if !ValidLinkID(as) {
		return reply.BadValue("as")
	}
	if !s.auth.origins.Allowed(r, true) {
		return reply.BadOrigin()
	}
	for _, cookie := range r.Cookies() {
		claims, err := s.auth.keys.OpenToken(cookie.Value, s.auth.now())
		if err != nil || claims.Link != as {
			continue
		}
		secure := strings.HasPrefix(cookie.Name, cookieSecure)
		if cookie.Name != cookieName(claims.Event, as, secure) {
			continue
		}
		s.sessions.signOut(claims.sessionID())
		c.SetCookie(sessionCookie(claims.Event, as, secure, "", 0))
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.NoContent(http.StatusNoContent)
}
