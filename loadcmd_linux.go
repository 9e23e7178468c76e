package main

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

// loadFlags say what is measured.
type loadFlags struct {
	*flags
	targets, scenarios, pids wordList
	organiser                *string
	phones, consoles, rate   *int
	seconds, settle, rest    *time.Duration
	level                    slog.LevelVar
	data, redis, cpus        *string // of compare and baseline
}

func (p *program) loadFlags(name, shape string) *loadFlags {
	f := &loadFlags{flags: p.newFlags(name, shape), organiser: new(string), data: new(string), redis: new(string), cpus: new(string)}
	f.Var(&f.scenarios, "scenario", "what is played: "+strings.Join(loadtest.Scenarios, ", ")+"; several parted by commas, all if not said")
	f.phones = f.Int("phones", 1000, "how many phones connect")
	f.consoles = f.Int("consoles", 6, "how many moderators' screens there are")
	f.rate = f.Int("rate", 500, "moves a second in the scenario personal")
	f.seconds = f.Duration("last", 20*time.Second, "how long personal, slow, day and cross last")
	f.settle = f.Duration("settle", 30*time.Second, "how long idle waits before memory is read")
	f.rest = f.Duration("rest", 500*time.Microsecond, "how long the phones rest after each look at their sockets, so that the server is not charged with waking them")
	f.level.Set(slog.LevelWarn)
	f.TextVar(&f.level, "log-level", &f.level, "`level` of the log: debug, info, warn or error")
	return f
}

// options answers what the flags say, but for whom it is played on.
func (f *loadFlags) options() (loadtest.Options, error) {
	if len(f.scenarios) == 0 {
		f.scenarios = loadtest.Scenarios
	}
	o := loadtest.Options{
		Targets: f.targets, Organiser: *f.organiser, Scenarios: f.scenarios, Phones: *f.phones, Consoles: *f.consoles,
		Lasting: *f.seconds, Rate: *f.rate, Settle: *f.settle, Rest: *f.rest, Out: f.p.stdout, Log: f.p.logger(&f.level),
	}
	for _, text := range f.pids {
		pid, err := strconv.Atoi(text)
		if err != nil {
			return o, usageError("--server-pid: %q is no number", text)
		}
		o.PIDs = append(o.PIDs, pid)
	}
	return o, nil
}

// measureLoad measures servers that run, or starts what it measures.
func measureLoad(ctx context.Context, p *program, args []string) error {
	// The phones' loop rests in the kernel: what else there is to do goes on beside it.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(max(4, runtime.GOMAXPROCS(0))))
	if len(args) > 0 {
		switch args[0] {
		case "baseline":
			return p.loadBaseline(ctx, args[1:])
		case "compare":
			return p.loadCompare(ctx, args[1:])
		case "hub":
			return p.loadHub(ctx, args[1:])
		}
	}
	f := p.loadFlags("load", "--target URL [--target URL] --organiser LINK [--phones N] [--scenario LIST] | baseline … | compare … | hub --addr HOST:PORT")
	f.Var(&f.targets, "target", "the `URL` of a server, http://host:port; of several, commands go to the first and phones to the last")
	f.Var(&f.pids, "server-pid", "the `pid` of a server on this machine; without it /metrics is asked")
	f.organiser = f.String("organiser", "", "an organiser's `link`: each scenario makes an event of its own")
	if _, err := f.parse(args, 0); err != nil {
		return err
	}
	if len(f.targets) == 0 || *f.organiser == "" {
		return usageError("say what is measured: --target URL and --organiser LINK, or baseline, or compare")
	}
	o, err := f.options()
	if err != nil {
		return err
	}
	return loadtest.Run(ctx, o)
}

// loadHub serves the hub that load is measured against, until ctx ends.
func (p *program) loadHub(ctx context.Context, args []string) error {
	f := p.newFlags("load hub", "[--addr HOST:PORT]")
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
	err = unlessClosed(s.Serve(listener))
	if ctx.Err() == nil {
		return errors.Join(err, s.Close())
	}
	<-ended
	return err
}

// wordList is a flag of words: repeated, or parted by commas.
type wordList []string

func (l *wordList) String() string { return strings.Join(*l, ",") }

// Set adds words.
func (l *wordList) Set(value string) error {
	for word := range strings.SplitSeq(value, ",") {
		*l = append(*l, strings.TrimSpace(word))
	}
	return nil
}
