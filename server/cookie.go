package server

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/matchfloor/matchfloor/floor"
)

// A session's cookie belongs to one link, so that several people's links can be
// open side by side in one browser (a desk, a test). A dot parts event and link:
// it can be in neither.
const (
	cookieStem   = "mf-"
	cookieSecure = "__Host-" // browsers take it over HTTPS only, for this host and whole site only
)

// maxCookies is how many sessions one browser may hold here. All of them travel
// with each request, whose headers are bounded.
const maxCookies = 20

func cookieName(event floor.EventID, link floor.LinkID, secure bool) string {
	name := cookieStem + string(event) + "." + string(link)
	if secure {
		return cookieSecure + name
	}
	return name
}

// sessionCookie is the cookie that holds a token; with an empty one, the cookie
// that removes it.
func sessionCookie(event floor.EventID, link floor.LinkID, secure bool, token string, life time.Duration) *http.Cookie {
	c := &http.Cookie{
		Name:     cookieName(event, link, secure),
		Value:    token,
		Path:     "/",
		Secure:   secure,
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
		MaxAge:   int(life / time.Second),
	}
	if token == "" {
		c.MaxAge = -1
	}
	return c
}

// cookieToken answers the token that a request's cookie for the link holds; ""
// where there is none. Over a connection known to be encrypted only the cookie
// that could not have been planted over a plain one counts.
func cookieToken(r *http.Request, event floor.EventID, link floor.LinkID, secure bool) string {
	if c, err := r.Cookie(cookieName(event, link, true)); err == nil {
		return c.Value
	}
	if secure {
		return ""
	}
	c, err := r.Cookie(cookieName(event, link, false))
	if err != nil {
		return ""
	}
	return c.Value
}

// crowded answers removals for those of a browser's session cookies that are
// void or, beyond the newest maxCookies-1, the oldest: room for one more.
func (k Keys) crowded(r *http.Request, now time.Time) (remove []*http.Cookie) {
	type held struct {
		name    string
		expires time.Time // zero: void
	}
	var all []held
	for _, c := range r.Cookies() {
		if !strings.HasPrefix(strings.TrimPrefix(c.Name, cookieSecure), cookieStem) {
			continue
		}
		s, err := k.open(c.Value, now)
		if err != nil {
			s = session{}
		}
		all = append(all, held{c.Name, s.expires})
	}
	slices.SortFunc(all, func(a, b held) int { return b.expires.Compare(a.expires) })
	for i, h := range all {
		if i >= maxCookies-1 || h.expires.IsZero() {
			remove = append(remove, &http.Cookie{
				Name: h.name, Path: "/", MaxAge: -1, HttpOnly: true,
				Secure: strings.HasPrefix(h.name, cookieSecure), SameSite: http.SameSiteLaxMode,
			})
		}
	}
	return remove
}
