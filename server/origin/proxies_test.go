package origin

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestProxies_OnlyNamedProxiesAreTrusted(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}
	for _, c := range []struct {
		name, peer, forwarded string
		proxies               []netip.Prefix
		client, scheme        string
	}{
		{"no proxies named", "10.1.2.3:5", "203.0.113.9", nil, "10.1.2.3", "http"},
		{"a proxy", "10.1.2.3:5", "203.0.113.9", proxies, "203.0.113.9", "https"},
		{"not a proxy", "10.2.2.3:5", "203.0.113.9", proxies, "10.2.2.3", "http"},
		{"loopback is not trusted by itself", "127.0.0.1:5", "203.0.113.9", proxies, "127.0.0.1", "http"},
		{"what the client itself put before", "10.1.2.3:5", "192.0.2.1, 203.0.113.9", proxies, "203.0.113.9", "https"},
	} {
		p := NewProxies(c.proxies)
		r := httptest.NewRequest(http.MethodGet, "http://host/", nil)
		r.RemoteAddr = c.peer
		r.Header.Set("X-Forwarded-For", c.forwarded)
		r.Header.Set("X-Real-Ip", "198.51.100.1")
		r.Header.Set("X-Forwarded-Proto", "https")
		if got := p.Client(r).String(); got != c.client {
			t.Errorf("%s: from %s, want %s", c.name, got, c.client)
		}
		if got := p.Scheme(r); got != c.scheme {
			t.Errorf("%s: %s, want %s", c.name, got, c.scheme)
		}
	}
}

func TestProxies_PrivateIsBothEndsOnALocalNetwork(t *testing.T) {
	p := NewProxies(nil)
	for _, c := range []struct {
		local, peer string
		private     bool
	}{
		{"127.0.0.1:8080", "127.0.0.1:5", true},
		{"192.168.1.5:8080", "192.168.1.77:5", true},
		{"[::1]:8080", "[::1]:5", true},
		{"[fd00::1]:8080", "[fd00::2]:5", true},
		{"[::ffff:10.0.0.1]:8080", "[::ffff:10.0.0.2]:5", true},
		{"203.0.113.5:8080", "192.168.1.77:5", false},
		{"192.168.1.5:8080", "203.0.113.5:5", false},
		{"[2001:db8::1]:8080", "[2001:db8::2]:5", false},
	} {
		local := net.TCPAddrFromAddrPort(netip.MustParseAddrPort(c.local))
		r := httptest.NewRequest(http.MethodPost, "http://host/", nil)
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(local)))
		r.RemoteAddr = c.peer
		if got := p.Private(r); got != c.private {
			t.Errorf("%s from %s: private %v", c.local, c.peer, got)
		}
	}
	if p.Private(httptest.NewRequest(http.MethodPost, "http://host/", nil)) {
		t.Error("a request without addresses counts as local")
	}
}
