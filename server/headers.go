package server

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/server/origin"
)

// contentSecurityPolicy is the Content-Security-Policy of every response. Scripts and styles come
// from this server, as files; nothing is loaded from elsewhere, no site may frame a
// page, and no text becomes markup (Trusted Types without a policy).
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
	"font-src 'self'; media-src 'self' data:; manifest-src 'self'; base-uri 'none'; form-action 'none'; " +
	"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'; connect-src 'self'"

// strictTransport is the Strict-Transport-Security of the public host. It leaves out
// subdomains, which are not this server's.
const strictTransport = "max-age=31536000"

// secureHeaders returns a middleware that sets the security headers of every response,
// errors included.
func secureHeaders(origins origin.Policy) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			setSecureHeaders(c.Response().Header(), c.Request())
			if origins.PinsHTTPS(c.Request()) {
				c.Response().Header().Set(echo.HeaderStrictTransportSecurity, strictTransport)
			}
			return next(c)
		}
	}
}

func setSecureHeaders(h http.Header, r *http.Request) {
	h.Set("Content-Security-Policy", contentSecurityPolicy+socketSources(r))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY") // for browsers without frame-ancestors
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(self), geolocation=(), microphone=(), payment=()")
}

// socketSources returns the sources of the live connection for connect-src. Safari
// before 15.4 does not count it as 'self'.
func socketSources(r *http.Request) string {
	if !plainHost(r.Host) {
		return ""
	}
	return " ws://" + r.Host + " wss://" + r.Host
}

// plainHost reports whether a Host header can be repeated in another header safely.
func plainHost(host string) bool {
	if host == "" || len(host) > 255 {
		return false
	}
	return strings.Trim(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") == ""
}
