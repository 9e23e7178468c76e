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

func TestReachHint_SaysHowPhonesReachTheNode(t *testing.T) {
	const here = "http://127.0.0.1:8080"
	for _, c := range []struct {
		own, public, lan string
		want             string // "" for no hint
	}{
		{here, here, "192.168.1.5", "Only this machine can open http://127.0.0.1:8080. For phones: start it with --addr :8080; they then open http://192.168.1.5:8080."},
		{"https://[::1]:443", "https://[::1]:443", "192.168.1.5", "For phones: start it with --addr :443; they then open https://192.168.1.5:443."},
		{here, here, "127.0.0.1", "connect it to their Wi-Fi and start it again with --addr :8080, or name the address of a proxy with --public-url."},
		{here, here, "203.0.113.9", "connect it to their Wi-Fi"}, // where sign-in needs TLS
		{here, "http://192.168.1.5:8080", "192.168.1.5", "but links begin with http://192.168.1.5:8080. For phones: start it with --addr :8080"},
		{"http://192.168.1.9:8080", "http://192.168.1.5:8080", "192.168.1.9", "Links begin with http://192.168.1.5:8080, but this node is at http://192.168.1.9:8080. If phones cannot open the former, start the node with --public-url http://192.168.1.9:8080."},
		{"http://192.168.1.5:8080", "http://192.168.1.5:8080", "192.168.1.5", ""},
		{here, "https://forum.example", "192.168.1.5", ""},
		{"http://10.0.0.2:8080", "https://forum.example", "10.0.0.2", ""},
	} {
		got := reachHint(c.own, c.public, netip.MustParseAddr(c.lan))
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("a node at %s, links to %s, LAN address %s: %q", c.own, c.public, c.lan, got)
		}
	}
}
