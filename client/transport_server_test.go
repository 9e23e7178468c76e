package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// transports are the transports other than TransportAuto, by name.
var transports = map[string]client.Transport{
	"socket": client.TransportSocket, "stream": client.TransportStream, "poll": client.TransportPoll,
}

// onEveryTransport runs a test against a real server over each transport.
func onEveryTransport(t *testing.T, test func(*testing.T, context.Context, *venue)) {
	for name, transport := range transports {
		t.Run(name, func(t *testing.T) {
			v, ctx := newVenue(t)
			v.transport = transport
			test(t, ctx, v)
		})
	}
}

// proxyServer is a proxy between clients and a venue that refuses upgrades.
type proxyServer struct {
	sockets, streams, posts, polls atomic.Int64  // requests of each kind
	buffers                        bool          // responses are passed on when they are complete
	heldSeq                        atomic.Uint64 // the sequence in the hello of the latest stream
}

// start starts the proxy in front of a venue and returns its address.
func (o *proxyServer) start(t *testing.T, v *venue) string {
	t.Helper()
	target, err := url.Parse(v.http.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, FlushInterval: -1, ErrorLog: log.New(io.Discard, "", 0)}
	if o.buffers {
		proxy.ModifyResponse = bufferResponse
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Upgrade") != "":
			o.sockets.Add(1)
			http.Error(w, "<html>no upgrades here</html>", http.StatusForbidden)
			return
		case strings.HasSuffix(r.URL.Path, "/stream"):
			o.streams.Add(1)
			var hello wire.Hello
			if json.Unmarshal([]byte(r.URL.Query().Get("hello")), &hello) == nil && hello.Have != nil {
				o.heldSeq.Store(hello.Have.Seq)
			}
		case strings.HasSuffix(r.URL.Path, "/poll"):
			o.polls.Add(1)
		case strings.HasSuffix(r.URL.Path, "/commands"):
			o.posts.Add(1)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.CloseClientConnections)
	t.Cleanup(front.Close)
	return front.URL
}

// bufferResponse reads a response to its end before any of it is passed on.
func bufferResponse(r *http.Response) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// The WebSocket is tried twice, then the client works over streams.
func TestTransportAuto_ProxyWithoutUpgradesLeadsToStreams(t *testing.T) {
	v, ctx := newVenue(t)
	o := &proxyServer{}
	checkBehindProxy(t, ctx, v, o)
	if o.sockets.Load() != 2 || o.streams.Load() == 0 || o.posts.Load() != 1 || o.polls.Load() != 0 {
		t.Errorf("%d sockets, %d streams, %d posts, %d polls", o.sockets.Load(), o.streams.Load(), o.posts.Load(), o.polls.Load())
	}
}

// If streams do not come through either, the client polls.
func TestTransportAuto_BufferingProxyLeadsToPolls(t *testing.T) {
	v, ctx := newVenue(t)
	o := &proxyServer{buffers: true}
	checkBehindProxy(t, ctx, v, o)
	// The first stream ends by itself, and so comes through; the next one hangs.
	if o.sockets.Load() != 2 || o.streams.Load() < 2 || o.polls.Load() == 0 {
		t.Errorf("%d sockets, %d streams, %d polls", o.sockets.Load(), o.streams.Load(), o.polls.Load())
	}
}

