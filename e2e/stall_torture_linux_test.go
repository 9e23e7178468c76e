package e2e_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/internal/ws/wstest"
)

// insideNetwork is set in the environment of a test that has a network of its own.
const insideNetwork = "MATCHFLOOR_STALL_INSIDE"

// One attendee with 24 sockets that never read stops no frame of the node. Their send buffers
// fill with pongs; then, six at a time, they send a command and a frame that is not allowed. It
// runs in a network with Ethernet's packets, in which the kernel's buffers fill as they do in a
// hall, and with send buffers of 32 KB. Streams that are never read are tried the same way.
func TestTortureStall_ClientThatDoesNotReadDelaysNoOther(t *testing.T) {
	torture(t)
	if os.Getenv(insideNetwork) == "" {
		repeatInNetwork(t)
		return
	}
	for name, c := range map[string]struct {
		secure bool
		attack func(*stall)
	}{
		"socket": {false, (*stall).sockets}, "socket, TLS": {true, (*stall).sockets},
		"stream": {false, (*stall).streams}, "stream, TLS": {true, (*stall).streams},
	} {
		t.Run(name, func(t *testing.T) { testStall(t, c.secure, c.attack) })
	}
}

// repeatInNetwork runs the test again in a network of its own.
func repeatInNetwork(t *testing.T) {
	t.Helper()
	// Without the bound, filling the buffers takes longer than a node waits for a silent client.
	script := `ip link set lo mtu 1500 up && echo 4096 16384 32768 >/proc/sys/net/ipv4/tcp_wmem && exec "$0" "$@"`
	c := exec.CommandContext(t.Context(), "unshare", "--user", "--map-root-user", "--net", "sh", "-c", script,
		os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=10m")
	c.Env = append(os.Environ(), insideNetwork+"=1")
	out, err := c.CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "=== ") {
			t.Log(strings.TrimSpace(line))
		}
	}
	if err != nil {
		t.Errorf("inside: %v", err)
	}
}

// A stall is an attack on a node.
type stall struct {
	t      *testing.T
	addr   string
	tls    *tls.Config // nil: plain HTTP
	token  string      // of the attendee who attacks
	others *roundTrips
}

const (
	stallSockets = 24
	stallWave    = 6               // sockets that are closed at a time
	stallQuiet   = 5 * time.Second // before the attack
)

func testStall(t *testing.T, secure bool, attack func(*stall)) {
	dir := t.TempDir()
	if out, errs, code := matchfloor(t, "import", "--create", writeForum(t), "--data", dir); code != 0 {
		t.Fatalf("import: %d %s %s", code, out, errs)
	}
	links := listLinks(t, eventID, "--data", dir)
	n := &node{t: t, addr: freeAddr(t), args: []string{"--data", dir}}
	s := &stall{t: t, addr: n.addr}
	if secure {
		var flags []string
		flags, s.tls = writeCertificate(t)
		n.args = append(n.args, flags...)
	}
	n.launch()
	t.Cleanup(n.kill)
	eventually(t, 30*time.Second, "the node to be ready", func() error {
		r, err := s.http().Get(s.url("http") + "/readyz")
		if err != nil {
			return err
		}
		r.Body.Close()
		if r.StatusCode != http.StatusOK {
			return errors.New(r.Status)
		}
		return nil
	})
	s.token = s.signIn(links["attendee:k01a"])
	s.others = s.measure(s.signIn(links["moderator:s1"]), 4)
	sleep(t.Context(), stallQuiet)
	before := s.others.take()
	attack(s)
	during := s.others.take()
	s.others.end()
	p99, most := percentile(before, 99), percentile(before, 100)
	t.Logf("%d round trips before: p50 %v, p99 %v, at most %v; %d during: p50 %v, p99 %v, at most %v", len(before),
		percentile(before, 50), p99, most, len(during), percentile(during, 50), percentile(during, 99), percentile(during, 100))
	if bound := max(2*p99, 10*time.Millisecond); percentile(during, 99) > bound {
		t.Errorf("p99 is %v, more than %v", percentile(during, 99), bound)
	}
	if bound := max(2*most, 100*time.Millisecond); percentile(during, 100) > bound {
		t.Errorf("a round trip took %v, more than %v", percentile(during, 100), bound)
	}
}

