package server

import (
	"net/http"
	"testing"
)

func TestContentSecurityPolicy_RepeatsNoForeignHost(t *testing.T) {
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