// checkBehindProxy checks that the commands and changes of a moderator behind a proxy
// come through.
func checkBehindProxy(t *testing.T, ctx context.Context, v *venue, o *proxyServer) {
	t.Helper()
	link := v.link(floor.RoleModerator, lead)
	options := v.options()
	options.HTTP = &http.Client{Transport: &http.Transport{}}
	t.Cleanup(options.HTTP.CloseIdleConnections)
	c := mustDial(t, ctx, o.start(t, v)+strings.TrimPrefix(link, v.http.URL), options)
	done, err := c.Do(ctx, wire.Command{Base: c.Base(), Body: floor.CloseTable{Table: "T26", Reason: "leaks"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(ctx, done.Seq); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	if got, want := c.View(), v.serverDigest(t, ctx, c); got.Digest() != want {
		t.Errorf("at %d: the view differs from the server's", got.At.Seq)
	}
}

// A personal card is acknowledged at once, and so before the server would end the
// stream.
func TestTransportStream_NextRequestAcknowledges(t *testing.T) {
	v, ctx := newVenue(t)
	v.transport = client.TransportStream
	o := &proxyServer{}
	front := o.start(t, v)
	options := v.options()
	options.HTTP = &http.Client{Transport: &http.Transport{}}
	t.Cleanup(options.HTTP.CloseIdleConnections)
	phone := mustDial(t, ctx, front+strings.TrimPrefix(v.link(floor.RoleAttendee, nil), v.http.URL), options)
	if _, err := phone.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	var meeting floor.MeetingID
	for id, m := range client.Each[floor.OwnMeetingCard](phone.View(), "meeting") {
		if m.Pair != "" {
			meeting = floor.MeetingID(id)
		}
	}
	done, err := phone.Do(ctx, wire.Command{Body: floor.RequestInterpreter{Meeting: meeting}})
	if err != nil {
		t.Fatal(err)
	}
	tick, late := time.NewTicker(5*time.Millisecond), time.After(3*time.Second)
	defer tick.Stop()
	for o.heldSeq.Load() < done.Seq {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("the client acknowledged %d, want %d", o.heldSeq.Load(), done.Seq)
		}
	}
}

// After a burst of changes, each of which concerns some phones and the console, every
// client has the server's view. The test also logs the time from a command to the
// frames of the phones.
func TestTransport_BurstReachesEveryClient(t *testing.T) {
	onEveryTransport(t, burstReachesEveryClient)
}

func burstReachesEveryClient(t *testing.T, ctx context.Context, v *venue) {
	console := mustDial(t, ctx, v.link(floor.RoleModerator, lead), v.options())
	var phones []*client.Client
	var arrived []*atomic.Pointer[time.Time] // when the last frame of each phone arrived
	for _, role := range []floor.Role{floor.RoleAttendee, floor.RoleInterpreter, floor.RoleDisplay} {
		for n := range 4 {
			at := new(atomic.Pointer[time.Time])
			o := v.options()
			o.Observe = func(a client.ViewChange) { at.Store(&a.Received) }
			phones, arrived = append(phones, mustDial(t, ctx, v.link(role, skipFirst(n)), o)), append(arrived, at)
		}
	}
	var took []time.Duration
	for i := range 10 {
		began := time.Now()
		done, err := console.Do(ctx, wire.Command{Body: floor.Announce{Text: floor.Text{En: fmt.Sprint("one by one ", i)}, Minutes: 60}})
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range phones {
			if err := p.Wait(ctx, done.Seq); err != nil {
				t.Fatal(err)
			}
			took = append(took, arrived[i].Load().Sub(began))
		}
	}
	slices.Sort(took)
	t.Logf("from a command to a phone's frame: p50 %v, max %v", took[len(took)/2], took[len(took)-1])
	began := time.Now()
	for i := range 60 {
		meeting := floor.MeetingID(fmt.Sprintf("m%03d", 1+i%20))
		if _, err := console.Do(ctx, wire.Command{Body: floor.LockMeeting{Meeting: meeting, Locked: i/20%2 == 0}}); err != nil {
			t.Fatal(err)
		}
		if i%10 == 0 {
			if _, err := console.Do(ctx, wire.Command{Body: floor.Announce{Text: floor.Text{En: fmt.Sprint("burst ", i)}, Minutes: 60}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	commands := time.Since(began)
	for _, c := range append(phones, console) {
		if _, err := c.Sync(ctx); err != nil {
			t.Fatal(c.You().Who, err)
		}
		if c.View().Digest() != v.serverDigest(t, ctx, c) {
			t.Errorf("%s at %d: the view differs from the server's", c.You().Who, c.At().Seq)
		}
	}
	t.Logf("66 commands in %v; %d clients up to date %v after the first", commands, len(phones)+1, time.Since(began))
}

// skipFirst matches every link of a role but the first n.
func skipFirst(n int) func(floor.State, floor.Link) bool {
	return func(s floor.State, l floor.Link) bool {
		before := 0
		for other := range s.Links() {
			if other.Who.Role() == l.Who.Role() && other.ID < l.ID {
				before++
			}
		}
		return before >= n
	}
}
