package server

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
)

// bundle holds the files of the pages in memory, by their path.
type bundle map[string]file

// file is a file of the bundle. Embedded files have no times, so the entity tag is
// made of the content.
type file struct {
	body, zipped []byte // zipped is nil if it saves nothing
	mediaType    string
	tag          string // "" for none
}

func readBundle(from fs.FS) (bundle, error) {
	b := bundle{}
	err := fs.WalkDir(from, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		b[name] = newFile(name, body)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("server: read the pages: %w", err)
	}
	return b, nil
}

// mediaTypes holds the media types of the files that a bundle may have. The table of
// the system differs between machines.
var mediaTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml", ".png": "image/png", ".json": "application/json", ".txt": "text/plain; charset=utf-8",
	".webmanifest": "application/manifest+json",
}

func newFile(name string, body []byte) file {
	sum := sha256.Sum256(body)
	f := file{body: body, zipped: gzipped(body), mediaType: mediaTypes[path.Ext(name)], tag: hex.EncodeToString(sum[:12])}
	if len(f.zipped) > len(body)*9/10 {
		f.zipped = nil
	}
	if f.mediaType == "" {
		f.mediaType = "application/octet-stream"
	}
	return f
}

// serve sends the file, compressed if the client accepts that, or 304.
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
	return c.Blob(http.StatusOK, f.mediaType, body)
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
