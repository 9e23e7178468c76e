// Package client follows an event live and gives commands to it: matchfloor's
// protocol (docs/PROTOCOL.md) for Go programs.
//
// A [Client] signs in with a link, keeps the view of that link up to date over
// however many connections it takes, and keeps each command until it is
// answered. What it has folded at a position is exactly what the server would
// show it there.
//
//	c, err := client.Dial(ctx, "https://host/moderator#demo.moderator-s1.…", client.Options{})
//	…
//	defer c.Close()
//	done, err := c.Do(ctx, wire.Command{Base: c.Base(), Body: floor.MoveMeeting{Meeting: "m017", Table: "T07"}})
//	err = c.Wait(ctx, done.Seq)
//	meeting, ok := client.Get[floor.MeetingCard](c.View(), "meeting/m017")
package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// Options are what a client may be told beside its link. The zero value is good.
type Options struct {
	// Event is the event to follow with an organiser's link, which is of no event
	// itself. With any other link it is left empty.
	Event floor.EventID
	// Saved is a view to resume from, of Client.Keep. The client owns it from now on.
	Saved *SavedView
	// Hidden says that nobody looks at the screen: see Client.SetHidden.
	Hidden bool
	// Observe is called for each frame that changed the view, in order, after it
	// was applied and before anyone who waits for it goes on. Frames wait for it;
	// it must not call the client.
	Observe func(ViewChange)
	// Transport is how the live connection is made; the zero value is good.
	Transport Transport
	// HTTP signs in and fetches large snapshots, and is the connection where there is
	// no WebSocket (without its Timeout then); nil is a client of its own.
	HTTP *http.Client
	// Dialer makes the live connections; nil is a good one with small buffers.
	Dialer *websocket.Dialer
	// Log is told of connections that fail, without anything personal; nil is silent.
	Log *slog.Logger
	// Jitter answers random numbers in [0, 1) for pauses; nil is math/rand/v2's.
	Jitter func() float64
}

// ErrClosed is what ended a client that was closed.
var ErrClosed = errors.New("client: closed")

// ClosedError is what ended a client that the server will not have back.
type ClosedError struct {
	Code    wire.CloseCode // of the connection's close; 0 where there was none
	Problem wire.Problem   // the error frame before it, where there was one
	Cause   error          // a *StatusError, where the server answered over HTTP
}

func (e *ClosedError) Error() string {
	switch {
	case e.Cause != nil:
		return "client: ended: " + e.Cause.Error()
	case e.Problem.Code != "":
		return fmt.Sprintf("client: closed by the server with %d: %s", e.Code, e.Problem.Error())
	}
	return fmt.Sprintf("client: closed by the server with %d", e.Code)
}

// Unwrap answers the cause.
func (e *ClosedError) Unwrap() error { return e.Cause }

// Client follows one event with one link. Its methods are safe for concurrent
// use. It runs two goroutines, and a third while it fetches a snapshot, until
// Close or until the server ends it.
type Client struct {
	link    Link
	event   floor.EventID
	options Options
	stop    context.CancelFunc
	done    chan struct{} // closed when everything has ended
	live    chan struct{} // closed with the first snapshot or patch
	wake    chan struct{} // holds at most one: the connection is to look around

	mu       sync.Mutex // guards what follows
	fold     fold
	arriving inbound // what the fold is given now
	subjects string
	you      wire.You
	clock    clock
	status   wire.StatusFrame
	online   bool
	hidden   bool
	waiters  map[*waiter]struct{}
	probes   map[*probe]struct{}
	outbox   []*pending
	last     error // why the connection before failed
	err      error // what ended the client
}

// Dial signs in with a link's URL and follows its event. It blocks until the first
// snapshot or patch has been applied, trying again with the protocol's pauses
// where that may help. ctx bounds the dialing only; Close ends the client. The
// error is ctx's, joined with the last failure, or an *ClosedError.
func Dial(ctx context.Context, link string, o Options) (*Client, error) {
	l, err := ParseLink(link)
	if err != nil {
		return nil, err
	}
	event := l.Event
	switch {
	case l.Event == instance:
		event = o.Event
	case o.Event != "" && o.Event != l.Event:
		return nil, fmt.Errorf("client: the link is of the event %s, not of %s", l.Event, o.Event)
	}
	if !floor.ValidID(string(event)) || event == instance {
		return nil, errors.New("client: an organiser's link needs Options.Event")
	}
	c := newClient(l, event, o)
	select {
	case <-c.live:
		return c, nil
	case <-c.done:
		return nil, c.Err()
	case <-ctx.Done():
		c.Close()
		return nil, errors.Join(ctx.Err(), c.lastFailure())
	}
}

func newClient(l Link, event floor.EventID, o Options) *Client {
	if o.HTTP == nil {
		o.HTTP = sharedHTTP
	}
	if o.Dialer == nil {
		o.Dialer = sharedDialer
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Log = o.Log.With("event", event, "link", l.ID)
	ctx, stop := context.WithCancel(context.Background())
	c := &Client{
		link: l, event: event, options: o, stop: stop,
		done: make(chan struct{}), live: make(chan struct{}), wake: make(chan struct{}, 1),
		clock: clock{start: time.Now()}, hidden: o.Hidden,
		waiters: make(map[*waiter]struct{}), probes: make(map[*probe]struct{}),
	}
	if k := o.Saved; k != nil {
		c.subjects = k.Subjects
		c.fold.keep(k.At, k.Cards)
	}
	c.fold.tell = c.changed
	go c.run(ctx)
	return c
}

// sharedHTTP serves every client that brings none: they all talk to few hosts.
var sharedHTTP = &http.Client{Timeout: 30 * time.Second}

var sharedDialer = &websocket.Dialer{
	Proxy:            http.ProxyFromEnvironment,
	HandshakeTimeout: connectTimeout,
	ReadBufferSize:   1024,
	WriteBufferSize:  1024,
	WriteBufferPool:  &sync.Pool{},
}

// Close ends the connection and the client, and returns when its goroutines have
// ended. Whoever waits in Do, Wait or WaitFor is answered with ErrClosed. Closing
// again does nothing.
func (c *Client) Close() {
	c.stop()
	<-c.done
}

// Done is closed when the client has ended: see Err.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err answers what ended the client, ErrClosed or an *ClosedError; nil while it lasts.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (c *Client) lastFailure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// Event answers the event that is followed.
func (c *Client) Event() floor.EventID { return c.event }

// You answers who the link is, as the last hello said.
func (c *Client) You() wire.You {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.you
}

// Live answers the last live frame of the connection.
func (c *Client) Live() wire.StatusFrame {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

// Online reports whether the view is being kept up to date: a snapshot or patch
// has come on the connection that there is now.
func (c *Client) Online() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.online
}

// Clock answers the event's clock as the server last told it.
func (c *Client) Clock() floor.EventClock {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.clock.event
}

// Wall estimates the server's wall time now.
func (c *Client) Wall() floor.Instant {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.clock.wall(time.Now())
}

// Now estimates the event's time now.
func (c *Client) Now() floor.Instant {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.clock.event.At(c.clock.wall(time.Now()))
}

// SetHidden says whether somebody looks at the screen. A hidden client is pinged
// for less often and acknowledges every frame at once.
func (c *Client) SetHidden(hidden bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hidden != hidden {
		c.hidden = hidden
		c.nudge()
	}
}

// nudge makes the connection look around; it never blocks.
func (c *Client) nudge() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}
