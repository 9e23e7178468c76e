package auth

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/matchfloor/matchfloor/floor"
)

// The parts of a cookie's name. A cookie belongs to one link, so that one browser
// can have several links signed in (at a desk, in a test). A dot stands between
// event and link: neither can contain one.
const (
	cookieStem   = "mf-"
	cookieSecure = "__Host-" // browsers accept it over HTTPS only, for this host and all of its paths
)

// maxCookies is how many sessions one browser may have. All of their cookies are in
// each request, whose headers are bounded.
const maxCookies = 20

func cookieName(event floor.EventID, link floor.LinkID, secure bool) string {
	name := cookieStem + string(event) + "." + string(link)
	if secure {
		return cookieSecure + name
	}
	return name
}

// sessionCookie returns the cookie that holds a token, or, if token is "", the
// cookie that removes it.
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

// cookieToken returns the token in a request's cookie for the link, or "" if there
// is none. Over a connection known to be encrypted only the __Host- cookie counts,
// which cannot have been planted over a plain connection.
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

// excessCookies makes room for one more session: it returns cookies that delete the browser's
// invalid sessions and, beyond maxCookies-1, its oldest ones.
func (k Keys) excessCookies(r *http.Request, now time.Time) (remove []*http.Cookie) {
	type held struct {
		name    string
		expires time.Time // zero if the token is invalid
	}
	var all []held
	for _, c := range r.Cookies() {
		if !strings.HasPrefix(strings.TrimPrefix(c.Name, cookieSecure), cookieStem) {
			continue
		}
		claims, err := k.OpenToken(c.Value, now)
		if err != nil {
			claims = Claims{}
		}
		all = append(all, held{c.Name, claims.Expires})
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
