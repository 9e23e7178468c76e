// Package redistest runs a real redis-server for tests: on a free port of the
// loopback address, with its data in the test's temporary directory, durable as
// matchfloor is to be run (append-only file, synced always).
package redistest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
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

	t       testing.TB
	program string
	dir     string
	args    []string
	process *exec.Cmd  // nil while it does not run
	ended   chan error // receives what Wait answered, once
}

// Start starts a server, which is killed when the test ends. Further arguments
// are handed to redis-server after its settings ("--maxmemory", "1mb"). Where no
// redis-server is on the PATH the test is skipped, or failed if the environment
// says CI=true.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		const missing = "redis-server is not installed: what runs through Redis is left out"
		if os.Getenv("CI") == "true" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	s := &Server{t: t, program: program, dir: t.TempDir(), args: args}
	t.Cleanup(s.end)
	// A port that was free may be taken by the time Redis binds it.
	for range 5 {
		s.Addr = freeAddr(t)
		if err = s.start(); err == nil {
			s.URL = "redis://" + s.Addr
			return s
		}
	}
	t.Fatalf("redis-server does not start: %v", err)
	return nil
}

func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Pid answers the server's process id, for tests that pause it.
func (s *Server) Pid() int { return s.process.Process.Pid }

// Stop ends the server in good order and waits until it has.
func (s *Server) Stop() { s.signal(syscall.SIGTERM) }

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
	if s.process == nil {
		s.t.Fatal("the redis-server does not run")
	}
	if err := s.process.Process.Signal(sig); err != nil {
		s.t.Fatalf("signalling redis-server: %v", err)
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
	_, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return err
	}
	s.process = exec.Command(s.program, append([]string{
		"--bind", "127.0.0.1", "--port", port, "--dir", s.dir, "--daemonize", "no",
		"--logfile", filepath.Join(s.dir, "log"), "--save", "", "--repl-diskless-sync-delay", "0",
		"--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction",
	}, s.args...)...)
	if err := s.process.Start(); err != nil {
		s.process = nil
		return err
	}
	ended := make(chan error, 1)
	s.ended = ended
	go func(p *exec.Cmd) { ended <- p.Wait() }(s.process)
	return s.ready()
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
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return false
	}
	if _, err := io.WriteString(conn, "INFO server\r\nPING\r\nQUIT\r\n"); err != nil {
		return false
	}
	said, err := io.ReadAll(conn)
	return err == nil && bytes.Contains(said, []byte("process_id:"+strconv.Itoa(s.Pid())+"\r")) && bytes.Contains(said, []byte("+PONG"))
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
