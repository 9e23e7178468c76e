package server

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/floor"
)

// pageNames are the pages that a browser opens by name. The start page is index.
var pageNames = []string{"attendee", "interpreter", "moderator", "display", "organiser"}

// pages are the bundle, held in memory with what is needed to answer fast.
type pages struct {
	files map[string]file // by path in the bundle
}

// file is one file of the bundle. The embedded one has no times, so the entity
// tag is made of the content.
type file struct {
	body, zipped []byte // zipped is nil where it saves nothing
	kind         string
	tag          string
}

func loadPages(bundle fs.FS) (*pages, error) {
	p := &pages{files: make(map[string]file)}
	err := fs.WalkDir(bundle, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := fs.ReadFile(bundle, name)
		if err != nil {
			return err
		}
		p.files[name] = newFile(name, body)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("server: read the pages: %w", err)
	}
	return p, nil
}

// kinds are the media types of what a bundle may hold; the system's table differs
// between machines.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml", ".png": "image/png", ".json": "application/json", ".txt": "text/plain; charset=utf-8",
	".webmanifest": "application/manifest+json",
}

func newFile(name string, body []byte) file {
	sum := sha256.Sum256(body)
	f := file{body: body, zipped: zip(body), kind: kinds[path.Ext(name)], tag: hex.EncodeToString(sum[:12])}
	if len(f.zipped) > len(body)*9/10 {
		f.zipped = nil
	}
	if f.kind == "" {
		f.kind = "application/octet-stream"
	}
	return f
}

func (p *pages) routes(e *echo.Echo, s *Server) {
	e.GET("/", p.page("index"))
	e.GET("/assets/*", p.asset)
	for _, name := range pageNames {
		e.GET("/"+name, p.page(name))
		e.GET("/"+name+"/:event/:link", p.signedIn(name, s))
	}
}

// page serves a page's HTML, which is revalidated at each load.
func (p *pages) page(name string) echo.HandlerFunc {
	return func(c echo.Context) error {
		f, ok := p.files[name+".html"]
		if !ok {
			return refuse(http.StatusNotFound, CodeNotFound)
		}
		c.Response().Header().Set("Cache-Control", "no-cache")
		return f.serve(c)
	}
}

// signedIn serves the same HTML at the address that a page has once its link is
// signed in, with what it needs to show something at once where that can be had.
func (p *pages) signedIn(name string, s *Server) echo.HandlerFunc {
	plain := p.page(name)
	return func(c echo.Context) error {
		f, ok := p.files[name+".html"]
		opening := p.openingFor(c, s)
		if !ok || opening == nil {
			return plain(c)
		}
		html := withOpening(f.body, opening)
		c.Response().Header().Set("Cache-Control", "no-store")
		return file{body: html, zipped: zip(html), kind: f.kind}.serve(c)
	}
}

// openingFor answers the opening of who the path names, if their cookie came along.
func (p *pages) openingFor(c echo.Context, s *Server) []byte {
	event, link := floor.EventID(c.Param("event")), floor.LinkID(c.Param("link"))
	if !floor.ValidID(string(event)) || !validLink(link) || event == InstanceEvent {
		return nil
	}
	who, err := s.callerAs(c, event, link)
	if err != nil || s.paced(s.paces.reads, who.key) != nil {
		return nil
	}
	return s.opening(c.Request().Context(), event, who.Credential)
}

// asset serves a file whose name changes with its content: it is kept for ever.
func (p *pages) asset(c echo.Context) error {
	f, ok := p.files["assets/"+c.Param("*")]
	if !ok {
		return refuse(http.StatusNotFound, CodeNotFound)
	}
	c.Response().Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	return f.serve(c)
}

// serve answers the file, compressed where that is accepted, or 304.
func (f file) serve(c echo.Context) error {
	h, r := c.Response().Header(), c.Request()
	body, tag := f.body, f.tag
	h.Set(echo.HeaderVary, echo.HeaderAcceptEncoding)
	if f.zipped != nil && acceptsGzip(r) {
		h.Set(echo.HeaderContentEncoding, "gzip")
		body, tag = f.zipped, f.tag+"-gz"
	}
	if f.tag != "" {
		h.Set("ETag", `"`+tag+`"`)
		if matchesTag(r.Header.Get("If-None-Match"), tag) {
			h.Del(echo.HeaderContentEncoding)
			return c.NoContent(http.StatusNotModified)
		}
	}
	h.Set(echo.HeaderContentLength, strconv.Itoa(len(body)))
	return c.Blob(http.StatusOK, f.kind, body)
}

// matchesTag reports whether an If-None-Match header names the tag.
func matchesTag(header, tag string) bool {
	for want := range strings.SplitSeq(header, ",") {
		want = strings.TrimPrefix(strings.TrimSpace(want), "W/")
		if want == "*" || want == `"`+tag+`"` {
			return true
		}
	}
	return false
}

// acceptsGzip reports whether a client takes gzip.
func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get(echo.HeaderAcceptEncoding), ",") {
		name, parameters, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			continue
		}
		_, params, err := mime.ParseMediaType("x/y;" + parameters)
		if err != nil {
			return parameters == ""
		}
		q, err := strconv.ParseFloat(params["q"], 64)
		return err != nil && params["q"] == "" || q > 0
	}
	return false
}

func zip(body []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(body); err != nil {
		return nil // a Buffer takes everything
	}
	if err := w.Close(); err != nil {
		return nil
	}
	return b.Bytes()
}
