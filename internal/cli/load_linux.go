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

	"github.com/matchfloor/matchfloor/internal/loadtest"
	"github.com/matchfloor/matchfloor/internal/loadtest/chathub"
)

// loadFlags are the flags that the forms of load share.
type loadFlags struct {
	*flags
	targets, scenarios, pids wordList
	organiser                *string
	phones, consoles, rate   *int
	seconds, settle, rest    *time.Duration
	level                    slog.LevelVar
	data, cpus               *string // of compare and baseline
}

func newLoadFlags(p *program, name, synopsis string) *loadFlags {
	f := &loadFlags{flags: newFlags(p, name, synopsis), organiser: new(string), data: new(string), cpus: new(string)}
	f.Var(&f.scenarios, "scenario", "the `scenarios` to play, comma-separated; default all: "+strings.Join(loadtest.Scenarios, ", "))
	f.phones = f.Int("phones", 1000, "how many phones connect")
	f.consoles = f.Int("consoles", 6, "how many moderators' screens connect")
	f.rate = f.Int("rate", 500, "moves per second in the scenario personal")
	f.seconds = f.Duration("last", 20*time.Second, "how long the scenarios personal, slow, day and cross last")
	f.settle = f.Duration("settle", 30*time.Second, "how long the scenario idle waits before it measures memory")
	f.rest = f.Duration("rest", 500*time.Microsecond, "how long the phones wait between two polls of their sockets, so that waking them does not count as the server's work")
	f.level.Set(slog.LevelWarn)
	f.TextVar(&f.level, "log-level", &f.level, "the least `level` of messages to log: debug, info, warn or error")
	return f
}

// options returns the options that the flags give. It fills in neither a chat hub nor callbacks.
func (f *loadFlags) options() (loadtest.Options, error) {
	if len(f.scenarios) == 0 {
		f.scenarios = loadtest.Scenarios
	}
	o := loadtest.Options{
		Targets: f.targets, Organiser: *f.organiser, Scenarios: f.scenarios, Phones: *f.phones, Consoles: *f.consoles,
		Duration: *f.seconds, Rate: *f.rate, Settle: *f.settle, LoopPause: *f.rest, Out: f.p.stdout, Log: f.p.logger(&f.level),
	}
	for _, text := range f.pids {
		pid, err := strconv.Atoi(text)
		if err != nil {
			return o, usageError("--server-pid: %q is not a number", text)
		}
		o.PIDs = append(o.PIDs, pid)
	}
	return o, nil
}

// measureLoad measures running servers, or starts the servers that it measures.
func measureLoad(ctx context.Context, p *program, args []string) error {
	// The phones' loop waits in system calls, which must not keep other goroutines from running.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(max(4, runtime.GOMAXPROCS(0))))
	if len(args) > 0 {
		switch args[0] {
		case "baseline":
			return loadBaseline(ctx, p, args[1:])
		case "compare":
			return loadCompare(ctx, p, args[1:])
		case "hub":
			return loadHub(ctx, p, args[1:])
		}
	}
	f := newLoadFlags(p, "load", "--target URL [--target URL] --organiser LINK [--phones N] [--scenario LIST] | baseline … | compare … | hub --addr HOST:PORT")
	f.Var(&f.targets, "target", "the `URL` of a server, http://host:port; with several, commands go to the first and phones to the last")
	f.Var(&f.pids, "server-pid", "the `pid` of a server on this machine; without it, memory and processor time are read from /metrics")
	f.organiser = f.String("organiser", "", "an organiser's `link`; each scenario makes its own event")
	if _, err := f.parse(args, 0); err != nil {
		return err
	}
	if len(f.targets) == 0 || *f.organiser == "" {
		return usageError("say what to measure: --target URL and --organiser LINK, or baseline, or compare")
	}
	o, err := f.options()
	if err != nil {
		return err
	}
	return loadtest.Run(ctx, o)
}

// loadHub serves the chat-style hub that servers are compared with, until ctx ends.
func loadHub(ctx context.Context, p *program, args []string) error {
	f := newFlags(p, "load hub", "[--addr HOST:PORT]")
	addr := f.String("addr", "127.0.0.1:0", "the `host:port` to listen on")
	if _, err := f.parse(args, 0); err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", *addr)
	if err != nil {
		return err
	}
	h := chathub.New()
	ended := make(chan struct{})
	go func() { defer close(ended); h.Run(ctx.Done()) }()
	s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { s.Close() })
	defer stop()
	fmt.Fprintln(p.stdout, "hub serves", "http://"+listener.Addr().String())
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

// Set adds words.
func (l *wordList) Set(value string) error {
	for word := range strings.SplitSeq(value, ",") {
		*l = append(*l, strings.TrimSpace(word))
	}
	return nil
}
