package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// fakeServer is a server whose every frame a test chooses. Clients reach it over
// in-memory pipes, so that it works in a bubble of testing/synctest with fake time.
type fakeServer struct {
	t       *testing.T
	peers   chan *peer
	pipes   chan net.Conn
	http    *http.Server
	through *http.Transport // that clients dial with

	mu        sync.Mutex
	signIns   int
	signIn    func(n int) (status int, body string) // nil: a token
	handshake func() (status int, retryAfter string)
	snapshot  func(query string) (status int, body []byte)
}

const secret = "s3cr3t-of-the-link"

// newFakeServer starts a server that ends with the test.
func newFakeServer(t *testing.T) *fakeServer {
	f := &fakeServer{t: t, peers: make(chan *peer), pipes: make(chan net.Conn)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/sign-in", f.serveSignIn)
	mux.HandleFunc("GET /api/v1/events/demo/live", f.serveLive)
	mux.HandleFunc("GET /api/v1/events/demo/snapshot", f.serveSnapshot)
	f.http = &http.Server{Handler: mux}
	f.through = &http.Transport{DialContext: f.dial, DisableKeepAlives: true}
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := f.http.Serve(pipeListener{f.pipes, make(chan struct{}), new(sync.Once)}); err != http.ErrServerClosed {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		f.http.Close()
		f.through.CloseIdleConnections()
		serving.Wait()
	})
	return f
}

func (f *fakeServer) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case f.pipes <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type pipeListener struct {
	pipes  chan net.Conn
	closed chan struct{}
	once   *sync.Once
}

func (l pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.pipes:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l pipeListener) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (f *fakeServer) serveSignIn(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Event, Link, Secret string
		Bearer              bool
	}
	if err := json.NewDecoder(r.Body).Decode(&ask); err != nil || ask.Secret != secret || !ask.Bearer {
		f.t.Errorf("unexpected sign-in: %+v, %v", ask, err)
	}
	f.mu.Lock()
	f.signIns++
	n, respond := f.signIns, f.signIn
	f.mu.Unlock()
	if respond != nil {
		if status, body := respond(n); status != http.StatusOK {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
			return
		}
	}
	fmt.Fprintf(w, `{"event":"demo","link":%q,"who":"attendee:k03a","page":"attendee","expires":1,"token":"token-%d"}`, ask.Link, n)
}

func (f *fakeServer) serveLive(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer token-") {
		f.t.Errorf("no bearer token: %q", r.Header.Get("Authorization"))
	}
	f.mu.Lock()
	refuse := f.handshake
	f.mu.Unlock()
	if refuse != nil {
		if status, after := refuse(); status != 0 {
			w.Header().Set("Retry-After", after)
			w.WriteHeader(status)
			fmt.Fprint(w, `{"code":"refused"}`)
			return
		}
	}
	ws, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		f.t.Error(err)
		return
	}
	p := &peer{f: f, ws: ws, token: r.Header.Get("Authorization"), frames: make(chan wire.ClientFrame, 64)}
	go p.read()
	f.peers <- p
}

func (f *fakeServer) serveSnapshot(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	respond := f.snapshot
	f.mu.Unlock()
	status, body := respond(r.URL.RawQuery)
	w.WriteHeader(status)
	w.Write(body)
}

// script calls set, which may change how the server responds over HTTP.
func (f *fakeServer) script(set func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	set()
}

// options returns options for a client of this server, whose pauses are half of their
// longest.
func (f *fakeServer) options() client.Options {
	return client.Options{
		Transport: client.TransportSocket,
		HTTP:      &http.Client{Transport: f.through},
		Dialer:    &websocket.Dialer{NetDialContext: f.dial},
		Jitter:    func() float64 { return 0.5 },
	}
}

const attendeeLink = "http://venue.test/attendee#demo.attendee-k03a." + secret

// dialAsync dials in a goroutine and sends the result.
func (f *fakeServer) dialAsync(ctx context.Context, o client.Options) <-chan dialResult {
	done := make(chan dialResult, 1)
	go func() {
		c, err := client.Dial(ctx, attendeeLink, o)
		done <- dialResult{c, err}
	}()
	return done
}

type dialResult struct {
	c   *client.Client
	err error
}

// connected dials. It returns the client after it has applied a snapshot of these
// cards at sequence 5, and the server's end of its connection.
func (f *fakeServer) connected(o client.Options, cards string) (*client.Client, *peer) {
	f.t.Helper()
	done := f.dialAsync(f.t.Context(), o)
	p := f.accept()
	if h := p.hello(); h.Have != nil {
		f.t.Fatalf("the first hello has a position: %v", h.Have)
	}
	p.welcome()
	p.send(snapshot(5, cards))
	d := <-done
	if d.err != nil {
		f.t.Fatal(d.err)
	}
	f.t.Cleanup(d.c.Close)
	p.ack(5)
	return d.c, p
}

