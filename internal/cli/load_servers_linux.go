package cli

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

	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/internal/loadtest"
)

const (
	serverStartTimeout = 30 * time.Second
	serverStopTimeout  = 15 * time.Second
)

// childServer is a server in a process of its own that was started to be measured.
type childServer struct {
	command *exec.Cmd
	url     string
	link    string // of the organiser, if the server made one
}

// startServer starts this program with args and waits until it has printed its URL, and
// also the organiser's link if withLink is set. cpus are the processors that it may use,
// as taskset takes them; "" means all.
func startServer(ctx context.Context, stderr io.Writer, cpus string, withLink bool, args ...string) (*childServer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	words := append([]string{self}, args...)
	if cpus != "" {
		words = append([]string{"taskset", "-c", cpus}, words...)
	}
	s := &childServer{command: exec.CommandContext(ctx, words[0], words[1:]...)}
	s.command.Cancel = func() error { return s.command.Process.Signal(syscall.SIGTERM) }
	s.command.WaitDelay = serverStopTimeout
	s.command.Stderr = stderr
	out, err := s.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	printed := make(chan error, 1)
	go func() { printed <- s.readStart(out, withLink) }()
	select {
	case err = <-printed:
	case <-time.After(serverStartTimeout):
		err = errors.New("it has not printed its URL")
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the server to measure: %w", err), s.stop())
	}
	return s, nil
}

// readStart reads the lines that the server prints when it starts.
func (s *childServer) readStart(out io.Reader, withLink bool) error {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, at, ok := strings.Cut(lines.Text(), " serves "); ok {
			s.url = at
		}
		if link, ok := strings.CutPrefix(lines.Text(), "organiser: "); ok {
			s.link = link
		}
		if s.url != "" && (s.link != "" || !withLink) {
			return nil
		}
	}
	return errors.Join(errors.New("it has ended early"), lines.Err())
}

// stop stops the server and waits until its process has ended.
func (s *childServer) stop() error {
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	err := s.command.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() < 0 {
		return nil // it was ended by the signal
	}
	return err
}

// newChildFlags returns the flags of the forms of load that start what they measure.
func newChildFlags(p *commandline.Program, name string) *loadFlags {
	f := newLoadFlags(p, name, "[--phones N] [--scenario LIST] [--server-cpus LIST]",
		"taskset -c 1 matchfloor "+name+" --server-cpus 0 --phones 5000")
	f.cpus = f.String("server-cpus", "", "the `processors` that the started servers may use, as taskset -c takes them; run this program on others")
	f.tuning = newTuningFlags(f.Flags)
	return f
}

// loadBaseline measures the chat-style hub in a process of its own.
func loadBaseline(ctx context.Context, p *commandline.Program, args []string) error {
	f := newChildFlags(p, "load baseline")
	if _, err := f.ParseArgs(args, 0); err != nil {
		return err
	}
	o, err := f.options()
	if err != nil {
		return err
	}
	o.Tuning = f.tuning.names(p.Getenv)
	return playOnHub(ctx, f, o)
}

// playOnHub plays each scenario on a chat-style hub of its own.
func playOnHub(ctx context.Context, f *loadFlags, o loadtest.Options) error {
	for _, scenario := range o.Scenarios {
		hub, err := startServer(ctx, f.Program.Stderr, *f.cpus, false, append([]string{"load", "hub"}, f.tuning.args()...)...)
		if err != nil {
			return err
		}
		o := o
		o.Scenarios, o.Chat, o.PIDs = []string{scenario}, hub.url, []int{hub.command.Process.Pid}
		if err := errors.Join(loadtest.Run(ctx, o), hub.stop()); err != nil {
			return err
		}
	}
	return nil
}

// loadCompare measures a server with a data directory and then the chat-style hub, each
// scenario on new processes, and prints both results and their ratio.
func loadCompare(ctx context.Context, p *commandline.Program, args []string) error {
	f := newChildFlags(p, "load compare")
	f.data = f.String("data", "", "the `directory` for the servers' data; default a temporary one")
	if _, err := f.ParseArgs(args, 0); err != nil {
		return err
	}
	o, err := f.options()
	if err != nil {
		return err
	}
	o.Tuning = f.tuning.names(p.Getenv)
	if *f.data == "" {
		if *f.data, err = os.MkdirTemp("", "matchfloor-load-"); err != nil {
			return err
		}
		defer os.RemoveAll(*f.data)
	}
	var incomplete error
	for _, scenario := range o.Scenarios {
		ours, theirs, err := compareOne(ctx, f, o, scenario)
		if err != nil && !errors.Is(err, loadtest.ErrViewsDiffer) {
			return err
		}
		incomplete = errors.Join(incomplete, err)
		line, err := json.Marshal(ratioOf(ours, theirs))
		if err != nil {
			return err
		}
		fmt.Fprintf(p.Stdout, "%s\n", line)
	}
	return incomplete
}

