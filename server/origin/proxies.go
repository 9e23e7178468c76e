package origin

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// Proxies reads the headers with which proxies forward a request: X-Forwarded-For and
// X-Forwarded-Proto, and no other. A proxy sets these two; a client could send any other
// through it. It trusts those of the named proxies only; if none are named, it trusts none.
type Proxies struct {
	address echo.IPExtractor
	trusted []netip.Prefix
}

// NewProxies returns Proxies that trust the forwarding headers of requests from the
// given networks.
func NewProxies(trusted []netip.Prefix) Proxies {
	if len(trusted) == 0 {
		return Proxies{address: echo.ExtractIPDirect()}
	}
	trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range trusted {
		p = p.Masked()
		trust = append(trust, echo.TrustIPRange(&net.IPNet{
			IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen()),
		}))
	}
	return Proxies{echo.ExtractIPFromXFFHeader(trust...), trusted}
}

// Address returns the address that a request came from, as text. It is an
// echo.IPExtractor.
func (p Proxies) Address(r *http.Request) string { return p.address(r) }

// Scheme returns "http" or "https", whichever the client used. It is an
// echo.SchemeExtractor.
func (p Proxies) Scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	if !p.fromProxy(r) {
		return "http"
	}
	// The last value is the one that the trusted proxy has added.
	values := strings.Split(strings.Join(r.Header.Values(echo.HeaderXForwardedProto), ","), ",")
	if strings.EqualFold(strings.TrimSpace(values[len(values)-1]), "https") {
		return "https"
	}
	return "http"
}

// fromProxy reports whether a request comes directly from a trusted proxy.
func (p Proxies) fromProxy(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	address := peer.Addr().Unmap().WithZone("")
	return slices.ContainsFunc(p.trusted, func(trusted netip.Prefix) bool { return trusted.Contains(address) })
}

// Client returns the address that a request came from, or the zero Addr if it
// cannot be parsed.
func (p Proxies) Client(r *http.Request) netip.Addr {
	ip, err := netip.ParseAddr(p.address(r))
	if err != nil {
		return netip.Addr{}
	}
	return ip.Unmap()
}

// Private reports whether a request stayed within this machine or its local
// network, as far as the addresses of both ends tell.
func (p Proxies) Private(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return false
	}
	here, err := netip.ParseAddrPort(local.String())
	return err == nil && isPrivate(here.Addr()) && isPrivate(p.Client(r))
}

func isPrivate(ip netip.Addr) bool {
	ip = ip.Unmap()
	return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
}
