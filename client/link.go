package client

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/matchfloor/matchfloor/floor"
)

// instance stands for the event in an organiser's link.
const instance floor.EventID = "_"

// Link holds the parts of a link's URL. The secret signs in, so that a Link must
// not be stored in a log; its String method leaves the secret out.
type Link struct {
	Server string        // scheme, host, and the path before the page if any: "https://host"
	Page   string        // "attendee", "moderator", …
	Event  floor.EventID // "_" in an organiser's link
	ID     floor.LinkID
	Secret string
}

// ParseLink parses a link's URL: https://host/PAGE#EVENT.LINK.SECRET. The error
// does not repeat the URL, which holds the secret.
func ParseLink(text string) (Link, error) {
	u, err := url.Parse(text)
	if err != nil {
		return Link{}, errors.New("client: the link is not a URL; want https://HOST/PAGE#EVENT.LINK.SECRET")
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return Link{}, errors.New("client: the link must begin with http:// or https:// and a host")
	}
	parts := strings.SplitN(u.Fragment, ".", 3)
	if len(parts) != 3 || parts[2] == "" {
		return Link{}, errors.New("client: the link must end in #EVENT.LINK.SECRET; copy the whole link")
	}
	slash := strings.LastIndexByte(u.Path, '/')
	if slash < 0 {
		return Link{}, errors.New("client: the link must name a page, as in https://HOST/attendee#…")
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

// GoString returns String, so that %#v does not print the secret either.
func (l Link) GoString() string { return l.String() }
