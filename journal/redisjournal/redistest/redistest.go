// Package redistest runs real redis-servers for tests: one, a master with replicas
// and Sentinels, or a cluster. They listen on free ports of the loopback address,
// keep their data in the test's temporary directory, and are durable as matchfloor
// is to be run (append-only file, synced always).
package redistest

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait for the server.
const patience = 20 * time.Second

// Server is one redis-server, which can be stopped, killed and started again on
// the same port and data. Its methods are for one goroutine at a time; they fail
// the test where the server does not do as told.
type Server struct {
	Addr string // 127.0.0.1:port
	URL  string // redis://127.0.0.1:port

	front    *Proxy // through which the other servers reach it; nil: directly
	t        testing.TB
	program  string
	dir      string
	config   string      // of its file, but for the port; written once, Redis may write on in it
	sentinel bool        // it is no Redis but a Sentinel
	tls      *tls.Config // nil: plain
	process  *exec.Cmd   // nil while it does not run
	ended    chan error  // receives what Wait answered, once
}

// Start starts a server, which is killed when the test ends. Further arguments
// are settings that follow its own ("--maxmemory", "1mb"). Where no redis-server
// is on the PATH the test is skipped, or failed if the environment says CI=true.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	s := prepare(t)
	s.config = durable + settings(args)
	s.begin()
	return s
}

// StartTLS starts a server that speaks TLS only, with a certificate of c's, and
// asks for one. The URL begins with rediss.
func StartTLS(t testing.TB, c *Certificates, args ...string) *Server {
	t.Helper()
	s := prepare(t)
	s.config, s.tls = durable+settings(args)+c.settings(), c.client()
	s.begin()
	return s
}

// durable is how matchfloor wants a Redis to be.
const durable = `daemonize no
save ""
appendonly yes
appendfsync always
maxmemory-policy noeviction
repl-diskless-sync-delay 0
`

// settings writes arguments as lines of a configuration.
func settings(args []string) string {
	var text strings.Builder
	for _, arg := range args {
		if name, ok := strings.CutPrefix(arg, "--"); ok {
			text.WriteString("\n" + name)
			continue
		}
		if arg == "" {
			arg = `""`
		}
		text.WriteString(" " + arg)
	}
	return text.String() + "\n"
}

// prepare answers a server that is not started.
func prepare(t testing.TB) *Server {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		const missing = "redis-server is not installed: what runs through Redis is left out"
		if os.Getenv("CI") == "true" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	s := &Server{t: t, program: program, dir: t.TempDir()}
	t.Cleanup(s.end)
	return s
}

// begin starts a server for the first time. A port that was free may be taken by
// the time Redis binds it.
func (s *Server) begin() {
	s.t.Helper()
	var err error
	for range 5 {
		s.Addr = freeAddr(s.t)
		if err = s.configure(); err == nil {
			err = s.start()
		}
		if err == nil {
			s.URL = "redis://" + s.Addr
			if s.tls != nil {
				s.URL = "rediss://" + s.Addr
			}
			return
		}
	}
	s.t.Fatalf("redis-server does not start: %v", err)
}

// configure writes the configuration file for the port.
func (s *Server) configure() error {
	_, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return err
	}
	ports := "port " + port
	if s.tls != nil {
		ports = "port 0\ntls-port " + port
	}
	text := fmt.Sprintf("bind 127.0.0.1\n%s\ndir %s\nlogfile %s\n%s\n", ports, s.dir, filepath.Join(s.dir, "log"), s.config)
	return os.WriteFile(filepath.Join(s.dir, "conf"), []byte(text), 0o600)
}

// freeAddr answers a loopback address that nobody listens on. Its port is below
// those that systems give to outgoing connections: whoever is killed and started
// again finds it free.
func freeAddr(t testing.TB) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(5_000)))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}

// Pid answers the server's process id.
func (s *Server) Pid() int { return s.process.Process.Pid }

