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
func lanAddress() netip.Addr { return bestAddress(ownAddresses()) }

// signInAddress answers the address at which people may sign in over plain HTTP: the
// private one, or the loopback one on a machine that has only public ones beside.
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

// ownAddresses answers the addresses of this machine's interfaces, none where they
// cannot be told.
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
