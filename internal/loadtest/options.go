//go:build linux

package loadtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Scenarios are what can be measured, in the order in which they are usually run:
//
//   - idle: all connect and stay; memory per connection.
//   - broadcast: rounds start and end, each shown by one small frame to everybody.
//   - personal: meetings are moved, each seen by five phones and the consoles.
//   - storm: all drop, changes happen, all return at once.
//   - slow: one in twenty stops reading while everybody is sent about 16 KB at a time.
//   - day: all of it mixed, with phones that come and go.
//   - cross: moves at a gentle pace; with two targets the commands go to the first
//     and the phones are on the last.
var Scenarios = []string{"idle", "broadcast", "personal", "storm", "slow", "day", "cross"}

// Options say what is measured. Targets or Chat is needed, and the counts.
type Options struct {
	Targets   []string // servers, by "http://host:port"; consoles on the first, phones on the last
	Organiser string   // an organiser's link, to make events with
	Chat      string   // the address of a chat-style hub, "http://host:port", instead of Targets

	Scenarios []string
	Phones    int
	Consoles  int           // moderators' screens, which also give the commands
	Lasting   time.Duration // how long personal, slow, day and cross last
	Rate      int           // moves a second in personal
	Settle    time.Duration // before memory is read
	Rest      time.Duration // how long the phones' loop rests after each look

	PIDs  []int                           // of the servers, where they are on this machine
	Fresh func(context.Context) error     // restarts the servers between the event's making and idle's connections; nil: does not
	Sizes map[string]int                  // of a chat-style hub's messages, by scenario; 0: as measured before
	Log   *slog.Logger                    // what goes on; nil is silent
	Out   io.Writer                       // a JSON line for each scenario
	Told  func(scenario string, r Result) // called with each result; may be nil
}

// check refuses what cannot be played.
func (o Options) check() error {
	for _, s := range o.Scenarios {
		if !slices.Contains(Scenarios, s) {
			return fmt.Errorf("load: there is no scenario %q: %s", s, strings.Join(Scenarios, ", "))
		}
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("load: the limit of open files: %w", err)
	}
	if need := uint64(o.Phones + o.Consoles + 100); limit.Cur < need {
		return fmt.Errorf("load: %d open files are needed, and %d allowed: see ulimit -n", need, limit.Cur)
	}
	if o.Phones < peoplePerMeeting || o.Consoles < 1 {
		return fmt.Errorf("load: at least %d phones and a console are needed", peoplePerMeeting)
	}
	return nil
}

// addressOf answers where a server's sockets connect to.
func addressOf(ctx context.Context, target string) (netip.AddrPort, error) {
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "http" || u.Host == "" {
		return netip.AddrPort{}, errors.New("a target is http://host:port: what is measured is the server, not TLS")
	}
	port := u.Port()
	if port == "" {
		port = "80"
	}
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", u.Hostname())
	if err != nil {
		return netip.AddrPort{}, err
	}
	return netip.ParseAddrPort(net.JoinHostPort(addresses[0].Unmap().String(), port))
}
