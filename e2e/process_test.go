package e2e_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary is the program as a user would build it, built once for all tests.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "matchfloor-e2e")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "matchfloor")
	out, err := exec.Command("go", "build", "-o", file, "..").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return file, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if file, err := binary(); err == nil {
		os.RemoveAll(filepath.Dir(file))
	}
	os.Exit(code)
}

// matchfloor runs a subcommand to its end and returns its output and exit code.
func matchfloor(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	file, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, file, args...)
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil && c.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), c.ProcessState.ExitCode()
}

// node is a process of `matchfloor serve`.
type node struct {
	t      *testing.T
	addr   string
	args   []string
	cmd    *exec.Cmd
	output lockedBuffer
	done   chan struct{} // closed when the process has ended
}

// lockedBuffer is the output of a process.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// freeAddr returns a loopback address that is not in use. Its port is below those that systems
// give to outgoing connections, so that a node which is killed and started again finds it
// free.
func freeAddr(t *testing.T) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 15_000+mathrand.IntN(17_000)))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}

// startNode starts a node with the given journal flags and waits until it is ready.
func startNode(t *testing.T, args ...string) *node {
	t.Helper()
	n := &node{t: t, addr: freeAddr(t), args: args}
	n.start()
	t.Cleanup(n.kill)
	return n
}

func (n *node) url() string { return "http://" + n.addr }

// start starts the process, also after a kill, on the same address, and waits until it is
// ready.
func (n *node) start() {
	n.t.Helper()
	n.launch()
	ready := false
	defer func() {
		if !ready {
			n.dumpGoroutines()
		}
	}()
	eventually(n.t, 30*time.Second, "the node to be ready", func() error { return wantOK(n.url() + "/readyz") })
	ready = true
}

// dumpGoroutines ends a node that hangs and logs the stacks of its goroutines.
func (n *node) dumpGoroutines() {
	n.signal(syscall.SIGQUIT)
	select {
	case <-n.done:
	case <-time.After(5 * time.Second):
	}
	output := n.output.String()
	n.t.Logf("the node was not ready; its output: …%s", output[max(0, len(output)-32<<10):])
}

// launch starts the process.
func (n *node) launch() {
	n.t.Helper()
	file, err := binary()
	if err != nil {
		n.t.Fatal(err)
	}
	n.cmd = exec.Command(file, append([]string{"serve", "--addr", n.addr}, n.args...)...)
	n.cmd.Stdout, n.cmd.Stderr = &n.output, &n.output
	if err := n.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	done := make(chan struct{})
	n.done = done
	go func() { n.cmd.Wait(); close(done) }()
}

func (n *node) signal(s os.Signal) {
	select {
	case <-n.done:
	default:
		if err := n.cmd.Process.Signal(s); err != nil && n.t.Context().Err() == nil {
			n.t.Errorf("signal: %v", err)
		}
	}
}

// kill kills the process and waits until it has ended.
func (n *node) kill() {
	n.signal(syscall.SIGKILL)
	<-n.done
}

// drain asks the process to stop in good order and returns how long that took.
func (n *node) drain() time.Duration {
	n.t.Helper()
	began := time.Now()
	n.signal(syscall.SIGTERM)
	select {
	case <-n.done:
	case <-time.After(20 * time.Second):
		n.t.Fatal("the node did not stop within 20 s")
	}
	return time.Since(began)
}

func wantOK(url string) error {
	c := http.Client{Timeout: 2 * time.Second}
	r, err := c.Get(url)
	if err != nil {
		return err
	}
	r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return fmt.Errorf("%s has status %d", url, r.StatusCode)
	}
	return nil
}

// eventually polls check until it returns nil, and fails after a bound.
func eventually(t *testing.T, bound time.Duration, what string, check func() error) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(bound)
	err := check()
	for err != nil {
		select {
		case <-tick.C:
			err = check()
		case <-late:
			t.Fatalf("waited %v for %s: %v", bound, what, err)
		}
	}
}

// personLink is one entry of `matchfloor links --json`.
type personLink struct {
	Role string `json:"role"`
	ID   string `json:"id"`
	Name string `json:"name"`
	URL  string `json:"url"`
}

// listLinks returns the links of an event by "role:id".
func listLinks(t *testing.T, event string, where ...string) map[string]personLink {
	t.Helper()
	out, errs, code := matchfloor(t, append([]string{"links", "--event", event, "--json"}, where...)...)
	if code != 0 {
		t.Fatalf("links: exit %d: %s", code, errs)
	}
	var list []personLink
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatal(err)
	}
	links := make(map[string]personLink, len(list))
	for _, l := range list {
		links[l.Role+":"+l.ID] = l
	}
	return links
}

// at returns the link with another base URL of the same instance.
func (l personLink) at(base string) string {
	_, rest, _ := strings.Cut(l.URL, "://")
	if i := strings.Index(rest, "/"); i >= 0 && l.URL[0] != '/' {
		return base + rest[i:]
	}
	return base + l.URL
}

// writeKey writes an instance key as an operator would.
func writeKey(t *testing.T) string {
	t.Helper()
	key := make([]byte, 32)
	rand.Read(key)
	file := filepath.Join(t.TempDir(), "instance.key")
	if err := os.WriteFile(file, key, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
