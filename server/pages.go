package server

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/server/limit"
	"github.com/matchfloor/matchfloor/server/reply"
)

// pageNames are the pages that have a path of their own. The start page is index.
var pageNames = []string{"attendee", "interpreter", "moderator", "display", "organiser"}

// pages serves the pages and their assets.
type pages struct {
	files     bundle
	auth      *auth.Authenticator
	reads     *limit.Limiter
	bootstrap bootstrap
}

func (p pages) routes(e *echo.Echo) {
	getAndHead(e, "/", p.page("index"))
	getAndHead(e, "/assets/*", p.asset)
	for _, name := range pageNames {
		getAndHead(e, "/"+name, p.page(name))
		getAndHead(e, "/"+name+"/:event/:link", p.signedInPage(name))
	}
}

// page serves a page's HTML, which browsers revalidate each time.
func (p pages) page(name string) echo.HandlerFunc {
	return func(c echo.Context) error {
		f, ok := p.files[name+".html"]
		if !ok {
			return reply.Refuse(http.StatusNotFound, reply.CodeNotFound)
		}
		c.Response().Header().Set("Cache-Control", "no-cache")
		return f.serve(c)
	}
}

// signedInPage serves what page serves, at the path of a signed-in link. It adds a bootstrap if
// there is one for the caller. Open pages ask for themselves every hour to renew their cookie.
func (p pages) signedInPage(name string) echo.HandlerFunc {
	plain := p.page(name)
	return func(c echo.Context) error {
		f, ok := p.files[name+".html"]
		caller, data := p.signedIn(c)
		if !ok || data == nil && !caller.CookieRenewed() {
			return plain(c)
		}
		html := f.body
		if data != nil {
			html = withBootstrap(html, data)
		}
		c.Response().Header().Set("Cache-Control", "no-store")
		return file{body: html, zipped: gzipped(html), mediaType: f.mediaType}.serve(c)
	}
}

// signedIn returns whose cookie for the link in the path was sent, and the bootstrap for
// them. Both are empty if there is none.
func (p pages) signedIn(c echo.Context) (caller auth.Caller, data []byte) {
	event, link := floor.EventID(c.Param("event")), floor.LinkID(c.Param("link"))
	if event != auth.InstanceEvent && !floor.ValidID(string(event)) || !auth.ValidLinkID(link) {
		return caller, nil
	}
	caller, err := p.auth.AuthenticateCookie(c, event, link)
	if err != nil || reply.RateLimited(p.reads.Allow(caller.RateKey)) != nil {
		return caller, nil
	}
	return caller, p.bootstrap.encode(c.Request().Context(), event, caller.Credential)
}

// asset serves a file whose name changes with its content, so that it can be cached
// for ever.
func (p pages) asset(c echo.Context) error {
	f, ok := p.files["assets/"+c.Param("*")]
	if !ok {
		return reply.Refuse(http.StatusNotFound, reply.CodeNotFound)
	}
	c.Response().Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	return f.serve(c)
}
