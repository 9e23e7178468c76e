package auth

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/server/limit"
	"github.com/matchfloor/matchfloor/server/reply"
)

// rateRenewals is the rate of renewals per link, which may have many screens.
var rateRenewals = limit.Rate{PerSecond: 1, Burst: 60}

// renewResponse is the body of the response to a renewal.
type renewResponse struct {
	Event   floor.EventID `json:"event"`
	Link    floor.LinkID  `json:"link"`
	Expires floor.Instant `json:"expires"`         // wall time
	Token   string        `json:"token,omitempty"` // for a bearer token: the one to use from now on
}

// Renew extends sessions that are in use.
type Renew struct {
	auth     *Authenticator
	renewals *limit.Limiter
}

// NewRenew returns the handler of renewals.
func NewRenew(a *Authenticator) Renew { return Renew{a, limit.NewLimiter(rateRenewals, a.now)} }

// Handle extends the session of the bearer token or, if there is none, of the cookie that
// ?event and ?as name, up to its limit. The earlier token stays valid until its own expiry.
func (h Renew) Handle(c echo.Context) error {
	event := floor.EventID(c.QueryParam("event"))
	if token, ok := bearerToken(c.Request()); ok {
		claims, err := h.auth.keys.OpenToken(token, h.auth.now())
		if err != nil {
			return reply.SignedOut()
		}
		event = claims.Event
	}
	if event != InstanceEvent && !floor.ValidID(string(event)) {
		return reply.BadValue("event")
	}
	caller, err := h.auth.Authenticate(c, event)
	if err != nil {
		return err
	}
	if err := reply.RateLimited(h.renewals.Allow(caller.RateKey)); err != nil {
		return err
	}
	claims := caller.renewed
	response := renewResponse{Event: claims.Event, Link: claims.Link, Expires: floor.Instant(claims.Expires.UnixMilli())}
	if !caller.byCookie {
		response.Token = h.auth.keys.SealToken(claims)
	}
	return reply.JSON(c, http.StatusOK, response)
}