// accept waits for the next connection.
func (f *fakeServer) accept() *peer {
	f.t.Helper()
	select {
	case p := <-f.peers:
		f.t.Cleanup(func() { p.ws.Close() })
		return p
	case <-time.After(time.Hour):
		f.t.Fatal("no client connected within an hour")
		return nil
	}
}

// peer is the server's end of a connection.
type peer struct {
	f      *fakeServer
	ws     *websocket.Conn
	token  string
	frames chan wire.ClientFrame // closed when the client has left
	code   int                   // the client's close code
}

func (p *peer) read() {
	defer close(p.frames)
	for {
		_, text, err := p.ws.ReadMessage()
		if err != nil {
			if closed, ok := err.(*websocket.CloseError); ok {
				p.code = closed.Code
			}
			return
		}
		frame, problem := wire.DecodeClient(text)
		if problem != nil {
			p.f.t.Errorf("the client sent %s: %v", text, problem)
		}
		p.frames <- frame
	}
}

// frame waits for the client's next frame.
func (p *peer) frame() wire.ClientFrame {
	p.f.t.Helper()
	select {
	case frame, ok := <-p.frames:
		if !ok {
			p.f.t.Fatalf("the client left with code %d", p.code)
		}
		return frame
	case <-time.After(time.Hour):
		p.f.t.Fatal("no frame of the client within an hour")
		return wire.ClientFrame{}
	}
}

func (p *peer) hello() *wire.Hello {
	p.f.t.Helper()
	f := p.frame()
	if f.Hello == nil {
		p.f.t.Fatalf("no hello: %+v", f)
	}
	return f.Hello
}

func (p *peer) ack(seq uint64) {
	p.f.t.Helper()
	if f := p.frame(); f.Ack == nil || f.Ack.Seq != seq {
		p.f.t.Fatalf("no ack of %d: %s", seq, wire.EncodeClient(f))
	}
}

func (p *peer) ping() *wire.Ping {
	p.f.t.Helper()
	f := p.frame()
	if f.Ping == nil {
		p.f.t.Fatalf("no ping: %s", wire.EncodeClient(f))
	}
	return f.Ping
}

func (p *peer) command() *wire.Command {
	p.f.t.Helper()
	f := p.frame()
	if f.Command == nil {
		p.f.t.Fatalf("no command: %s", wire.EncodeClient(f))
	}
	return f.Command
}

// left waits until the client has closed the connection without another frame.
func (p *peer) left() {
	p.f.t.Helper()
	select {
	case frame, ok := <-p.frames:
		if ok {
			p.f.t.Fatalf("another frame of the client: %s", wire.EncodeClient(frame))
		}
	case <-time.After(time.Hour):
		p.f.t.Fatal("the client did not leave within an hour")
	}
}

func (p *peer) send(frame string) {
	p.f.t.Helper()
	if err := p.ws.WriteMessage(websocket.TextMessage, []byte(frame)); err != nil {
		p.f.t.Fatal(err)
	}
}

// close closes the connection with a code; with 0 it breaks it.
func (p *peer) close(code wire.CloseCode) {
	if code != 0 {
		text := websocket.FormatCloseMessage(int(code), "")
		if err := p.ws.WriteControl(websocket.CloseMessage, text, time.Now().Add(time.Second)); err != nil {
			p.f.t.Error(err)
		}
	}
	p.ws.Close()
}

const subjects = "5e1f0c2a77aa4b01"

func (p *peer) welcome() {
	p.f.t.Helper()
	now := time.Now().UnixMilli()
	p.send(fmt.Sprintf(`{"hello":{"v":1,"event":"demo","you":{"who":"attendee:k03a","link":"attendee-k03a","name":{"en":"K"}},`+
		`"subjects":%q,"now":%d,"clock":{"wall":%d,"event":1000000,"rate":10}}}`, subjects, now, now))
}

// pong sends the pong of the ping n with the position seq.
func (p *peer) pong(n uint32, seq uint64) {
	p.f.t.Helper()
	now := time.Now().UnixMilli()
	p.send(fmt.Sprintf(`{"pong":{"n":%d,"now":%d,"clock":{"wall":%d,"event":1000000,"rate":10},"at":%s}}`, n, now, now, at(seq)))
}

func position(seq uint64) journal.Position { return journal.Position{Epoch: 1, Seq: seq} }

func at(seq uint64) string {
	return fmt.Sprintf(`{"epoch":1,"seq":%d,"hash":"%064d"}`, seq, 0)
}

func snapshot(seq uint64, cards string) string {
	return `{"snapshot":` + view(seq, cards) + `}`
}

func view(seq uint64, cards string) string {
	return fmt.Sprintf(`{"at":%s,"cards":%s}`, at(seq), cards)
}

func patch(from, to uint64, set string) string {
	return fmt.Sprintf(`{"patch":{"from":%d,"to":%s,"set":%s}}`, from, at(to), set)
}

func text(v client.View) string {
	return string(wire.EncodeSnapshot(wire.Snapshot{At: v.At, Cards: v.Cards}))
}

var release = wire.Command{Body: floor.ReleaseSchedule{}}
