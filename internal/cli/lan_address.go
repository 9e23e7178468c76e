package cli

import (
	"net"
	"net/netip"
	"strconv"
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
