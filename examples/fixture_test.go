package examples_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// limit bounds every wait.
const limit = 30 * time.Second

// programs builds this module's program and the examples, once for all tests, and
// returns their folder.
var programs = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "matchfloor-examples-")
	if err != nil {
		return "", err
	}
	out, err := exec.Command("go", "build", "-o", dir, "..", "./follow-event", "./give-command").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("go build: %w\n%s", err, out)
	}
	return dir, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, _ := programs(); dir != "" {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// program returns the file of a program.
func program(t *testing.T, name string) string {
	t.Helper()
	dir, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, name)
}

// process is a running program.
type process struct {
	t      *testing.T
	name   string
	cmd    *exec.Cmd
	stderr bytes.Buffer
	ended  chan struct{} // closed after the end of the process

	mu    sync.Mutex
	lines []string      // of its standard output
	more  chan struct{} // has a value when there are new lines
}

// start starts a program, which ends with the test at the latest.
func start(t *testing.T, name, file string, args ...string) *process {
	t.Helper()
	p := &process{t: t, name: name, cmd: exec.Command(file, args...), ended: make(chan struct{}), more: make(chan struct{}, 1)}
	p.cmd.Stderr = &p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		p.read(out)
		_ = p.cmd.Wait() // its result is in cmd.ProcessState
	}()
	t.Cleanup(func() { p.end() })
	return p
}

func (p *process) read(out io.Reader) {
	for s := bufio.NewScanner(out); s.Scan(); {
		p.mu.Lock()
		p.lines = append(p.lines, s.Text())
		p.mu.Unlock()
		select {
		case p.more <- struct{}{}:
		default:
		}
	}
}

// output returns what the program has printed.
func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.lines) == 0 {
		return ""
	}
	return strings.Join(p.lines, "\n") + "\n"
}

// waitFor waits until the program has printed some texts, one after another.
func (p *process) waitFor(texts ...string) {
	p.t.Helper()
	late := time.After(limit)
	for !inOrder(p.output(), texts) {
		select {
		case <-p.more:
		case <-p.ended:
			if inOrder(p.output(), texts) {
				return
			}
			p.t.Fatalf("%s has ended without %q:\n%s%s", p.name, texts, p.output(), &p.stderr)
		case <-late:
			p.t.Fatalf("%s has not printed %q within %v:\n%s", p.name, texts, limit, p.output())
		}
	}
}

// inOrder reports whether a text contains some others, one after another.
func inOrder(text string, parts []string) bool {
	for _, part := range parts {
		_, after, found := strings.Cut(text, part)
		if !found {
			return false
		}
		text = after
	}
	return true
}

// wait waits for the end of the program and returns its exit code.
func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(limit):
		p.cmd.Process.Kill()
		p.t.Errorf("%s did not end within %v:\n%s", p.name, limit, p.output())
		<-p.ended
	}
	return p.cmd.ProcessState.ExitCode()
}

// end asks the program to end and returns its exit code.
func (p *process) end() int {
	p.t.Helper()
	select {
	case <-p.ended:
	default:
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			p.t.Errorf("%s: %v", p.name, err)
		}
	}
	return p.wait()
}

// demo is a process of `matchfloor demo` without simulated people.
type demo struct {
	t     *testing.T
	url   string
	links map[string]string // by role
}

func startDemo(t *testing.T) *demo {
	t.Helper()
	p := start(t, "the demo", program(t, "matchfloor"), "demo", "--addr", "127.0.0.1:0", "--crowd", "0")
	p.waitFor("/organiser#") // the last link
	d := &demo{t: t, links: map[string]string{}}
	var role string
	for line := range strings.Lines(p.output()) {
		words := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "matchfloor plays the sample forum at "):
			d.url = strings.TrimSuffix(words[6], ",")
		case len(words) == 1 && d.url != "" && strings.HasPrefix(words[0], d.url+"/"):
			d.links[role] = words[0]
		case len(words) > 1:
			role = words[0]
		}
	}
	return d
}

// link returns the link of a role with another base URL.
func (d *demo) link(role, base string) string { return base + strings.TrimPrefix(d.links[role], d.url) }

// dial connects with the link of a role.
func (d *demo) dial(role string) *client.Client {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), limit)
	defer cancel()
	c, err := client.Dial(ctx, d.links[role], client.Options{})
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(c.Close)
	return c
}

func (d *demo) announce(c *client.Client, text string) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), limit)
	defer cancel()
	if _, err := c.Do(ctx, wire.Command{Body: floor.Announce{Text: floor.Text{En: text}}}); err != nil {
		d.t.Fatal(err)
	}
}

// sync waits until a client's view is the newest.
func (d *demo) sync(c *client.Client) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), limit)
	defer cancel()
	if _, err := c.Sync(ctx); err != nil {
		d.t.Fatal(err)
	}
}

// loseAnswers starts a proxy in front of the demo that loses the server's answers to
// commands, and returns its URL.
func (d *demo) loseAnswers() string {
	target, err := url.Parse(d.url)
	if err != nil {
		d.t.Fatal(err)
	}
	over := httputil.NewSingleHostReverseProxy(target)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !websocket.IsWebSocketUpgrade(r) {
			over.ServeHTTP(w, r)
			return
		}
		server, _, err := websocket.DefaultDialer.DialContext(r.Context(), "ws"+strings.TrimPrefix(d.url, "http")+r.URL.RequestURI(),
			http.Header{"Authorization": r.Header["Authorization"]})
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		ours, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if err != nil {
			server.Close()
			return
		}
		var relaying sync.WaitGroup
		relaying.Go(func() { relay(server, ours, func([]byte) bool { return true }) })
		relay(ours, server, func(frame []byte) bool { return !bytes.HasPrefix(frame, []byte(`{"accepted":`)) })
		relaying.Wait()
	}))
	d.t.Cleanup(front.Close)
	return front.URL
}

// relay forwards the frames that pass lets through, until one connection ends, and
// closes both.
func relay(to, from *websocket.Conn, pass func([]byte) bool) {
	defer to.Close()
	defer from.Close()
	for {
		kind, frame, err := from.ReadMessage()
		if err != nil {
			return
		}
		if pass(frame) && to.WriteMessage(kind, frame) != nil {
			return
		}
	}
}
