package main

import (
	"net"
	"net/netip"
	"strconv"
)

// reachable answers an address as host:port that others can open: in place of
// "every address" the one that the local network knows this machine by.
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

// lanAddress answers this machine's private IPv4 address, the first where there
// are several; else any other that is not the loopback one; else that.
func lanAddress() netip.Addr {
	best := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return best
	}
	for _, a := range addresses {
		network, err := netip.ParsePrefix(a.String())
		if err != nil {
			continue
		}
		switch ip := network.Addr().Unmap(); {
		case !ip.Is4() || ip.IsLoopback() || ip.IsLinkLocalUnicast():
		case ip.IsPrivate():
			return ip
		default:
			best = ip
		}
	}
	return best
}
