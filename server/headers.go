package server

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

// policy is the Content-Security-Policy of every answer. Scripts and styles come
// from this server and as files; nothing else is loaded from anywhere, nobody
// frames us, and no text ever becomes markup (Trusted Types without a policy).
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
	"font-src 'self'; media-src 'self' data:; manifest-src 'self'; base-uri 'none'; form-action 'none'; " +
	"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'; connect-src 'self'"

// secureHeaders sets what every answer carries, errors too.
func (s *Server) secureHeaders(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", policy+socketSources(c.Request()))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY") // for browsers that do not know frame-ancestors
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(self), geolocation=(), microphone=(), payment=()")
		return next(c)
	}
}

// socketSources names the live connection's own address: Safari before 15.4
// does not count it as 'self'.
func socketSources(r *http.Request) string {
	if !plainHost(r.Host) {
		return ""
	}
	return " ws://" + r.Host + " wss://" + r.Host
}

// plainHost reports whether a Host header is fit to be repeated in another one.
func plainHost(host string) bool {
	if host == "" || len(host) > 255 {
		return false
	}
	return strings.Trim(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") == ""
}
