// Package redistest runs real redis-servers for tests: a single one, a master with replicas and
// Sentinels, or a cluster. They listen on free ports of the loopback address, keep their data
// in the test's temporary directory, and are as durable as matchfloor requires (append-only
// file, appendfsync always).
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

// serverTimeout bounds every wait for the start or the end of a server.
const serverTimeout = 20 * time.Second

// Server is one redis-server, which can be paused, killed and started again with the same port
// and data. Its methods are for one goroutine at a time. They fail the test if the server does
// not do what they ask.
type Server struct {
	Addr string // 127.0.0.1:port
	URL  string // redis://127.0.0.1:port

	front    *Proxy // for connections of the other servers; nil if they connect directly
	t        testing.TB
	program  string
	dir      string
	config   string      // the configuration file without the port; Redis may add to the file
	sentinel bool        // run as a Sentinel
	tls      *tls.Config // nil for plain TCP
	process  *exec.Cmd   // nil while the server does not run
	ended    chan error  // receives the result of Wait, once
}

// Start starts a server, which is killed when the test ends. Further arguments are settings that
// override its own ("--maxmemory", "1mb"). If there is no redis-server on the PATH the test is
// skipped; it fails if the environment has CI=true.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	s := prepare(t)
	s.config = durable + settings(args)
	s.startFirst()
	return s
}

// StartTLS starts a server that accepts only TLS, with the certificate of c, and requires a client
// certificate. The URL begins with rediss.
func StartTLS(t testing.TB, c *Certificates, args ...string) *Server {
	t.Helper()
	s := prepare(t)
	s.config, s.tls = durable+settings(args)+c.settings(), c.clientConfig()
	s.startFirst()
	return s
}

// durable is the configuration that matchfloor requires.
const durable = `daemonize no
save ""
appendonly yes
appendfsync always
maxmemory-policy noeviction
repl-diskless-sync-delay 0
`

// settings returns arguments as lines of a configuration.
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

// prepare returns a server that is not started yet.
func prepare(t testing.TB) *Server {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		const missing = "redis-server is not installed"
		if os.Getenv("CI") == "true" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	s := &Server{t: t, program: program, dir: t.TempDir()}
	t.Cleanup(s.cleanUp)
	return s
}

// startFirst starts a server for the first time, on a free port. It tries five ports, because
// another process may take a free port before Redis binds it.
func (s *Server) startFirst() {
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

// configure writes the configuration file.
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

// freeAddr returns a loopback address that no process listens on. Its port is below those that
// the system uses for outgoing connections, so that a killed server finds it free again.
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

// Pid returns the id of the server's process.
func (s *Server) Pid() int { return s.process.Process.Pid }

// Pause stops the process with SIGSTOP: its connections stay open and get no answer.
func (s *Server) Pause() { s.sendSignal(syscall.SIGSTOP) }

// Resume continues a paused process.
func (s *Server) Resume() { s.sendSignal(syscall.SIGCONT) }

// sendSignal sends a signal to the process.
func (s *Server) sendSignal(sig syscall.Signal) {
	s.t.Helper()
	if s.process == nil {
		s.t.Fatal("redis-server does not run")
	}
	if err := s.process.Process.Signal(sig); err != nil {
		s.t.Fatalf("signalling redis-server: %v", err)
	}
}

// Front returns the proxy through which the other servers connect to this one, or nil if they
// connect directly.
func (s *Server) Front() *Proxy { return s.front }

// announcedAddr returns the address that the other servers know.
func (s *Server) announcedAddr() string {
	if s.front != nil {
		return s.front.Addr
	}
	return s.Addr
}

// Running reports whether the process is running or paused.
func (s *Server) Running() bool { return s.process != nil }

// Kill ends the process with SIGKILL, and waits for its end.
func (s *Server) Kill() { s.endBy(syscall.SIGKILL) }

// Restart starts the killed server again, with its port and data, and returns when it is ready.
func (s *Server) Restart() {
	s.t.Helper()
	if err := s.start(); err != nil {
		s.t.Fatalf("redis-server does not start again: %v", err)
	}
}

// endBy ends the process with a signal and waits for its end.
func (s *Server) endBy(sig syscall.Signal) {
	s.t.Helper()
	// SIGKILL goes to the process group, which includes the processes that it has forked.
	if s.process == nil || sig != syscall.SIGKILL || syscall.Kill(-s.Pid(), sig) != nil {
		s.sendSignal(sig)
	}
	select {
	case <-s.ended:
		s.process = nil
	case <-time.After(serverTimeout):
		s.t.Fatalf("redis-server did not end by %v", sig)
	}
}

// cleanUp kills the server at the end of the test, and logs its output if the test has failed.
func (s *Server) cleanUp() {
	if s.process == nil {
		return
	}
	if s.t.Failed() {
		s.t.Logf("the log of redis-server:\n%s", s.logTail())
	}
	s.endBy(syscall.SIGKILL)
}

// start starts the process and waits until it is ready.
func (s *Server) start() error {
	args := []string{filepath.Join(s.dir, "conf")}
	if s.sentinel {
		args = append(args, "--sentinel")
	}
	s.process = exec.Command(s.program, args...)
	s.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that the processes that it forks can be killed too
	if err := s.process.Start(); err != nil {
		s.process = nil
		return err
	}
	ended := make(chan error, 1)
	s.ended = ended
	go func(p *exec.Cmd) { ended <- p.Wait() }(s.process)
	err := s.waitReady()
	if err != nil && s.process != nil {
		s.Kill() // a process that does not answer is not left running
	}
	return err
}

// waitReady waits until the server answers.
func (s *Server) waitReady() error {
	deadline := time.After(serverTimeout)
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case err := <-s.ended:
			s.process = nil
			return fmt.Errorf("it ended: %v: %s", err, s.logTail())
		case <-deadline:
			return errors.New("it does not answer")
		case <-ticker.C:
			if s.isReady() {
				return nil
			}
		}
	}
}

// isReady reports whether this server has loaded its data. It compares the process id, because
// another server may be on the port.
func (s *Server) isReady() bool {
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
	var output []byte
	for buffer := make([]byte, 4096); ; {
		n, err := conn.Read(buffer)
		output = append(output, buffer[:n]...)
		switch {
		case bytes.Contains(output, []byte("+PONG")):
			return bytes.Contains(output, []byte("process_id:"+strconv.Itoa(s.Pid())+"\r"))
		case err != nil || bytes.HasPrefix(output, []byte("-")):
			return false
		}
	}
}

// logTail returns the last lines of the server's log.
func (s *Server) logTail() string {
	log, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}
