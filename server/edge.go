package server

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/matchfloor/matchfloor/wire"
)

// edge tells where a request really came from. It believes forwarding headers
// of the named proxies only; without any, of nobody.
type edge struct {
	address echo.IPExtractor
	scheme  echo.SchemeExtractor
}

func newEdge(proxies []netip.Prefix) edge {
	if len(proxies) == 0 {
		return edge{echo.ExtractIPDirect(), echo.ExtractSchemeDirect()}
	}
	trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range proxies {
		p = p.Masked()
		trust = append(trust, echo.TrustIPRange(&net.IPNet{
			IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen()),
		}))
	}
	return edge{echo.ExtractIPFromXFFHeader(trust...), echo.ExtractSchemeFromHeaders(trust...)}
}

// client answers the address that a request came from; the zero one where
// nothing can be made of it.
func (e edge) client(r *http.Request) netip.Addr {
	ip, err := netip.ParseAddr(e.address(r))
	if err != nil {
		return netip.Addr{}
	}
	return ip.Unmap()
}

// own answers the origins that are this server's own for a request: under the
// address that it was asked at, and under the public one.
func (e edge) own(r *http.Request, publicURL string) []string {
	own := []string{e.scheme(r) + "://" + strings.ToLower(r.Host)}
	if public := originOf(publicURL); public != "" {
		own = append(own, public)
	}
	return own
}

// originOf answers the origin of a URL as a browser writes it; "" for none.
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

// origin judges the Origin of a request against the server's own. A browser
// always sends one where it matters, so that a cookie without one is refused;
// a program with a token may leave it out, but not send a foreign one.
func (e edge) origin(r *http.Request, publicURL string, cookie bool) error {
	sent := r.Header.Values("Origin")
	if len(sent) == 0 && !cookie {
		return nil
	}
	if len(sent) == 1 {
		for _, own := range e.own(r, publicURL) {
			if sent[0] == own {
				return nil
			}
		}
	}
	return refuse(http.StatusForbidden, wire.CodeBadOrigin)
}

// secure reports whether the client's side of the connection is encrypted: by
// us, by a trusted proxy's word, or because the browser says that the page which
// asks is the public https one.
func (e edge) secure(r *http.Request, publicURL string) bool {
	if e.scheme(r) == "https" {
		return true
	}
	public := originOf(publicURL)
	return strings.HasPrefix(public, "https://") && r.Header.Get("Origin") == public
}

// private reports whether a request stayed within this machine or its local
// network, as far as the addresses of both ends tell.
func (e edge) private(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return false
	}
	here, err := netip.ParseAddrPort(local.String())
	return err == nil && isPrivate(here.Addr()) && isPrivate(e.client(r))
}

func isPrivate(ip netip.Addr) bool {
	ip = ip.Unmap()
	return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
}
