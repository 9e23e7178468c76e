package cli

import (
	"net"
	"net/netip"
	"strings"
	"testing"
)

// The demo listens where people may sign in over plain HTTP: on a private address, or on
// the loopback address if the machine has only public ones, as in a data centre.
func TestPlainAddress_AllowsSignIn(t *testing.T) {
	for _, c := range []struct {
		own       []string
		lan, demo string
	}{
		{nil, "127.0.0.1", "127.0.0.1"},
		{[]string{"127.0.0.1", "::1", "fe80::1", "169.254.1.2"}, "127.0.0.1", "127.0.0.1"},
		{[]string{"127.0.0.1", "192.0.2.2", "fd00::2"}, "192.0.2.2", "127.0.0.1"},
		{[]string{"127.0.0.1", "203.0.113.9", "192.168.1.7", "10.0.0.4"}, "192.168.1.7", "192.168.1.7"},
	} {
		var own []netip.Addr
		for _, ip := range c.own {
			own = append(own, netip.MustParseAddr(ip))
		}
		lan := bestAddress(own)
		if demo := plainAddress(lan); lan.String() != c.lan || demo.String() != c.demo {
			t.Errorf("%v: LAN address %v, demo at %v; want %s and %s", c.own, lan, demo, c.lan, c.demo)
		}
	}
}

func TestReachable_ReplacesTheUnspecifiedAddress(t *testing.T) {
	for addr, want := range map[string]string{"127.0.0.1:80": "127.0.0.1:80", "192.168.1.5:8080": "192.168.1.5:8080", "[::1]:80": "[::1]:80"} {
		a, err := net.ResolveTCPAddr("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if got := reachable(a); got != want {
			t.Errorf("%s: %s", addr, got)
		}
	}
	if got := reachable(&net.TCPAddr{Port: 8080}); strings.HasPrefix(got, "0.") || strings.HasPrefix(got, "[::]") {
		t.Errorf("the unspecified address: %s", got)
	}
}