// sockets is the attack with WebSockets.
func (s *stall) sockets() {
	var deaf []net.Conn
	for range stallSockets {
		deaf = append(deaf, s.deafSocket())
		sleep(s.t.Context(), 250*time.Millisecond) // a link may connect 20 times, and then once a second
	}
	ping := wstest.MaskedFrame(0x89, strings.Repeat("x", 125))
	for _, conn := range deaf {
		s.tell(conn, strings.Repeat(ping, 150))
	}
	began, grown, most := time.Now(), time.Now(), 0
	for time.Since(grown) < time.Second && sleep(s.t.Context(), 56*time.Millisecond) {
		for _, conn := range deaf {
			s.tell(conn, ping)
		}
		if unsent := s.unsent(); unsent > most+stallSockets*len(ping)/4 {
			grown, most = time.Now(), unsent
		}
	}
	s.t.Logf("after %v the send buffers are full, with %d bytes each", time.Since(began).Round(time.Second), most/stallSockets)
	for wave := range slices.Chunk(deaf, stallWave) {
		for _, conn := range wave {
			s.tell(conn, wstest.MaskedFrame(0x81, `{"ping":{"n":1}}`)+wstest.MaskedFrame(0xc1, "{}"))
		}
		sleep(s.t.Context(), time.Second)
	}
}

// unsent returns how many bytes the send buffers of the node hold.
func (s *stall) unsent() (sum int) {
	s.t.Helper()
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		s.t.Fatal(err)
	}
	_, port, _ := strings.Cut(s.addr, ":")
	number, err := strconv.Atoi(port)
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) < 5 || !strings.HasSuffix(f[1], fmt.Sprintf(":%04X", number)) {
			continue
		}
		queued, _, _ := strings.Cut(f[4], ":")
		n, err := strconv.ParseInt(queued, 16, 64)
		if err != nil {
			s.t.Fatal(err)
		}
		sum += int(n)
	}
	return sum
}

// streams is the attack with Server-Sent Events.
func (s *stall) streams() {
	request := "GET /api/v1/events/" + eventID + `/stream?hello=%7B%22v%22%3A1%7D HTTP/1.1` +
		"\r\nHost: here\r\nAuthorization: Bearer " + s.token + "\r\n\r\n"
	for range stallSockets / stallWave {
		for range stallWave {
			conn, err := dialDeaf(s.t.Context(), "tcp", s.addr)
			if err != nil {
				s.t.Fatal(err)
			}
			s.t.Cleanup(func() { conn.Close() })
			if s.tls != nil {
				conn = tls.Client(conn, s.tls)
			}
			s.tell(conn, strings.Repeat(request, 20))
		}
		sleep(s.t.Context(), 2*time.Second)
	}
}

