package cli

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"

	"github.com/matchfloor/matchfloor/internal/node"
)

// ownURL returns the URL of a listener as other machines on the network reach it.
func ownURL(a net.Addr, tls bool) string {
	if tls {
		return "https://" + reachable(a)
	}
	return "http://" + reachable(a)
}

// reachable returns an address as host:port that other machines can open. For a listener
// on every address, that is this machine's address on the local network.
func reachable(a net.Addr) string {
	at, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return a.String()
	}
	ip := at.Addr().Unmap()
	if ip.IsUnspecified() {
		ip = lanAddress()
	}
	return net.JoinHostPort(ip.WithZone("").String(), strconv.Itoa(int(at.Port())))
}

// lanAddress returns this machine's first private IPv4 address. If there is none, it
// returns another IPv4 address; if there is none either, the loopback address.
func lanAddress() netip.Addr { return bestAddress(ownAddresses()) }

// signInAddress returns the address at which people may sign in over plain HTTP: the
// private one, or the loopback address on a machine that has only public addresses.
func signInAddress() netip.Addr { return plainAddress(lanAddress()) }

var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

func plainAddress(ip netip.Addr) netip.Addr {
	if ip.IsPrivate() {
		return ip
	}
	return loopback
}

func bestAddress(own []netip.Addr) netip.Addr {
	best := loopback
	for _, ip := range own {
		switch {
		case !ip.Is4() || ip.IsLoopback() || ip.IsLinkLocalUnicast():
		case ip.IsPrivate():
			return ip
		default:
			best = ip
		}
	}
	return best
}

// reachHint says what to do so that phones reach a node, or returns "" if they probably
// do. The node listens at its own URL, links begin with the public one, and lan is this
// machine's address on the local network. A public URL with a name is trusted: it is a
// proxy's.
func reachHint(own, public string, lan netip.Addr) string {
	at, _ := node.AddressIn(own)
	to, isAddress := node.AddressIn(public)
	if !isAddress || own == public && !at.IsLoopback() {
		return ""
	}
	if !at.IsLoopback() {
		return fmt.Sprintf("Links begin with %s, but this node is at %s. If phones cannot open the former, start the node with --public-url %s.", public, own, own)
	}
	u, _ := url.Parse(own) // AddressIn has parsed it
	port := u.Port()
	advice := fmt.Sprintf("start it with --addr :%s; they then open %s://%s.", port, u.Scheme, net.JoinHostPort(lan.String(), port))
	if !lan.IsPrivate() {
		advice = fmt.Sprintf("connect it to their Wi-Fi and start it again with --addr :%s, or name the address of a proxy with --public-url.", port)
	}
	if !to.IsLoopback() {
		return fmt.Sprintf("Only this machine can open %s, but links begin with %s. For phones: %s", own, public, advice)
	}
	return fmt.Sprintf("Only this machine can open %s. For phones: %s", own, advice)
}

// ownAddresses returns the addresses of this machine's interfaces, or none if the system
// does not list them.
func ownAddresses() (own []netip.Addr) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	for _, a := range addresses {
		if network, err := netip.ParsePrefix(a.String()); err == nil {
			own = append(own, network.Addr().Unmap())
		}
	}
	return own
}
