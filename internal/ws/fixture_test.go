package ws

import (
	"bytes"
	"net"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testTimeout bounds every wait of a test.
const testTimeout = 10 * time.Second

var testConfig = Config{MaxMessage: 32 << 10, ShortPrefix: `{"ack":`, CloseTooMany: 4001, CloseSilent: 4000}

// A recorder is a handler that keeps what it receives, and may echo it.
type recorder struct {
	echo *Conn // nil: nothing is echoed

	mu                   sync.Mutex // guards the fields below
	messages, short      []string
	endCalls, closeCalls int
}

func (h *recorder) Message(_ int, payload []byte) {
	h.mu.Lock()
	h.messages = append(h.messages, string(payload))
	h.mu.Unlock()
	if h.echo != nil {
		// An error is seen by the client, which then reads no echo.
		_ = h.echo.Write(payload, time.Now().Add(testTimeout))
	}
}

func (h *recorder) ShortText(payload []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.short = append(h.short, string(payload))
}

func (h *recorder) AllowControl() bool { return true }

func (h *recorder) Ended() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.endCalls++
}

func (h *recorder) Closed() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closeCalls++
}

// ends returns how often Ended and Closed were called.
func (h *recorder) ends() (ended, closed int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.endCalls, h.closeCalls
}

// newConn returns a connection that no poller watches.
func newConn(conn net.Conn, h MessageHandler) *Conn {
	c := new(Conn)
	c.Init(&Poller{config: testConfig}, conn, h)
	return c
}

// tcpConn returns a connection over TCP, and the client's end of it.
func tcpConn(t testing.TB, p *Poller, h MessageHandler) (*Conn, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	there, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { there.Close() })
	here, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c := new(Conn)
	c.Init(p, here, h)
	return c, there
}

// eventually waits until done, for testTimeout at most.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(testTimeout); !done(); {
		if time.Now().After(end) {
			t.Fatal("not in time: " + what)
		}
		time.Sleep(2 * time.Millisecond) // a poll, bounded above
	}
}

// stacks counts the goroutines that are inside a function.
func stacks(t *testing.T, function string) int {
	t.Helper()
	var b bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&b, 2); err != nil {
		t.Fatal(err)
	}
	n := 0
	for stack := range strings.SplitSeq(b.String(), "\n\n") {
		if strings.Contains(stack, function+"(") {
			n++
		}
	}
	return n
}
