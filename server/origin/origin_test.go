package origin

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"
)

// fixedURL is a public URL that is loaded.
type fixedURL string

func (u fixedURL) PublicURL(context.Context) string { return string(u) }
func (u fixedURL) LoadedPublicURL() string          { return string(u) }

// policyAt returns the policy of a server without proxies that has a public URL.
func policyAt(publicURL string) Policy {
	return NewPolicy(NewProxies(nil), fixedURL(publicURL))
}

func TestPolicy_AllowedOrigins(t *testing.T) {
	for _, c := range []struct {
		name, origin   string
		public         string
		secure         bool
		cookie, bearer bool // allowed with a cookie, with a bearer token
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
		if got := policyAt(c.public).Allowed(r, true); got != c.cookie {
			t.Errorf("%s, with a cookie: allowed %v", c.name, got)
		}
		if got := policyAt(c.public).Allowed(r, false); got != c.bearer {
			t.Errorf("%s, with a token: allowed %v", c.name, got)
		}
	}
}

func TestPolicy_TwoOriginHeadersAreRefused(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "http://host/", nil)
	r.Header["Origin"] = []string{"http://host", "http://evil.example"}
	if policyAt("").Allowed(r, true) {
		t.Error("two Origin headers are allowed")
	}
}

func TestPolicy_SecureIfThePublicPageIsHTTPS(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "http://node/", nil)
	r.Header.Set("Origin", "https://forum.example")
	if !policyAt("https://forum.example").Secure(r) {
		t.Error("behind a proxy that is not named, the public https page counts as plain")
	}
	if policyAt("http://forum.example").Secure(r) || policyAt("").Secure(r) {
		t.Error("an https Origin that is not ours counts")
	}
}
