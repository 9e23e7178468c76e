package server

import (
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// maxSignIn is the largest body of a sign-in, in bytes.
const maxSignIn = 4 << 10

// signInBody is what a link's page, or a program, sends.
type signInBody struct {
	Event  floor.EventID `json:"event"`
	Link   floor.LinkID  `json:"link"`
	Secret string        `json:"secret"`
	Bearer bool          `json:"bearer"`
}

// signInAnswer is what it gets.
type signInAnswer struct {
	Event   floor.EventID   `json:"event"`
	Link    floor.LinkID    `json:"link"`
	Who     floor.ActorID   `json:"who"`
	Page    string          `json:"page"`            // the path of their page, without the secret
	Expires floor.Instant   `json:"expires"`         // wall time
	Token   string          `json:"token,omitempty"` // with bearer
	View    json.RawMessage `json:"view,omitempty"`  // for attendees: see opening
}

// signIn exchanges a link's secret for a session.
func (s *Server) signIn(c echo.Context) error {
	r := c.Request()
	var body signInBody
	if err := readBody(c, maxSignIn, &body); err != nil {
		return err
	}
	if err := s.mayCarryCredentials(r); err != nil {
		return err
	}
	if err := s.edge.origin(r, s.publicURL(r.Context()), !body.Bearer); err != nil {
		return err
	}
	link, err := s.redeem(c, body)
	if err != nil {
		return err
	}
	if err := s.paced(s.paces.signIns, string(body.Event)+"."+string(link.ID)); err != nil {
		return err
	}
	held := session{
		event: body.Event, link: link.ID, generation: link.Generation,
		expires: s.now().Add(sessionLife).Truncate(time.Millisecond),
	}
	answer := signInAnswer{
		Event: body.Event, Link: link.ID, Who: link.Who, Page: pagePath(body.Event, link),
		Expires: floor.Instant(held.expires.UnixMilli()),
	}
	if body.Bearer {
		answer.Token = s.keys.seal(held)
		return writeJSON(c, http.StatusOK, answer)
	}
	s.setSession(c, held)
	answer.View = s.opening(r.Context(), body.Event, hub.Credential{Who: link.Who, Link: link.ID, Generation: link.Generation})
	return writeJSON(c, http.StatusOK, answer)
}

// redeem answers the link whose secret the body holds. Everything that is wrong
// with it gets the same answer, and counts against the address it came from; a
// right secret passes whatever else came from there.
func (s *Server) redeem(c echo.Context, body signInBody) (floor.Link, error) {
	if !floor.ValidID(string(body.Event)) {
		return floor.Link{}, refuse(http.StatusUnprocessableEntity, wire.CodeBadValue, "field", "event")
	}
	if !validLink(body.Link) {
		return floor.Link{}, refuse(http.StatusUnprocessableEntity, wire.CodeBadValue, "field", "link")
	}
	link, err := s.link(c.Request().Context(), body.Event, body.Link)
	if err == nil && s.keys.opens(body.Event, link, body.Secret) {
		return link, nil
	}
	if err != nil && asRefusal(err).status >= http.StatusInternalServerError {
		return floor.Link{}, err
	}
	if err := s.paced(s.paces.wrong, addressKey(s.edge.client(c.Request()))); err != nil {
		return floor.Link{}, err
	}
	// Another process may have imported the event, or rotated the link, within the last second.
	link, err = s.newestLink(c.Request().Context(), body.Event, body.Link)
	if err == nil && s.keys.opens(body.Event, link, body.Secret) {
		return link, nil
	}
	return floor.Link{}, refuse(http.StatusUnauthorized, CodeBadLink)
}

// newestLink is link once this node has read both logs to their heads.
func (s *Server) newestLink(ctx context.Context, event floor.EventID, id floor.LinkID) (floor.Link, error) {
	if _, _, err := s.hub.LinearizableState(ctx, journal.InstanceLog); err != nil {
		return floor.Link{}, refusalOf(err)
	}
	if err := s.hasEvent(ctx, event); err != nil {
		return floor.Link{}, err
	}
	if _, _, err := s.hub.LinearizableState(ctx, journal.LogID(event)); err != nil {
		return floor.Link{}, refusalOf(err)
	}
	return s.link(ctx, event, id)
}

// mayCarryCredentials refuses secrets over plain HTTP unless both ends are on a
// local network.
func (s *Server) mayCarryCredentials(r *http.Request) error {
	if s.edge.secure(r, s.publicURL(r.Context())) {
		return nil
	}
	if !s.edge.private(r) {
		return refuse(http.StatusForbidden, CodeNeedsHTTPS)
	}
	s.plain.Do(func() {
		s.log.Warn("sign-in over plain HTTP: whoever listens on this network can take sessions over; --tls-cert and --tls-key, or an HTTPS proxy, prevent that")
	})
	return nil
}

// setSession sets the cookie of a new session and makes room for it.
func (s *Server) setSession(c echo.Context, held session) {
	r := c.Request()
	for _, old := range s.keys.crowded(r, s.now()) {
		c.SetCookie(old)
	}
	secure := s.edge.secure(r, s.publicURL(r.Context()))
	c.SetCookie(sessionCookie(held.event, held.link, secure, s.keys.seal(held), sessionLife))
}

// signOut ends the session of the cookie that ?as picks: the cookie goes, and
// the session's live connections on this node are closed. Signing out twice is
// no error.
func (s *Server) signOut(c echo.Context) error {
	r := c.Request()
	as := floor.LinkID(c.QueryParam("as"))
	if !validLink(as) {
		return refuse(http.StatusUnprocessableEntity, wire.CodeBadValue, "field", "as")
	}
	if err := s.edge.origin(r, s.publicURL(r.Context()), true); err != nil {
		return err
	}
	for _, held := range r.Cookies() {
		signedIn, err := s.keys.open(held.Value, s.now())
		if err != nil || signedIn.link != as {
			continue
		}
		secure := strings.HasPrefix(held.Name, cookieSecure)
		if held.Name != cookieName(signedIn.event, as, secure) {
			continue
		}
		s.live.end(held.Value)
		c.SetCookie(sessionCookie(signedIn.event, as, secure, "", 0))
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.NoContent(http.StatusNoContent)
}

// pagePath is the address of a link's page once it is signed in: it holds no secret.
func pagePath(event floor.EventID, link floor.Link) string {
	return "/" + pageOf(link.Who.Role()) + "/" + string(event) + "/" + string(link.ID)
}

// readBody reads a JSON body of at most limit bytes into v, strictly: nothing
// unknown, nothing twice, names as they are spelled.
func readBody(c echo.Context, limit int64, v any) error {
	text, err := readAll(c, limit, echo.MIMEApplicationJSON)
	if err != nil {
		return err
	}
	if err := jsonv2.Unmarshal(text, v, jsonv2.RejectUnknownMembers(true)); err != nil {
		return refuse(http.StatusBadRequest, wire.CodeBadBody, "why", wire.WhySyntax)
	}
	return nil
}

// readAll reads a body of at most limit bytes and of the named media type.
func readAll(c echo.Context, limit int64, want string) ([]byte, error) {
	r := c.Request()
	got, _, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType))
	if err != nil || got != want {
		return nil, refuse(http.StatusUnsupportedMediaType, wire.CodeBadType, "want", want)
	}
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return nil, refuse(http.StatusBadRequest, wire.CodeBadBody, "why", wire.WhySyntax)
	}
	if int64(len(text)) > limit {
		return nil, tooLarge(limit)
	}
	return text, nil
}
