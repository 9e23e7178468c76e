package server

import (
	"cmp"
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// PersonalLink is one person's or screen's link, as it is printed or sent.
type PersonalLink struct {
	Role floor.Role `json:"role"`
	ID   string     `json:"id"`   // of the person or screen, as the workbook has it
	Name string     `json:"name"` // in each language given, parted by " / "
	URL  string     `json:"url"`  // a path where the instance has no public URL
}

// PersonalLinks lists the links that a state holds, sorted by role and id. base
// is the instance's public URL, or "". Whoever hands the list out records that first.
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

// takenLinks is the answer to whoever takes an event's links out.
type takenLinks struct {
	Seq      uint64         `json:"seq"`      // of the state that the links are of
	Recorded bool           `json:"recorded"` // false: the log is not upgraded yet
	Links    []PersonalLink `json:"links"`
}

// takeLinks hands out the links of an event once the log says so; the organisers'
// own are not among them, because sheets are printed from this. It is no GET: those
// change nothing, whoever follows them.
func (s *Server) takeLinks(c echo.Context) error {
	event, err := eventOf(c)
	if err != nil {
		return err
	}
	who, err := s.organiser(c, event, "links")
	if err != nil {
		return err
	}
	if err := s.paced(s.paces.exports, who.key); err != nil {
		return err
	}
	ctx := c.Request().Context()
	recorded, err := s.recordLinks(ctx, who)
	if err != nil {
		return asCommandRefusal(err)
	}
	state, err := s.state(ctx, event)
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, takenLinks{
		Seq: state.Seq(), Recorded: recorded, Links: PersonalLinks(s.keys, s.publicURL(ctx), event, state),
	})
}

// recordLinks answers once the log holds that the caller takes an event's links, or
// why they may not be handed out. It answers false for a log that is not at the
// version of such records, where nodes may run that could not read one: those hand
// links out without a record too.
func (s *Server) recordLinks(ctx context.Context, who caller) (recorded bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, commandWithin)
	defer cancel()
	_, err = s.hub.SubmitAs(ctx, who.log(), who.Credential, wire.Command{ID: rand.Text(), Body: floor.RecordExport{What: floor.ExportLinks}})
	if err != nil && problemIn(err).Code == wire.Code(floor.CodeNeedsUpgrade) {
		s.log.Warn("links were taken out without a record: the log is of an earlier version", "event", who.event, "link", who.Link)
		return false, nil
	}
	return err == nil, err
}

// takenOut is one export, as organisers see it.
type takenOut struct {
	At       floor.Instant    `json:"at"` // wall time
	What     floor.ExportKind `json:"what"`
	By       floor.ActorID    `json:"by"`
	Name     string           `json:"name,omitempty"` // of the organiser; none for the command line
	People   int              `json:"people"`
	Instance bool             `json:"instance,omitempty"` // of the instance, not of this event alone
}

// listExports answers the last exports that concern an event: its own and the instance's.
func (s *Server) listExports(c echo.Context) error {
	event, err := eventOf(c)
	if err != nil {
		return err
	}
	who, err := s.organiser(c, event, "exports")
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
	instance, err := s.instance(ctx)
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, map[string]any{"exports": exportsOf(state, instance)})
}

// exportsOf answers an event's exports and its instance's, the newest first.
func exportsOf(event, instance floor.State) []takenOut {
	list := []takenOut{}
	for _, of := range []floor.State{event, instance} {
		for _, e := range slices.Backward(of.Exports()) {
			by, _ := instance.Profile(e.By)
			list = append(list, takenOut{At: e.Wall, What: e.What, By: e.By, Name: inAll(by.Name), People: e.People, Instance: of.Event().ID == ""})
		}
	}
	slices.SortStableFunc(list, func(a, b takenOut) int { return cmp.Compare(b.At, a.At) })
	return list
}