// deafSocket returns a WebSocket that has read its view and will read nothing more.
func (s *stall) deafSocket() net.Conn {
	conn := s.dial(s.token, dialDeaf)
	s.t.Cleanup(func() { conn.Close() })
	at, err := hello(conn)
	if err == nil {
		err = conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"ack":{"seq":%d}}`, at))
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return conn.NetConn()
}

// tell sends input on a connection that the server may have closed.
func (s *stall) tell(conn net.Conn, input string) {
	if err := conn.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
		s.t.Error(err)
	}
	_, _ = io.WriteString(conn, input) // it may have been closed as stuck
}

func (s *stall) url(scheme string) string {
	if s.tls != nil {
		scheme += "s"
	}
	return scheme + "://" + s.addr
}

func (s *stall) http() *http.Client {
	return &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: s.tls, DisableKeepAlives: true}}
}

// signIn returns the bearer token of a link.
func (s *stall) signIn(l personLink) string {
	s.t.Helper()
	link, err := client.ParseLink(l.at(s.url("http")))
	if err != nil {
		s.t.Fatal(err)
	}
	ask := fmt.Sprintf(`{"event":%q,"link":%q,"secret":%q,"bearer":true}`, link.Event, link.ID, link.Secret)
	r, err := s.http().Post(s.url("http")+"/api/v1/sign-in", "application/json", strings.NewReader(ask))
	if err != nil {
		s.t.Fatal(err)
	}
	defer r.Body.Close()
	var answer struct{ Token string }
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil || answer.Token == "" {
		s.t.Fatalf("sign-in: %d, %v", r.StatusCode, err)
	}
	return answer.Token
}

// dial opens a live connection.
func (s *stall) dial(token string, netDial func(ctx context.Context, network, addr string) (net.Conn, error)) *websocket.Conn {
	s.t.Helper()
	d := websocket.Dialer{HandshakeTimeout: 10 * time.Second, NetDialContext: netDial, TLSClientConfig: s.tls, WriteBufferSize: 512}
	conn, _, err := d.Dial(s.url("ws")+"/api/v1/events/"+eventID+"/live", http.Header{"Authorization": {"Bearer " + token}})
	if err != nil {
		s.t.Fatal(err)
	}
	return conn
}

// dialDeaf makes a connection with a small receive buffer.
func dialDeaf(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) (err error) {
		controlled := raw.Control(func(fd uintptr) {
			err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4<<10)
		})
		if controlled != nil {
			return controlled
		}
		return err
	}}
	return d.DialContext(ctx, network, addr)
}

// hello sends a hello and reads up to the snapshot. It returns the snapshot's sequence number.
func hello(conn *websocket.Conn) (seq uint64, err error) {
	if err := conn.WriteMessage(websocket.TextMessage, []byte(`{"hello":{"v":1}}`)); err != nil {
		return 0, err
	}
	for {
		var frame struct {
			Snapshot *struct{ At struct{ Seq uint64 } }
		}
		if err := conn.ReadJSON(&frame); err != nil {
			return 0, err
		}
		if frame.Snapshot != nil {
			return frame.Snapshot.At.Seq, nil
		}
	}
}

// roundTrips measures how long the pings of clients take.
type roundTrips struct {
	t       *testing.T
	running sync.WaitGroup
	stop    context.CancelFunc

	mu   sync.Mutex // guards took
	took []time.Duration
}

// measure pings on some connections, 18 times a second, until end.
func (s *stall) measure(token string, clients int) *roundTrips {
	ctx, stop := context.WithCancel(s.t.Context())
	r := &roundTrips{t: s.t, stop: stop}
	s.t.Cleanup(r.end)
	for range clients {
		conn := s.dial(token, nil)
		if _, err := hello(conn); err != nil {
			s.t.Fatal(err)
		}
		r.running.Go(func() {
			defer conn.Close()
			for sleep(ctx, 56*time.Millisecond) {
				if err := r.add(conn); err != nil && ctx.Err() == nil {
					s.t.Errorf("a client that reads: %v", err)
					return
				}
			}
		})
	}
	return r
}

// add measures one round trip.
func (r *roundTrips) add(conn *websocket.Conn) error {
	began := time.Now()
	if err := conn.WriteMessage(websocket.TextMessage, []byte(`{"ping":{"n":1}}`)); err != nil {
		return err
	}
	if err := conn.SetReadDeadline(began.Add(10 * time.Second)); err != nil {
		return err
	}
	for {
		_, text, err := conn.ReadMessage()
		if err != nil {
			return err
		}
		if strings.HasPrefix(string(text), `{"pong"`) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.took = append(r.took, time.Since(began))
			return nil
		}
	}
}

// take returns what was measured since the last call.
func (r *roundTrips) take() []time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	took := r.took
	r.took = nil
	return took
}

// end ends the measurement.
func (r *roundTrips) end() { r.stop(); r.running.Wait() }

// writeForum writes the sample workbook to a file.
func writeForum(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "forum.xlsx")
	if err := os.WriteFile(file, demo.Workbook(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// writeCertificate makes a certificate for the loopback address. It returns the flags of a
// server that has it, and the settings of a client that trusts it.
func writeCertificate(t *testing.T) (flags []string, trusting *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	made, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir, pool := t.TempDir(), x509.NewCertPool()
	files := map[string][]byte{
		"cert.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made}),
		"key.pem":  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool.AppendCertsFromPEM(files["cert.pem"])
	flags = []string{"--tls-cert", filepath.Join(dir, "cert.pem"), "--tls-key", filepath.Join(dir, "key.pem")}
	return flags, &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}
}
