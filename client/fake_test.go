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

// fake is a server of which a test says every word. It is reached over pipes, so
// that it lives in a bubble of testing/synctest, where time is fake.
type fake struct {
	t       *testing.T
	peers   chan *peer
	pipes   chan net.Conn
	http    *http.Server
	through *http.Transport

	mu        sync.Mutex
	signIns   int
	signIn    func(n int) (status int, body string) // nil: a token
	handshake func() (status int, retryAfter string)
	snapshot  func(query string) (status int, body []byte)
}

const secret = "s3cr3t-of-the-link"

// newFake starts a server that ends with the test.
func newFake(t *testing.T) *fake {
	f := &fake{t: t, peers: make(chan *peer), pipes: make(chan net.Conn)}
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

func (f *fake) dial(ctx context.Context, _, _ string) (net.Conn, error) {
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

func (f *fake) serveSignIn(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Event, Link, Secret string
		Bearer              bool
	}
	if err := json.NewDecoder(r.Body).Decode(&ask); err != nil || ask.Secret != secret || !ask.Bearer {
		f.t.Errorf("a strange sign-in: %+v, %v", ask, err)
	}
	f.mu.Lock()
	f.signIns++
	n, answer := f.signIns, f.signIn
	f.mu.Unlock()
	if answer != nil {
		if status, body := answer(n); status != http.StatusOK {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
			return
		}
	}
	fmt.Fprintf(w, `{"event":"demo","link":%q,"who":"attendee:k03a","page":"attendee","expires":1,"token":"token-%d"}`, ask.Link, n)
}

func (f *fake) serveLive(w http.ResponseWriter, r *http.Request) {
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

func (f *fake) serveSnapshot(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	answer := f.snapshot
	f.mu.Unlock()
	status, body := answer(r.URL.RawQuery)
	w.WriteHeader(status)
	w.Write(body)
}

// script sets how the server answers over HTTP.
func (f *fake) script(set func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	set()
}

// options are those of a client of this server, whose pauses are half of the most.
func (f *fake) options() client.Options {
	return client.Options{
		Transport: client.TransportSocket,

		HTTP:   &http.Client{Transport: f.through},
		Dialer: &websocket.Dialer{NetDialContext: f.dial},
		Jitter: func() float64 { return 0.5 },
	}
}

const attendeeLink = "http://venue.test/attendee#demo.attendee-k03a." + secret

// dial dials in the background; the answer comes on the channel.
func (f *fake) dialing(ctx context.Context, o client.Options) <-chan dialed {
	done := make(chan dialed, 1)
	go func() {
		c, err := client.Dial(ctx, attendeeLink, o)
		done <- dialed{c, err}
	}()
	return done
}

type dialed struct {
	c   *client.Client
	err error
}

// connected dials, and answers the client when it has taken a snapshot at 5 of
// these cards, and the server's end of its connection.
func (f *fake) connected(o client.Options, cards string) (*client.Client, *peer) {
	f.t.Helper()
	done := f.dialing(f.t.Context(), o)
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
func (f *fake) accept() *peer {
	f.t.Helper()
	select {
	case p := <-f.peers:
		f.t.Cleanup(func() { p.ws.Close() })
		return p
	case <-time.After(time.Hour):
		f.t.Fatal("nobody connected within an hour")
		return nil
	}
}

// peer is the server's end of a connection.
type peer struct {
	f      *fake
	ws     *websocket.Conn
	token  string
	frames chan wire.ClientFrame // closed when the client has gone
	code   int                   // the close code that it gave
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
			p.f.t.Fatalf("the client has gone with %d", p.code)
		}
		return frame
	case <-time.After(time.Hour):
		p.f.t.Fatal("the client said nothing for an hour")
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

// left waits until the client has gone, saying nothing more.
func (p *peer) left() {
	p.f.t.Helper()
	select {
	case frame, ok := <-p.frames:
		if ok {
			p.f.t.Fatalf("the client still speaks: %s", wire.EncodeClient(frame))
		}
	case <-time.After(time.Hour):
		p.f.t.Fatal("the client stays")
	}
}

func (p *peer) send(frame string) {
	p.f.t.Helper()
	if err := p.ws.WriteMessage(websocket.TextMessage, []byte(frame)); err != nil {
		p.f.t.Fatal(err)
	}
}

// close closes with a code, or without one as a broken connection does.
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

// pong answers a ping, saying that everything was sent up to seq.
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
