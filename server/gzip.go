package server

import (
	"bytes"
	"compress/gzip"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
)

// acceptsGzip reports whether a client accepts gzip.
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

// gzipped returns body compressed.
func gzipped(body []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(body); err != nil {
		return nil // cannot happen: a Buffer accepts everything
	}
	if err := w.Close(); err != nil {
		return nil
	}
	return b.Bytes()
}
