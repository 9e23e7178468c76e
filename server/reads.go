package server

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"matchfloor/floor"
	"matchfloor/wire"
)

// snapshot answers the caller's own view: of the position ?seq or a later one.
func (s *Server) snapshot(c echo.Context) error {
	event, err := eventOf(c)
	if err != nil {
		return err
	}
	who, err := s.caller(c, event)
	if err != nil {
		return err
	}
	if err := s.paced(s.paces.reads, who.key); err != nil {
		return err
	}
	var atLeast uint64
	if q := c.QueryParam("seq"); q != "" {
		if atLeast, err = strconv.ParseUint(q, 10, 53); err != nil {
			return refuse(http.StatusUnprocessableEntity, wire.CodeBadValue, "field", "seq")
		}
	}
	picture, err := s.hub.Picture(c.Request().Context(), who.log(), who.Credential, atLeast)
	if err != nil {
		return refusalOf(err)
	}
	h := c.Response().Header()
	h.Set("Matchfloor-View-Digest", picture.Digest)
	h.Set("Cache-Control", "no-store")
	h.Set(echo.HeaderVary, echo.HeaderAcceptEncoding)
	body := picture.Body
	if acceptsGzip(c.Request()) {
		h.Set(echo.HeaderContentEncoding, "gzip")
		body = picture.Gzip()
	}
	h.Set(echo.HeaderContentLength, strconv.Itoa(len(body)))
	return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, body)
}

// organiser answers the caller if they are one of the instance's organisers.
func (s *Server) organiser(c echo.Context, event floor.EventID, what string) (caller, error) {
	who, err := s.caller(c, event)
	if err != nil {
		return who, err
	}
	if who.Who.Role() != floor.RoleOrganiser {
		return who, refuse(http.StatusForbidden, wire.CodeForbidden, "command", what)
	}
	return who, nil
}

// PersonalLink is one person's or screen's link, as it is printed or sent.
type PersonalLink struct {
	Role floor.Role `json:"role"`
	ID   string     `json:"id"`   // of the person or screen, as the workbook has it
	Name string     `json:"name"` // in each language given, parted by " / "
	URL  string     `json:"url"`  // a path where the instance has no public URL
}

// PersonalLinks lists the links that a state holds, sorted by role and id. base
// is the instance's public URL, or "".
func PersonalLinks(keys Keys, base string, event floor.EventID, state floor.State) []PersonalLink {
	links := []PersonalLink{}
	for l := range state.Links() {
		profile, _ := state.Profile(l.Who)
		links = append(links, PersonalLink{
			Role: l.Who.Role(), ID: l.Who.ID(), Name: inAll(profile.Name), URL: keys.LinkURL(base, event, l),
		})
	}
	slices.SortFunc(links, func(a, b PersonalLink) int {
		return strings.Compare(string(a.Role)+" "+a.ID, string(b.Role)+" "+b.ID)
	})
	return links
}

// inAll answers a name in every language that it is given in.
func inAll(t floor.Text) string {
	var names []string
	for _, n := range []string{t.Ko, t.Zh, t.En} {
		if n != "" && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return strings.Join(names, " / ")
}

// listLinks answers the links of an event; the organisers' own are not among
// them, because sheets are printed from this.
func (s *Server) listLinks(c echo.Context) error {
	event, err := eventOf(c)
	if err != nil {
		return err
	}
	who, err := s.organiser(c, event, "links")
	if err != nil {
		return err
	}
	if err := s.paced(s.paces.reads, who.key); err != nil {
		return err
	}
	ctx := c.Request().Context()
	state, err := s.state(ctx, event)
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, PersonalLinks(s.keys, s.publicURL(ctx), event, state))
}

// listedEvent is one event of the instance.
type listedEvent struct {
	ID      floor.EventID `json:"id"`
	Name    floor.Text    `json:"name"`
	Version *int          `json:"version,omitempty"` // 0 is a draft; left out where it cannot be read now
}

// maxVersions is how many events are opened to tell their version.
const maxVersions = 32

// listEvents answers the events of the instance.
func (s *Server) listEvents(c echo.Context) error {
	who, err := s.organiser(c, InstanceEvent, "events")
	if err != nil {
		return err
	}
	if err := s.paced(s.paces.reads, who.key); err != nil {
		return err
	}
	ctx := c.Request().Context()
	instance, err := s.instance(ctx)
	if err != nil {
		return err
	}
	events := []listedEvent{}
	for e := range instance.Events() {
		listed := listedEvent{ID: e.ID, Name: e.Name}
		if len(events) < maxVersions {
			listed.Version = s.version(ctx, e.ID)
		}
		events = append(events, listed)
	}
	return writeJSON(c, http.StatusOK, map[string]any{"events": events})
}

// version answers an event's schedule version, or nil where it cannot be read.
func (s *Server) version(ctx context.Context, event floor.EventID) *int {
	state, err := s.state(ctx, event)
	if err != nil {
		return nil
	}
	version := state.Event().Version
	return &version
}
