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

// Scenarios are the names of the scenarios, in the order in which they are usually run:
//
//   - idle: all phones connect and stay; memory per connection.
//   - broadcast: rounds start and end, each with one small frame to every phone.
//   - personal: meetings are moved, each with a frame to five phones and the consoles.
//   - storm: all connections break, something changes, all phones return at once.
//   - slow: one phone in twenty stops reading while about 16 KB at a time go to every phone.
//   - day: rounds and moves mixed, with phones that disconnect and return.
//   - cross: moves at a low rate; with two targets the commands go to the first one
//     and the phones are connected to the last.
var Scenarios = []string{"idle", "broadcast", "personal", "storm", "slow", "day", "cross"}

// Options say what to measure. The caller must set Targets or Chat, Scenarios, Phones,
// Consoles and Out.
type Options struct {
	Targets   []string // servers, as "http://host:port"; the consoles use the first, the phones the last
	Organiser string   // an organiser's link, which makes the events
	Chat      string   // the address of a chat-style hub, "http://host:port", instead of Targets

	Scenarios []string
	Phones    int
	Consoles  int           // moderators' clients, which also give the commands
	Duration  time.Duration // the duration of personal, slow, day and cross
	Rate      int           // moves a second in personal
	Settle    time.Duration // the wait before memory is read
	LoopPause time.Duration // the pause of the phones' loop after each round

	PIDs     []int                           // of the servers, if they run on this machine
	Fresh    func(context.Context) error     // restarts the servers after the event was made, before the phones connect; may be nil
	Sizes    map[string]int                  // in bytes, of a chat-style hub's messages, by scenario; 0: a default
	Log      *slog.Logger                    // progress; nil means none
	Out      io.Writer                       // a JSON line for each scenario
	OnResult func(scenario string, r Result) // called with each result; may be nil
}

// check returns an error for options that cannot be run.
func (o Options) check() error {
	for _, s := range o.Scenarios {
		if !slices.Contains(Scenarios, s) {
			return fmt.Errorf("load: unknown scenario %q; choose from %s", s, strings.Join(Scenarios, ", "))
		}
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("load: read the limit of open files: %w", err)
	}
	if need := uint64(o.Phones + o.Consoles + 100); limit.Cur < need {
		return fmt.Errorf("load: %d open files are needed and %d are allowed; raise the limit with ulimit -n", need, limit.Cur)
	}
	if o.Phones < peoplePerMeeting || o.Consoles < 1 {
		return fmt.Errorf("load: at least %d phones and a console are needed", peoplePerMeeting)
	}
	return nil
}

// addressOf returns the IPv4 address and port of a target.
func addressOf(ctx context.Context, target string) (netip.AddrPort, error) {
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "http" || u.Host == "" {
		return netip.AddrPort{}, errors.New("a target must be http://HOST:PORT; the load test does not measure TLS")
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