// compareOne measures one scenario on both. It returns loadtest.ErrViewsDiffer with complete
// results.
func compareOne(ctx context.Context, f *loadFlags, o loadtest.Options, scenario string) (ours, theirs loadtest.Result, err error) {
	o.Scenarios = []string{scenario}
	o.OnResult = func(_ string, r loadtest.Result) { ours = r }
	serve := func(withLink bool, addr string) (*childServer, error) {
		args := []string{"serve", "--addr", addr, "--data", filepath.Join(*f.data, scenario), "--log-level", "warn"}
		return startServer(ctx, f.Program.Stderr, *f.cpus, withLink, append(args, f.tuning.args()...)...)
	}
	server, err := serve(true, "127.0.0.1:0")
	if err != nil {
		return ours, theirs, err
	}
	o.Targets, o.Organiser, o.PIDs = []string{server.url}, server.link, []int{server.command.Process.Pid}
	address := strings.TrimPrefix(server.url, "http://")
	o.Fresh = func(context.Context) error { // its context ends with the scenario, but the server must not
		if err := server.stop(); err != nil {
			return err
		}
		server, err = serve(false, address)
		if err == nil {
			o.PIDs[0] = server.command.Process.Pid
		}
		return err
	}
	err = errors.Join(loadtest.Run(ctx, o), server.stop())
	if err != nil && !errors.Is(err, loadtest.ErrViewsDiffer) {
		return ours, theirs, err
	}
	chat := o
	chat.Targets, chat.Fresh = nil, nil
	if scenario != "slow" { // its frames have several sizes; only that the changes are large matters
		chat.Sizes = map[string]int{scenario: ours.FrameBytes}
	}
	chat.OnResult = func(_ string, r loadtest.Result) { theirs = r }
	return ours, theirs, errors.Join(err, playOnHub(ctx, f, chat))
}

// ratio holds matchfloor's figures divided by the hub's. A figure that one of them lacks is 0.
type ratio struct {
	Scenario          string   `json:"scenario"`
	Server            string   `json:"server"` // "ratio"
	Tuning            []string `json:"tuning"` // of both
	ConnectsPerSecond float64  `json:"connectsPerSecond,omitempty"`
	RSSConnection     float64  `json:"serverRSSPerConnection,omitempty"`
	KernelSocket      float64  `json:"kernelBytesPerConnection,omitempty"`
	CPUDelivery       float64  `json:"serverMicrosPerDelivery,omitempty"`
	CPUCommand        float64  `json:"serverMicrosPerCommand,omitempty"`
	LatencyP99        float64  `json:"latencyP99,omitempty"`
	LatencyP50        float64  `json:"latencyP50,omitempty"`
	OtherP99          float64  `json:"otherLatencyP99,omitempty"`
	PeakRSS           float64  `json:"serverPeakRSS,omitempty"`
	LastWhole         float64  `json:"lastWholeMillis,omitempty"`
}

func ratioOf(ours, theirs loadtest.Result) ratio {
	divide := func(a, b float64) float64 {
		if a == 0 || b == 0 {
			return 0
		}
		return a / b
	}
	r := ratio{
		Scenario: ours.Scenario, Server: "ratio", Tuning: ours.Tuning, ConnectsPerSecond: divide(ours.ConnectsPerSecond, theirs.ConnectsPerSecond),
		RSSConnection: divide(ours.RSSConnection, theirs.RSSConnection), KernelSocket: divide(ours.KernelSocket, theirs.KernelSocket),
		CPUDelivery: divide(ours.CPUDelivery, theirs.CPUDelivery), CPUCommand: divide(ours.CPUCommand, theirs.CPUCommand),
		LastWhole: divide(ours.LastWhole, theirs.LastWhole), PeakRSS: divide(float64(ours.PeakRSS), float64(theirs.PeakRSS)),
	}
	if ours.Latency != nil && theirs.Latency != nil {
		r.LatencyP99, r.LatencyP50 = divide(ours.Latency.P99, theirs.Latency.P99), divide(ours.Latency.P50, theirs.Latency.P50)
	}
	if ours.OtherLatency != nil && theirs.OtherLatency != nil {
		r.OtherP99 = divide(ours.OtherLatency.P99, theirs.OtherLatency.P99)
	}
	return r
}
