package auth

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/session"
	"github.com/matchfloor/matchfloor/server/limit"
	"github.com/matchfloor/matchfloor/server/reply"
)

// maxBody is the largest body of a sign-in or a rotation, in bytes.
const maxBody = 4 << 10

// The rates of sign-ins. Only wrong secrets are counted by address, because a whole
// venue may share one; a right secret passes whatever else came from there.
var (
	rateSignIns      = limit.Rate{PerSecond: 1, Burst: 30}        // with the right secret, per link
	rateWrongSecrets = limit.Rate{PerSecond: 1.0 / 2, Burst: 120} // with a wrong secret, per address
)

// signInRequest is what the page of a link, or a program, sends.
type signInRequest struct {
	Event  floor.EventID `json:"event"`
	Link   floor.LinkID  `json:"link"`
	Secret string        `json:"secret"`
	Bearer bool          `json:"bearer"`
}

// signInResponse is what it gets.
type signInResponse struct {
	Event   floor.EventID   `json:"event"`
	Link    floor.LinkID    `json:"link"`
	Who     floor.ActorID   `json:"who"`
	Page    string          `json:"page"`            // the path of their page, without the secret
	Expires floor.Instant   `json:"expires"`         // wall time
	Token   string          `json:"token,omitempty"` // if Bearer was set
	View    json.RawMessage `json:"view,omitempty"`  // for attendees: see NewSignIn
}

// SignIn exchanges the secret of a link for a session.
type SignIn struct {
	auth      *Authenticator
	log       *slog.Logger
	bootstrap func(context.Context, floor.EventID, session.Credential) json.RawMessage
	signIns   *limit.Limiter
	wrong     *limit.Limiter
	warnOnce  sync.Once // the warning about plain HTTP
}

// NewSignIn returns the handler of sign-ins. bootstrap returns what a page needs to
// show something at once, or nil.
func NewSignIn(a *Authenticator, log *slog.Logger, bootstrap func(context.Context, floor.EventID, session.Credential) json.RawMessage) *SignIn {
	return &SignIn{
		auth: a, log: log, bootstrap: bootstrap,
		signIns: limit.NewLimiter(rateSignIns, a.now), wrong: limit.NewLimiter(rateWrongSecrets, a.now),
	}
}

// Handle serves a sign-in. Browsers get a cookie. Programs, which send "bearer",
// get the token in the body.
func (s *SignIn) Handle(c echo.Context) error {
	r := c.Request()
	var request signInRequest
	if err := reply.ReadJSON(c, maxBody, &request); err != nil {
		return err
	}
	if err := s.mayCarrySecrets(r); err != nil {
		return err
	}
	if !s.auth.origins.Allowed(r, !request.Bearer) {
		return reply.BadOrigin()
	}
	link, state, err := s.redeem(c, request)
	if err != nil {
		return err
	}
	if err := reply.RateLimited(s.signIns.Allow(string(request.Event) + "." + string(link.ID))); err != nil {
		return err
	}
	now := s.auth.now()
	claims := newClaims(request.Event, link, now, limitOf(link.Who.Role(), now, &state))
	response := signInResponse{
		Event: request.Event, Link: link.ID, Who: link.Who, Page: pagePath(request.Event, link),
		Expires: floor.Instant(claims.Expires.UnixMilli()),
	}
	if request.Bearer {
		response.Token = s.auth.keys.SealToken(claims)
		return reply.JSON(c, http.StatusOK, response)
	}
	for _, old := range s.auth.keys.excessCookies(r, now) {
		c.SetCookie(old)
	}
	s.auth.setCookie(c, claims, now)
	response.View = s.bootstrap(r.Context(), request.Event, session.Credential{Actor: link.Who, Link: link.ID, Generation: link.Generation})
	return reply.JSON(c, http.StatusOK, response)
}

// redeem returns the link whose secret the request holds, and the state that has it. It refuses unknown
// events, unknown links and wrong secrets alike, and counts them against the
// address that they came from.
func (s *SignIn) redeem(c echo.Context, request signInRequest) (link floor.Link, state floor.State, err error) {
	if !floor.ValidID(string(request.Event)) {
		return link, state, reply.BadValue("event")
	}
	if !ValidLinkID(request.Link) {
		return link, state, reply.BadValue("link")
	}
	link, state, err = s.auth.directory.knownLink(c.Request().Context(), request.Event, request.Link)
	if err == nil && s.auth.keys.opens(request.Event, link, request.Secret) {
		return link, state, nil
	}
	if err != nil && reply.AsError(err).Status >= http.StatusInternalServerError {
		return link, state, err
	}
	if err := reply.RateLimited(s.wrong.Allow(limit.AddressKey(s.auth.origins.Client(c.Request())))); err != nil {
		return link, state, err
	}
	// Within the last second another process may have imported the event or rotated
	// the link.
	link, state, err = s.auth.directory.newestLink(c.Request().Context(), request.Event, request.Link)
	if err == nil && s.auth.keys.opens(request.Event, link, request.Secret) {
		return link, state, nil
	}
	if err != nil && reply.AsError(err).Status >= http.StatusInternalServerError {
		return floor.Link{}, floor.State{}, err // what the journal holds is not known: the link may be right
	}
	return floor.Link{}, floor.State{}, reply.Refuse(http.StatusUnauthorized, reply.CodeBadLink)
}

// mayCarrySecrets refuses secrets over plain HTTP unless both ends are on a local
// network.
func (s *SignIn) mayCarrySecrets(r *http.Request) error {
	if s.auth.origins.Secure(r) {
		return nil
	}
	if !s.auth.origins.Private(r) {
		return reply.Refuse(http.StatusForbidden, reply.CodeNeedsHTTPS)
	}
	s.warnOnce.Do(func() {
		s.log.Warn("sign-in over plain HTTP: anyone who listens on this network can take over sessions; --tls-cert and --tls-key, or an HTTPS proxy, prevent that")
	})
	return nil
}