// Pause stops the process where it is: its connections stay open and nothing is
// answered.
func (s *Server) Pause() { s.tell(syscall.SIGSTOP) }

// Resume lets a paused process go on.
func (s *Server) Resume() { s.tell(syscall.SIGCONT) }

func (s *Server) tell(sig syscall.Signal) {
	s.t.Helper()
	if s.process == nil {
		s.t.Fatal("the redis-server does not run")
	}
	if err := s.process.Process.Signal(sig); err != nil {
		s.t.Fatalf("signalling redis-server: %v", err)
	}
}

// Front answers the proxy through which the other servers reach this one; nil
// where they do so directly.
func (s *Server) Front() *Proxy { return s.front }

// known answers the address by which other servers know this one.
func (s *Server) known() string {
	if s.front != nil {
		return s.front.Addr
	}
	return s.Addr
}

// Running reports whether the process runs, or is paused.
func (s *Server) Running() bool { return s.process != nil }

// Kill ends the server as a power cut would end the process, and waits for it.
func (s *Server) Kill() { s.signal(syscall.SIGKILL) }

// Restart starts the stopped or killed server again, on its port and data, and
// returns when it answers.
func (s *Server) Restart() {
	s.t.Helper()
	if err := s.start(); err != nil {
		s.t.Fatalf("redis-server does not start again: %v", err)
	}
}

func (s *Server) signal(sig syscall.Signal) {
	s.t.Helper()
	// A kill ends what it forked, too.
	if s.process == nil || sig != syscall.SIGKILL || syscall.Kill(-s.Pid(), sig) != nil {
		s.tell(sig)
	}
	select {
	case <-s.ended:
		s.process = nil
	case <-time.After(patience):
		s.t.Fatalf("redis-server did not end by %v", sig)
	}
}

func (s *Server) end() {
	if s.process == nil {
		return
	}
	if s.t.Failed() {
		s.t.Logf("redis-server says:\n%s", s.said())
	}
	s.signal(syscall.SIGKILL)
}

func (s *Server) start() error {
	args := []string{filepath.Join(s.dir, "conf")}
	if s.sentinel {
		args = append(args, "--sentinel")
	}
	s.process = exec.Command(s.program, args...)
	s.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that what it forks can be ended with it
	if err := s.process.Start(); err != nil {
		s.process = nil
		return err
	}
	ended := make(chan error, 1)
	s.ended = ended
	go func(p *exec.Cmd) { ended <- p.Wait() }(s.process)
	err := s.ready()
	if err != nil && s.process != nil {
		s.Kill() // what does not answer is not left behind
	}
	return err
}

// ready waits until the server answers a ping with its own process id's info.
func (s *Server) ready() error {
	deadline := time.After(patience)
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		select {
		case err := <-s.ended:
			s.process = nil
			return fmt.Errorf("it ended: %v: %s", err, s.said())
		case <-deadline:
			return errors.New("it does not answer")
		case <-again.C:
			if s.answers() {
				return nil
			}
		}
	}
}

// answers reports whether this server, and not another on its port, has loaded
// its data.
func (s *Server) answers() bool {
	conn, err := net.DialTimeout("tcp", s.Addr, time.Second)
	if err != nil {
		return false
	}
	if s.tls != nil {
		conn = tls.Client(conn, s.tls)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return false
	}
	if _, err := io.WriteString(conn, "INFO server\r\nPING\r\n"); err != nil {
		return false
	}
	var said []byte
	for buffer := make([]byte, 4096); ; {
		n, err := conn.Read(buffer)
		said = append(said, buffer[:n]...)
		switch {
		case bytes.Contains(said, []byte("+PONG")):
			return bytes.Contains(said, []byte("process_id:"+strconv.Itoa(s.Pid())+"\r"))
		case err != nil || bytes.HasPrefix(said, []byte("-")):
			return false
		}
	}
}

// said answers the end of the server's own log.
func (s *Server) said() string {
	log, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}
