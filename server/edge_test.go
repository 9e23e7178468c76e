package server

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestOriginMatrix(t *testing.T) {
	e := newEdge(nil)
	for _, c := range []struct {
		name, origin string
		public       string
		secure       bool
		cookie, bear bool // taken with a cookie, with a bearer token
	}{
		{"own", "http://host:8080", "", false, true, true},
		{"absent", "", "", false, false, true},
		{"another host", "http://evil.example", "", false, false, false},
		{"a host that begins alike", "http://host:8080.evil.example", "", false, false, false},
		{"another port", "http://host:8081", "", false, false, false},
		{"another scheme", "https://host:8080", "", false, false, false},
		{"another scheme, other way round", "http://host:8080", "", true, false, false},
		{"own over https", "https://host:8080", "", true, true, true},
		{"null", "null", "", false, false, false},
		{"with a path", "http://host:8080/", "", false, false, false},
		{"in capitals", "HTTP://HOST:8080", "", false, false, false},
		{"the public one", "https://forum.example", "https://forum.example/", false, true, true},
		{"the public one with its port spelled out", "https://forum.example:443", "https://forum.example", false, false, false},
		{"the public one over http", "http://forum.example", "https://forum.example", false, false, false},
		{"two", "http://host:8080, http://evil.example", "", false, false, false},
	} {
		r := httptest.NewRequest(http.MethodPost, "http://host:8080/", nil)
		if c.secure {
			r.TLS = &tls.ConnectionState{}
		}
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		if got := e.origin(r, c.public, true) == nil; got != c.cookie {
			t.Errorf("%s, with a cookie: taken %v", c.name, got)
		}
		if got := e.origin(r, c.public, false) == nil; got != c.bear {
			t.Errorf("%s, with a token: taken %v", c.name, got)
		}
	}
}

func TestSecondOriginHeaderIsRefused(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "http://host/", nil)
	r.Header["Origin"] = []string{"http://host", "http://evil.example"}
	if newEdge(nil).origin(r, "", true) == nil {
		t.Error("two Origin headers are taken")
	}
}

func TestForwardedHeadersAreBelievedOfNamedProxiesOnly(t *testing.T) {
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
		e := newEdge(c.proxies)
		r := httptest.NewRequest(http.MethodGet, "http://host/", nil)
		r.RemoteAddr = c.peer
		r.Header.Set("X-Forwarded-For", c.forwarded)
		r.Header.Set("X-Real-Ip", "198.51.100.1")
		r.Header.Set("X-Forwarded-Proto", "https")
		if got := e.client(r).String(); got != c.client {
			t.Errorf("%s: from %s, want %s", c.name, got, c.client)
		}
		if got := e.scheme(r); got != c.scheme {
			t.Errorf("%s: %s, want %s", c.name, got, c.scheme)
		}
	}
}

func TestPlainHTTPIsForLocalNetworks(t *testing.T) {
	e := newEdge(nil)
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
		if got := e.private(r); got != c.private {
			t.Errorf("%s from %s: private %v", c.local, c.peer, got)
		}
	}
	if e.private(httptest.NewRequest(http.MethodPost, "http://host/", nil)) {
		t.Error("a request of which nothing is known counts as local")
	}
}

func TestSecureByThePagesOwnWord(t *testing.T) {
	e := newEdge(nil)
	r := httptest.NewRequest(http.MethodPost, "http://node/", nil)
	r.Header.Set("Origin", "https://forum.example")
	if !e.secure(r, "https://forum.example") {
		t.Error("behind a proxy that nobody named, the public https page counts as plain")
	}
	if e.secure(r, "http://forum.example") || e.secure(r, "") {
		t.Error("an https Origin that is not ours counts")
	}
}

func TestPolicyRepeatsNoForeignHost(t *testing.T) {
	for host, want := range map[string]string{
		"host:8080":            " ws://host:8080 wss://host:8080",
		"[::1]:8080":           " ws://[::1]:8080 wss://[::1]:8080",
		"host; script-src *":   "",
		"a'unsafe-inline'":     "",
		"":                     "",
		"host\r\nSet-Cookie: ": "",
		"*":                    "",
	} {
		if got := socketSources(&http.Request{Host: host}); got != want {
			t.Errorf("%q: %q", host, got)
		}
	}
}
