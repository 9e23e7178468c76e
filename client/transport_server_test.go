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

// ways are the transports by name.
var ways = map[string]client.Transport{
	"socket": client.TransportSocket, "stream": client.TransportStream, "poll": client.TransportPoll,
}

// everyWay runs a test at a real venue over each transport.
func everyWay(t *testing.T, test func(*testing.T, context.Context, *venue)) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			v, ctx := realVenue(t)
			v.transport = way
			test(t, ctx, v)
		})
	}
}

// obstacle is a proxy between clients and a venue.
type obstacle struct {
	sockets, streams, posts, polls atomic.Int64  // requests of each kind that it saw
	gathers                        bool          // answers are passed on whole
	held                           atomic.Uint64 // the sequence that a stream's hello said, the latest
}

// before puts the proxy in front of a venue and answers its address.
func (o *obstacle) before(t *testing.T, v *venue) string {
	t.Helper()
	target, err := url.Parse(v.http.URL)
	if err != nil {
		t.Fatal(err)
	}
	// It neither passes on an upgrade nor says so in the server's words.
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, FlushInterval: -1, ErrorLog: log.New(io.Discard, "", 0)}
	if o.gathers {
		proxy.ModifyResponse = gather
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
				o.held.Store(hello.Have.Seq)
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

// gather reads an answer to its end before anything of it goes on.
func gather(r *http.Response) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// TestProxyWithoutUpgrades: the WebSocket is tried twice, then the client is whole
// on a stream.
func TestProxyWithoutUpgrades(t *testing.T) {
	v, ctx := realVenue(t)
	o := &obstacle{}
	behind(t, ctx, v, o)
	if o.sockets.Load() != 2 || o.streams.Load() == 0 || o.posts.Load() != 1 || o.polls.Load() != 0 {
		t.Errorf("%d sockets, %d streams, %d posts, %d polls", o.sockets.Load(), o.streams.Load(), o.posts.Load(), o.polls.Load())
	}
}

// TestProxyThatGathers: where streams do not come through either, it polls.
func TestProxyThatGathers(t *testing.T) {
	v, ctx := realVenue(t)
	o := &obstacle{gathers: true}
	behind(t, ctx, v, o)
	// The first visit ends by itself, and so comes through whole; the next hangs.
	if o.sockets.Load() != 2 || o.streams.Load() < 2 || o.polls.Load() == 0 {
		t.Errorf("%d sockets, %d streams, %d polls", o.sockets.Load(), o.streams.Load(), o.polls.Load())
	}
}

// behind puts a moderator behind an obstacle and holds that commands and changes
// come through.
func behind(t *testing.T, ctx context.Context, v *venue, o *obstacle) {
	t.Helper()
	link := v.link(floor.RoleModerator, lead)
	options := v.options()
	options.HTTP = &http.Client{Transport: &http.Transport{}}
	t.Cleanup(options.HTTP.CloseIdleConnections)
	c := mustDial(t, ctx, o.before(t, v)+strings.TrimPrefix(link, v.http.URL), options)
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
	if got, want := c.View(), v.viewOf(t, ctx, c); got.Digest() != want {
		t.Errorf("at %d: another view than the server's", got.At.Seq)
	}
}

// TestStreamIsAcknowledgedByComingBack: what is a person's own at once, and so
// before the server would end the visit.
func TestStreamIsAcknowledgedByComingBack(t *testing.T) {
	v, ctx := realVenue(t)
	v.transport = client.TransportStream
	o := &obstacle{}
	front := o.before(t, v)
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
	for o.held.Load() < done.Seq {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("the client has said that it holds %d, not %d", o.held.Load(), done.Seq)
		}
	}
}

// TestBurstOverEveryWay: a burst of changes, each of which touches some phones and
// the console; afterwards all hold the server's view. It measures from the command
// to a phone's frame, changes one by one.
func TestBurstOverEveryWay(t *testing.T) { everyWay(t, burst) }

func burst(t *testing.T, ctx context.Context, v *venue) {
	console := mustDial(t, ctx, v.link(floor.RoleModerator, lead), v.options())
	var phones []*client.Client
	var arrived []*atomic.Pointer[time.Time] // when each phone's last frame had come
	for _, role := range []floor.Role{floor.RoleAttendee, floor.RoleInterpreter, floor.RoleDisplay} {
		for n := range 4 {
			at := new(atomic.Pointer[time.Time])
			o := v.options()
			o.Observe = func(a client.ViewChange) { at.Store(&a.Received) }
			phones, arrived = append(phones, mustDial(t, ctx, v.link(role, nth(n)), o)), append(arrived, at)
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
		if c.View().Digest() != v.viewOf(t, ctx, c) {
			t.Errorf("%s at %d: another view than the server's", c.You().Who, c.At().Seq)
		}
	}
	t.Logf("66 commands in %v; %d clients whole %v after the first", commands, len(phones)+1, time.Since(began))
}

// nth matches every link of a role but the first n.
func nth(n int) func(floor.State, floor.Link) bool {
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
