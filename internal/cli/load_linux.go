package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/internal/loadtest"
	"github.com/matchfloor/matchfloor/internal/loadtest/chathub"
)

// loadFlags are the flags that the forms of load share.
type loadFlags struct {
	*commandline.Flags
	targets, scenarios, pids wordList
	organiser                *string
	phones, consoles, rate   *int
	seconds, settle, rest    *time.Duration
	publish, acks            *string
	handshakes               *int
	every                    *time.Duration
	level                    slog.LevelVar
	data, cpus               *string // of compare and baseline
	tuning                   *tuningFlags
}

func newLoadFlags(p *commandline.Program, name, synopsis string, examples ...string) *loadFlags {
	f := &loadFlags{Flags: commandline.NewFlags(p, name, synopsis, examples...), organiser: new(string), data: new(string), cpus: new(string)}
	f.Var(&f.scenarios, "scenario", "the `scenarios` to play, comma-separated; default all: "+strings.Join(loadtest.Scenarios, ", "))
	f.Values["scenario"] = loadtest.Scenarios
	f.phones = f.Int("phones", 1000, "how many phones connect")
	f.consoles = f.Int("consoles", 6, "how many moderators' screens connect")
	f.rate = f.Int("rate", 500, "changes per second in the scenarios personal and one")
	f.seconds = f.Duration("last", 20*time.Second, "how long the scenarios personal, one, slow, day and cross last")
	f.settle = f.Duration("settle", 30*time.Second, "how long the scenario idle waits before it measures memory; nothing makes the server collect garbage meanwhile")
	f.rest = f.Duration("rest", 500*time.Microsecond, "how long the phones wait between two polls of their sockets, so that waking them does not count as the server's work")
	f.Section("Conditions", func() {
		f.publish = f.String("publish", "socket", "how changes are given: by the consoles' connections (`socket`), or each by an HTTP POST (`post`)")
		f.Values["publish"], f.Values["acks"] = []string{"socket", "post"}, []string{"own", "together"}
		f.acks = f.String("acks", "own", "when phones acknowledge: each by its own count of frames (`own`), or all the same frames in one moment, also those of the hub, which else do not (`together`)")
		f.handshakes = f.Int("handshakes", 0, "how many phones connect at the same time; 0 means 256; with as many as there are phones, all connect at once")
		f.every = f.Duration("every", 0, "the time between two changes in the scenario broadcast; 0 waits until all phones have received the one before")
	})
	f.level.Set(slog.LevelWarn)
	f.LogLevel(&f.level)
	return f
}

// options returns the options that the flags give. It fills in neither a chat hub nor callbacks.
func (f *loadFlags) options() (loadtest.Options, error) {
	if len(f.scenarios) == 0 {
		f.scenarios = loadtest.Scenarios
	}
	o := loadtest.Options{
		Targets: f.targets, Organiser: *f.organiser, Scenarios: f.scenarios, Phones: *f.phones, Consoles: *f.consoles,
		Duration: *f.seconds, Rate: *f.rate, Settle: *f.settle, LoopPause: *f.rest, Out: f.Program.Stdout, Log: f.Program.Logger(&f.level),
	}
	var err error
	if o.Post, err = oneOf("publish", *f.publish, "post", "socket"); err != nil {
		return o, err
	}
	if o.AcksTogether, err = oneOf("acks", *f.acks, "together", "own"); err != nil {
		return o, err
	}
	o.Every, o.Handshakes = *f.every, *f.handshakes
	for _, text := range f.pids {
		pid, err := strconv.Atoi(text)
		if err != nil {
			return o, commandline.UsageError("--server-pid: %q is not a number", text)
		}
		o.PIDs = append(o.PIDs, pid)
	}
	return o, nil
}

// oneOf reports whether a flag has the value set and not the value unset. Any other value is
// a usage error.
func oneOf(flag, value, set, unset string) (bool, error) {
	if value != set && value != unset {
		return false, commandline.UsageError("--%s: %q is neither %s nor %s", flag, value, unset, set)
	}
	return value == set, nil
}

