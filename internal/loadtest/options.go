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
//   - one: attendees are checked in, each with a frame to one phone and the consoles.
//   - storm: all connections break, something changes, all phones return at once.
//   - slow: one phone in twenty stops reading while about 16 KB at a time go to every phone.
//   - day: rounds and moves mixed, with phones that disconnect and return.
//   - cross: moves at a low rate; with two targets the commands go to the first one
//     and the phones are connected to the last.
var Scenarios = []string{"idle", "broadcast", "personal", "one", "storm", "slow", "day", "cross"}

// Options say what to measure. The caller must set Targets or Chat, Scenarios, Phones,
// Consoles and Out.
type Options struct {
	Targets   []string // servers, as "http://host:port"; the consoles use the first, the phones the last
	Organiser string   // an organiser's link, which makes the events
	Chat      string   // the address of a chat-style hub, "http://host:port", instead of Targets

	Scenarios []string
	Phones    int
	Consoles  int           // moderators' clients, which also give the commands
	Duration  time.Duration // the duration of personal, one, slow, day and cross
	Rate      int           // changes a second in personal and one
	Settle    time.Duration // the wait before memory is read
	LoopPause time.Duration // the pause of the phones' loop after each round
	Conditions

	// Tuning names the tuning that the servers were started with, for the results: empty
	// for none, nil if it is not known.
	Tuning   []string
	PIDs     []int                           // of the servers, if they run on this machine
	Fresh    func(context.Context) error     // restarts the servers after the event was made, before the phones connect; may be nil
	Sizes    map[string]int                  // in bytes, of a chat-style hub's messages, by scenario; 0: a default
	Log      *slog.Logger                    // progress; nil means none
	Out      io.Writer                       // a JSON line for each scenario
	OnResult func(scenario string, r Result) // called with each result; may be nil
}

// Conditions are how the load comes. The zero value is the kindest to a server. Results have
// those that differ from it.
type Conditions struct {
	Post         bool `json:"post,omitempty"`         // each change is given by an HTTP POST instead of a console's connection
	AcksTogether bool `json:"acksTogether,omitempty"` // all phones acknowledge the same frames, so that their acks come in one moment; also those of a chat-style hub
	// Handshakes is how many phones connect at the same time; 0 means 256. With as many as
	// there are phones, all connect at once.
	Handshakes int           `json:"handshakes,omitempty"`
	Every      time.Duration `json:"every,omitempty"` // broadcast: between two changes; 0: each after all phones have the one before
}

// posters is how many moderators give the changes if these are given by POST: a server accepts
// 100 commands a second from one link.
const posters = 6

// moderators returns how many moderators the forum needs.
func (o Options) moderators() int {
	if o.Post {
		return max(o.Consoles, posters)
	}
	return o.Consoles
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
	if o.Handshakes < 0 || o.Every < 0 || o.Rate < 1 {
		return errors.New("load: handshakes and the time between changes are not negative, and a rate is at least 1")
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
