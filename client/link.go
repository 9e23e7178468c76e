package client

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/matchfloor/matchfloor/floor"
)

// instance is what stands for the event in an organiser's link.
const instance floor.EventID = "_"

// Link is what a link's URL says. Its secret signs in: a Link is not to be logged.
type Link struct {
	Server string        // scheme and host, and the path before the page if any: "https://host"
	Page   string        // "attendee", "moderator", …
	Event  floor.EventID // "_" for an organiser's
	ID     floor.LinkID
	Secret string
}

// ParseLink reads a link's URL: https://host/PAGE#EVENT.LINK.SECRET. The error
// does not repeat the URL, which holds the secret.
func ParseLink(text string) (Link, error) {
	u, err := url.Parse(text)
	if err != nil {
		return Link{}, errors.New("client: the link is no URL")
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return Link{}, errors.New("client: the link does not begin with http:// or https:// and a host")
	}
	parts := strings.SplitN(u.Fragment, ".", 3)
	if len(parts) != 3 || parts[2] == "" {
		return Link{}, errors.New("client: the link's fragment is not EVENT.LINK.SECRET")
	}
	slash := strings.LastIndexByte(u.Path, '/')
	if slash < 0 {
		return Link{}, errors.New("client: the link names no page")
	}
	return Link{
		Server: u.Scheme + "://" + u.Host + strings.TrimSuffix(u.Path[:slash], "/"),
		Page:   u.Path[slash+1:],
		Event:  floor.EventID(parts[0]),
		ID:     floor.LinkID(parts[1]),
		Secret: parts[2],
	}, nil
}

// String names the link without its secret.
func (l Link) String() string { return fmt.Sprintf("%s/%s of %s", l.Server, l.ID, l.Event) }

// GoString is String, so that no verb prints the secret.
func (l Link) GoString() string { return l.String() }

// live answers the address of the live connection of an event.
func (l Link) live(event floor.EventID) string {
	return "ws" + strings.TrimPrefix(l.Server, "http") + "/api/v1/events/" + url.PathEscape(string(event)) + "/live"
}

// beside answers the address of what stands beside the live connection.
func (l Link) beside(event floor.EventID, what string) string {
	return l.Server + "/api/v1/events/" + url.PathEscape(string(event)) + "/" + what
}
