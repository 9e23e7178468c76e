package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/matchfloor/matchfloor/internal/loadtest"
)

// How long a measured server takes for what.
const (
	serverUp   = 30 * time.Second
	serverDown = 15 * time.Second
)

// served is a server that was started to be measured.
type served struct {
	command *exec.Cmd
	url     string
	link    string // the organiser's, of a first start
}

// startServed starts this program again and waits until it says where it serves.
// cpus, if not "", are the processors that it may use. first: it will also say the
// organiser's link.
func startServed(ctx context.Context, stderr io.Writer, cpus string, first bool, args ...string) (*served, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	words := append([]string{self}, args...)
	if cpus != "" {
		words = append([]string{"taskset", "-c", cpus}, words...)
	}
	s := &served{command: exec.CommandContext(ctx, words[0], words[1:]...)}
	s.command.Cancel = func() error { return s.command.Process.Signal(syscall.SIGTERM) }
	s.command.WaitDelay = serverDown
	s.command.Stderr = stderr
	out, err := s.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	said := make(chan error, 1)
	go func() { said <- s.listen(out, first) }()
	select {
	case err = <-said:
	case <-time.After(serverUp):
		err = errors.New("it does not say where it serves")
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the server to be measured: %w", err), s.end())
	}
	return s, nil
}

// listen reads what the server says first.
func (s *served) listen(out io.Reader, first bool) error {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, at, ok := strings.Cut(lines.Text(), " serves "); ok {
			s.url = at
		}
		if link, ok := strings.CutPrefix(lines.Text(), "organiser: "); ok {
			s.link = link
		}
		if s.url != "" && (s.link != "" || !first) {
			return nil
		}
	}
	return errors.Join(errors.New("it has ended"), lines.Err())
}

// end stops the server and waits for it.
func (s *served) end() error {
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	err := s.command.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() < 0 {
		return nil // the signal ended it
	}
	return err
}

// childFlags are those of the subcommands that start what they measure.
func (p *program) childFlags(name string) *loadFlags {
	f := p.loadFlags(name, "[--phones N] [--scenario LIST] [--server-cpus LIST]")
	f.cpus = f.String("server-cpus", "", "the `processors` that the started servers may use, as taskset -c takes them; pin this program to others")
	return f
}

// loadBaseline measures a chat-style hub in a process of its own.
func (p *program) loadBaseline(ctx context.Context, args []string) error {
	f := p.childFlags("load baseline")
	if _, err := f.parse(args, 0); err != nil {
		return err
	}
	o, err := f.options()
	if err != nil {
		return err
	}
	return p.onHub(ctx, f, o)
}

// onHub plays each scenario on a hub of its own.
func (p *program) onHub(ctx context.Context, f *loadFlags, o loadtest.Options) error {
	for _, scenario := range o.Scenarios {
		hub, err := startServed(ctx, p.stderr, *f.cpus, false, "load", "hub")
		if err != nil {
			return err
		}
		o := o
		o.Scenarios, o.Chat, o.PIDs = []string{scenario}, hub.url, []int{hub.command.Process.Pid}
		if err := errors.Join(loadtest.Run(ctx, o), hub.end()); err != nil {
			return err
		}
	}
	return nil
}

// loadCompare measures a server with a journal of one file, then the hub, each
// scenario on fresh processes, and prints both lines and their ratio.
func (p *program) loadCompare(ctx context.Context, args []string) error {
	f := p.childFlags("load compare")
	f.data = f.String("data", "", "the `directory` for the servers' data; a temporary one if not said")
	if _, err := f.parse(args, 0); err != nil {
		return err
	}
	o, err := f.options()
	if err != nil {
		return err
	}
	if *f.data == "" {
		if *f.data, err = os.MkdirTemp("", "matchfloor-load-"); err != nil {
			return err
		}
		defer os.RemoveAll(*f.data)
	}
	var not error
	for _, scenario := range o.Scenarios {
		ours, theirs, err := p.compareOne(ctx, f, o, scenario)
		if err != nil && !errors.Is(err, loadtest.ErrNotWhole) {
			return err
		}
		not = errors.Join(not, err)
		line, err := json.Marshal(ratioOf(ours, theirs))
		if err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "%s\n", line)
	}
	return not
}

func (p *program) compareOne(ctx context.Context, f *loadFlags, o loadtest.Options, scenario string) (ours, theirs loadtest.Result, err error) {
	o.Scenarios = []string{scenario}
	o.Told = func(_ string, r loadtest.Result) { ours = r }
	data := filepath.Join(*f.data, scenario)
	server, err := startServed(ctx, p.stderr, *f.cpus, true, "serve", "--addr", "127.0.0.1:0", "--data", data, "--log-level", "warn")
	if err != nil {
		return ours, theirs, err
	}
	o.Targets, o.Organiser, o.PIDs = []string{server.url}, server.link, []int{server.command.Process.Pid}
	address := strings.TrimPrefix(server.url, "http://")
	o.Fresh = func(context.Context) error { // which ends with the scenario; the server does not
		if err := server.end(); err != nil {
			return err
		}
		server, err = startServed(ctx, p.stderr, *f.cpus, false, "serve", "--addr", address, "--data", data, "--log-level", "warn")
		if err == nil {
			o.PIDs[0] = server.command.Process.Pid
		}
		return err
	}
	err = errors.Join(loadtest.Run(ctx, o), server.end())
	if err != nil && !errors.Is(err, loadtest.ErrNotWhole) {
		return ours, theirs, err
	}
	chat := o
	chat.Targets, chat.Fresh = nil, nil
	if scenario != "slow" { // whose frames are of several sizes; what counts is that the changes are large
		chat.Sizes = map[string]int{scenario: ours.FrameBytes}
	}
	chat.Told = func(_ string, r loadtest.Result) { theirs = r }
	return ours, theirs, errors.Join(err, p.onHub(ctx, f, chat))
}

// ratio is matchfloor's figures divided by the hub's; 0 where there is none.
type ratio struct {
	Scenario          string  `json:"scenario"`
	Server            string  `json:"server"` // "ratio"
	ConnectsPerSecond float64 `json:"connectsPerSecond,omitempty"`
	RSSConnection     float64 `json:"serverRSSPerConnection,omitempty"`
	KernelSocket      float64 `json:"kernelBytesPerConnection,omitempty"`
	CPUDelivery       float64 `json:"serverMicrosPerDelivery,omitempty"`
	CPUCommand        float64 `json:"serverMicrosPerCommand,omitempty"`
	LatencyP99        float64 `json:"latencyP99,omitempty"`
	LastWhole         float64 `json:"lastWholeMillis,omitempty"`
}

func ratioOf(ours, theirs loadtest.Result) ratio {
	by := func(a, b float64) float64 {
		if a == 0 || b == 0 {
			return 0
		}
		return a / b
	}
	r := ratio{
		Scenario: ours.Scenario, Server: "ratio", ConnectsPerSecond: by(ours.ConnectsPerSecond, theirs.ConnectsPerSecond),
		RSSConnection: by(ours.RSSConnection, theirs.RSSConnection), KernelSocket: by(ours.KernelSocket, theirs.KernelSocket),
		CPUDelivery: by(ours.CPUDelivery, theirs.CPUDelivery), CPUCommand: by(ours.CPUCommand, theirs.CPUCommand),
		LastWhole: by(ours.LastWhole, theirs.LastWhole),
	}
	if ours.Latency != nil && theirs.Latency != nil {
		r.LatencyP99 = by(ours.Latency.P99, theirs.Latency.P99)
	}
	return r
}
