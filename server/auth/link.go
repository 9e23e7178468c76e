package auth

import (
	"slices"
	"strings"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
)

// InstanceEvent is the event that the links and sessions of organisers name: that
// of the instance's own log.
const InstanceEvent = floor.EventID(journal.InstanceLog)

// maxLinkID is the longest id of a link, in bytes: the longest role, a hyphen and
// the longest id.
const maxLinkID = len(floor.RoleInterpreter) + 1 + floor.MaxID

// Link is the personal link of one person or screen, as it is printed or sent.
type Link struct {
	Role floor.Role `json:"role"`
	ID   string     `json:"id"`   // of the person or screen, as in the workbook
	Name string     `json:"name"` // in each language that has one, joined by " / "
	URL  string     `json:"url"`  // only a path if the instance has no public URL
}

// LinksOf returns the links that a state holds, sorted by role and id. base is the
// public URL of the instance, or "". The caller must record that links are taken
// out before it hands them out.
func LinksOf(keys Keys, base string, event floor.EventID, state floor.State) []Link {
	links := []Link{}
	for l := range state.Links() {
		profile, _ := state.Profile(l.Who)
		links = append(links, Link{
			Role: l.Who.Role(), ID: l.Who.ID(), Name: JoinNames(profile.Name), URL: keys.LinkURL(base, event, l),
		})
	}
	slices.SortFunc(links, func(a, b Link) int {
		return strings.Compare(string(a.Role)+" "+a.ID, string(b.Role)+" "+b.ID)
	})
	return links
}

// JoinNames returns a name in each language that has one, joined by " / ". A name
// that is the same in two languages stands once.
func JoinNames(t floor.Text) string {
	var names []string
	for _, n := range []string{t.Ko, t.Zh, t.En} {
		if n != "" && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return strings.Join(names, " / ")
}

// LogOfLink returns the event whose log holds a link that is used within event:
// the instance's own for organisers, and event for everyone else.
func LogOfLink(event floor.EventID, link floor.LinkID) floor.EventID {
	if strings.HasPrefix(string(link), string(floor.RoleOrganiser)+"-") {
		return InstanceEvent
	}
	return event
}

// LinkURL returns the address that signs the link's owner in: the path of their
// page below base, with event, link and secret in the fragment. If base is "", it
// is a path. Fragments are not sent to servers, and so are in no server's log.
func (k Keys) LinkURL(base string, event floor.EventID, link floor.Link) string {
	fragment := strings.Join([]string{string(event), string(link.ID), k.Secret(event, link)}, ".")
	return strings.TrimSuffix(base, "/") + "/" + pageOf(link.Who.Role()) + "#" + fragment
}

// pagePath returns the path of the page of a signed-in link. It holds no secret.
func pagePath(event floor.EventID, link floor.Link) string {
	return "/" + pageOf(link.Who.Role()) + "/" + string(event) + "/" + string(link.ID)
}

// pageOf returns the name of the page that a role works on.
func pageOf(role floor.Role) string {
	if role == floor.RoleRunner {
		return string(floor.RoleModerator)
	}
	return string(role)
}

// ValidLinkID reports whether id could be the id of a link.
func ValidLinkID(id floor.LinkID) bool {
	if len(id) == 0 || len(id) > maxLinkID {
		return false
	}
	for i := range len(id) {
		if !floor.ValidID(string(id[i : i+1])) {
			return false
		}
	}
	return true
}
