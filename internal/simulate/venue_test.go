package simulate_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/internal/simulate"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/server"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/static"
)

// venue is the sample forum on a real server. Clients reach it over in-memory pipes, so
// that it works in a bubble of testing/synctest with fake time.
type venue struct {
	hub     *hub.Hub
	links   []simulate.Link
	event   journal.LogID
	pipes   chan net.Conn
	through *http.Transport
}

// sample is the sample forum, read once.
var sample = sync.OnceValues(demo.Forum)

// openVenue starts a venue whose clock shows from on the forum's day, and runs at rate.
func openVenue(t *testing.T, from string, rate int) *venue {
	j := journal.NewMemory(time.Now)
	quiet := slog.New(slog.DiscardHandler)
	v := &venue{hub: hub.New(j, j, hub.Options{Logger: quiet}), pipes: make(chan net.Conn)}
	keys, err := auth.NewKeys(slices.Repeat([]byte("k"), 32))
	must(t, err)
	s, err := server.New(server.Options{Hub: v.hub, Keys: keys, Pages: static.Dist(), Log: quiet})
	must(t, err)
	v.fill(t, keys, from, rate)

	h := &http.Server{Handler: s}
	v.through = &http.Transport{DialContext: v.dial, DisableKeepAlives: true}
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := h.Serve(pipeListener{v.pipes, make(chan struct{}), new(sync.Once)}); err != http.ErrServerClosed {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		h.Close()
		must(t, v.hub.Close())
		serving.Wait()
	})
	return v
}

func (v *venue) fill(t *testing.T, keys auth.Keys, from string, rate int) {
	forum, err := sample()
	must(t, err)
	v.event = journal.LogID(forum.Event.ID)
	must(t, hub.ImportForum(t.Context(), v.hub, floor.Operator, "cli", forum))
	zone, err := time.LoadLocation(forum.Event.TimeZone)
	must(t, err)
	day := time.UnixMilli(int64(forum.Rounds[0].Plan.Start)).In(zone).Format(time.DateOnly)
	at, err := time.ParseInLocation("2006-01-02 15:04", day+" "+from, zone)
	must(t, err)
	v.submit(t, v.event, "clock", floor.SetClock{Event: floor.Instant(at.UnixMilli()), Rate: rate})
	v.submit(t, journal.InstanceLog, "organiser", floor.AddOrganiser{Organiser: "o1", Name: "o1"})
	for _, log := range []journal.LogID{journal.InstanceLog, v.event} {
		for _, l := range auth.LinksOf(keys, "http://127.0.0.1", floor.EventID(log), v.state(t, log)) {
			v.links = append(v.links, simulate.Link{Role: l.Role, ID: l.ID, Name: l.Name, URL: l.URL})
		}
	}
}

func (v *venue) submit(t *testing.T, log journal.LogID, id string, c floor.Command) {
	t.Helper()
	_, err := v.hub.Submit(t.Context(), log, floor.Envelope{Key: floor.CommandKey("cli/" + id), By: floor.Operator, Unconditional: true, Command: c})
	must(t, err)
}

func (v *venue) state(t *testing.T, log journal.LogID) floor.State {
	t.Helper()
	s, _, err := v.hub.State(t.Context(), log)
	must(t, err)
	return s
}

// options returns options for clients of the venue.
func (v *venue) options() client.Options {
	return client.Options{HTTP: &http.Client{Transport: v.through}, Dialer: &websocket.Dialer{NetDialContext: v.dial}}
}

func (v *venue) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case v.pipes <- local{theirs}:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// local is a pipe's end with a loopback address: the server accepts plain HTTP from this
// machine only.
type local struct{ net.Conn }

var loopback = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}

func (local) RemoteAddr() net.Addr { return loopback }
func (local) LocalAddr() net.Addr  { return loopback }

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
func (l pipeListener) Addr() net.Addr { return loopback }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