// loadForms are the forms of load that start what they measure, and what they start.
func loadForms() []commandline.Subcommand {
	forms := []commandline.Subcommand{
		{Name: "load compare", Summary: "measure a new server, and a chat-style hub next to it", Run: loadCompare},
		{Name: "load baseline", Summary: "measure a chat-style hub alone", Run: loadBaseline},
		{Name: "load hub", Summary: "serve the chat-style hub", Run: loadHub},
	}
	for i := range forms {
		forms[i].Run = withThreads(forms[i].Run)
	}
	return forms
}

// withThreads runs a form of load with at least four threads for Go code: the phones' loop
// waits in system calls, which must not keep other goroutines from running.
func withThreads(run func(context.Context, *commandline.Program, []string) error) func(context.Context, *commandline.Program, []string) error {
	return func(ctx context.Context, p *commandline.Program, args []string) error {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(max(4, runtime.GOMAXPROCS(0))))
		return run(ctx, p, args)
	}
}

// measureLoad measures running servers.
func measureLoad(ctx context.Context, p *commandline.Program, args []string) error {
	return withThreads(measureTargets)(ctx, p, args)
}

// measureTargets is measureLoad without its threads.
func measureTargets(ctx context.Context, p *commandline.Program, args []string) error {
	f := newLoadFlags(p, "load", "--target URL [--target URL] --organiser LINK [--phones N] [--scenario LIST] | baseline … | compare … | hub …",
		"matchfloor load --target http://127.0.0.1:8080 --organiser LINK --phones 500",
		"matchfloor help load compare")
	f.Var(&f.targets, "target", "the `URL` of a server, http://host:port; with several, commands go to the first and phones to the last")
	f.Var(&f.pids, "server-pid", "the `pid` of a server on this machine; without it, memory and processor time are read from /metrics")
	f.organiser = f.String("organiser", "", "an organiser's `link`; each scenario makes its own event")
	if _, err := f.ParseArgs(args, 0); err != nil {
		return err
	}
	if len(f.targets) == 0 || *f.organiser == "" {
		return commandline.UsageError("say what to measure: --target URL and --organiser LINK, or baseline, or compare")
	}
	o, err := f.options()
	if err != nil {
		return err
	}
	return loadtest.Run(ctx, o)
}

// hubFlags are the flags of load hub.
type hubFlags struct {
	*commandline.Flags
	addr   *string
	tuning *tuningFlags
}

func newHubFlags(p *commandline.Program) *hubFlags {
	f := &hubFlags{Flags: commandline.NewFlags(p, "load hub", "[--addr HOST:PORT]")}
	f.addr = f.String("addr", "127.0.0.1:0", "the `host:port` to listen on")
	f.tuning = newTuningFlags(f.Flags)
	return f
}

// loadHub serves the chat-style hub that servers are compared with, until ctx ends.
func loadHub(ctx context.Context, p *commandline.Program, args []string) error {
	f := newHubFlags(p)
	if _, err := f.ParseArgs(args, 0); err != nil {
		return err
	}
	defer f.tuning.start(p.Getenv)()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", *f.addr)
	if err != nil {
		return err
	}
	h := chathub.New()
	ended := make(chan struct{})
	go func() { defer close(ended); h.Run(ctx.Done()) }()
	s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { s.Close() })
	defer stop()
	fmt.Fprintln(p.Stdout, "hub serves", "http://"+listener.Addr().String())
	err = serveUntilClosed(s, listener)
	if ctx.Err() == nil {
		return errors.Join(err, s.Close())
	}
	<-ended
	return err
}

// wordList is a flag of words, comma-separated. The flag may be repeated.
type wordList []string

func (l *wordList) String() string { return strings.Join(*l, ",") }

// Reset removes all words.
func (l *wordList) Reset() { *l = nil }

// Set adds words.
func (l *wordList) Set(value string) error {
	for word := range strings.SplitSeq(value, ",") {
		*l = append(*l, strings.TrimSpace(word))
	}
	return nil
}
