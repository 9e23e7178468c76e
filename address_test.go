package main

import (
	"net/netip"
	"testing"
)

// The demo is played where people may sign in over plain HTTP: on a private address, or
// on the machine itself where it has only public ones, as in a data centre.
func TestDemoIsPlayedWherePeopleMaySignIn(t *testing.T) {
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
			t.Errorf("%v: %v, and the demo at %v; want %s and %s", c.own, lan, demo, c.lan, c.demo)
		}
	}
}
