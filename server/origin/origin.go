// Package origin says where a request comes from: the address of the client behind
// trusted proxies, whether its connection is encrypted, and whether the page that
// sent it is the server's own.
package origin

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// Policy judges requests. A Policy is safe for concurrent use.
type Policy struct {
	Proxies
	publicURL PublicURL
}

// PublicURL gives the address that clients use, or "" if none is known.
type PublicURL interface {
	PublicURL(context.Context) string // may wait for the journal
	LoadedPublicURL() string          // never waits
}

// NewPolicy returns a policy for a server behind proxies.
func NewPolicy(proxies Proxies, publicURL PublicURL) Policy {
	return Policy{proxies, publicURL}
}

// own returns the server's own origins for a request: that of the address that the
// request was sent to, and that of the public URL.
func (p Policy) own(r *http.Request) []string {
	own := []string{p.Scheme(r) + "://" + strings.ToLower(r.Host)}
	if public := originOf(p.publicURL.PublicURL(r.Context())); public != "" {
		own = append(own, public)
	}
	return own
}

// originOf returns the origin of a URL as browsers write it, or "" if it has none.
func originOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	host := strings.ToLower(u.Host)
	switch {
	case u.Scheme == "http":
		host = strings.TrimSuffix(host, ":80")
	case u.Scheme == "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return u.Scheme + "://" + host
}

// Allowed reports whether a request's Origin header is one of the server's own. Set required for
// requests that are authenticated by a cookie: browsers always send the header there. With required
// unset a missing header is allowed (programs with a token), a foreign one is not.
func (p Policy) Allowed(r *http.Request, required bool) bool {
	sent := r.Header.Values("Origin")
	if len(sent) == 0 && !required {
		return true
	}
	if len(sent) == 1 {
		for _, own := range p.own(r) {
			if sent[0] == own {
				return true
			}
		}
	}
	return false
}

// PinsHTTPS reports whether a browser may be told to use https only for the host of a request:
// the request came by https, to the public URL, and that is no address of this machine. It is asked
// of every request, also while the journal does not answer, so it does not wait.
func (p Policy) PinsHTTPS(r *http.Request) bool {
	if p.Scheme(r) != "https" {
		return false
	}
	public := originOf(p.publicURL.LoadedPublicURL())
	if public != originOf("https://"+r.Host) {
		return false
	}
	host := (&url.URL{Host: r.Host}).Hostname()
	ip, err := netip.ParseAddr(host)
	return host != "localhost" && (err != nil || !ip.IsLoopback())
}

// Secure reports whether the client uses https. It does if the server or a trusted proxy says so,
// or if the request's Origin is the public URL and that is https.
func (p Policy) Secure(r *http.Request) bool {
	if p.Scheme(r) == "https" {
		return true
	}
	public := originOf(p.publicURL.PublicURL(r.Context()))
	return strings.HasPrefix(public, "https://") && r.Header.Get("Origin") == public
}
