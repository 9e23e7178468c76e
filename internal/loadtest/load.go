//go:build linux

// Package loadtest measures a server with thousands of phones from one machine: it
// makes an event, signs everybody in, plays a scenario, and tells what it saw as
// one JSON line. At the end of every scenario each phone's view is held against
// the server's digest of it.
//
// The phones are lean: one goroutine reads and writes for all of them, a frame
// that many were sent is read once, and cards are only put together at the end. The
// moderators' consoles are whole clients of package client.
package loadtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
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

// ErrNotWhole says that some client did not hold at the end what the server said it
// should, or was not sent something.
var ErrNotWhole = errors.New("load: not every client came to hold what it should")

// Run plays the scenarios one after the other and writes their results. It blocks
// until all are done. The error is ErrNotWhole if that was so in any of them, which
// all the same are all played; any other error ends the run.
func Run(ctx context.Context, o Options) error {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := o.check(); err != nil {
		return err
	}
	var not error
	for _, name := range o.Scenarios {
		o.Log.Info("scenario", "name", name, "phones", o.Phones)
		r, err := o.play(ctx, name)
		if err != nil {
			return fmt.Errorf("load: %s: %w", name, err)
		}
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(o.Out, "%s\n", line); err != nil {
			return err
		}
		if o.Told != nil {
			o.Told(name, r)
		}
		if o.Chat == "" && (r.Lost > 0 || r.Digests.Wrong > 0) {
			not = ErrNotWhole
		}
	}
	return not
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
	if o.Phones < perMeeting || o.Consoles < 1 {
		return fmt.Errorf("load: at least %d phones and a console are needed", perMeeting)
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

// pick answers every n-th of phones, from a random one on.
func pick(phones []*phone, n int) (picked []*phone) {
	for i := rand.IntN(n); i < len(phones); i += n {
		picked = append(picked, phones[i])
	}
	return picked
}
