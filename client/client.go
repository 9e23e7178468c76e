package client

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// Client follows one event with one link. Its methods are safe for concurrent
// use. It must be closed, unless the server has ended it before: see Done.
type Client struct {
	event    floor.EventID
	state    *state
	outbox   *outbox
	barriers *barriers
	wakeup   wakeup
	stop     context.CancelFunc
	done     chan struct{} // closed when the goroutines have ended
}

// Dial signs in with a link's URL and follows its event. It blocks until the first
// snapshot or patch has been applied, and retries with the pauses of the protocol.
// ctx bounds the dialing only; Close ends the client. If ctx ends first, the error
// joins ctx's with the last failure. If the server refuses the link for good, it is a
// *ClosedError. Other errors mean that the link or Options.Event is malformed.
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
		return nil, fmt.Errorf("client: the link belongs to the event %s, not to %s; leave Options.Event empty", l.Event, o.Event)
	}
	if !floor.ValidID(string(event)) || event == instance {
		return nil, errors.New("client: an organiser's link belongs to no event; set Options.Event")
	}
	c := start(l, event, o)
	select {
	case <-c.state.first:
		return c, nil
	case <-c.done:
		return nil, c.Err()
	case <-ctx.Done():
		c.Close()
		return nil, errors.Join(ctx.Err(), c.lastFailure())
	}
}

// start makes a client and starts its goroutines.
func start(l Link, event floor.EventID, o Options) *Client {
	o = o.withDefaults()
	wakeup := newWakeup()
	c := &Client{
		event: event, state: newState(o), wakeup: wakeup, done: make(chan struct{}),
		outbox: &outbox{wakeup: wakeup, jitter: o.Jitter}, barriers: newBarriers(wakeup),
	}
	m := &connector{
		shared: shared{
			state: c.state, outbox: c.outbox, barriers: c.barriers, wakeup: wakeup,
			api: &api{link: l, event: event, http: o.HTTP}, jitter: o.Jitter,
		},
		dialer: o.Dialer, transport: o.Transport, log: o.Log.With("event", event, "link", l.ID),
	}
	ctx, stop := context.WithCancel(context.Background())
	c.stop = stop
	go func() {
		defer close(c.done)
		defer stop()
		c.state.end(m.run(ctx))
	}()
	return c
}

// Close ends the connection and the client, and returns when the goroutines have
// ended. Calls of Do, Wait, WaitFor and Sync that are blocked return ErrClosed.
// Closing again does nothing.
func (c *Client) Close() {
	c.stop()
	<-c.done
}

// Done returns a channel that is closed when the client has ended: see Err.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err returns why the client has ended: ErrClosed or a *ClosedError. It returns nil
// while the client runs.
func (c *Client) Err() error {
	c.state.mu.Lock()
	defer c.state.mu.Unlock()
	return c.state.err
}

func (c *Client) lastFailure() error {
	c.state.mu.Lock()
	defer c.state.mu.Unlock()
	return c.state.lastFailure
}

// Event returns the event that the client follows.
func (c *Client) Event() floor.EventID { return c.event }

// You returns whom the link belongs to, as the server's last hello said.
func (c *Client) You() wire.You {
	c.state.mu.Lock()
	defer c.state.mu.Unlock()
	return c.state.you
}

// Status returns the last status frame of the current connection; the zero
// StatusFrame if there was none.
func (c *Client) Status() wire.StatusFrame {
	c.state.mu.Lock()
	defer c.state.mu.Unlock()
	return c.state.status
}

// Online reports whether the view is kept up to date: a snapshot or patch has
// arrived on the current connection.
func (c *Client) Online() bool {
	c.state.mu.Lock()
	defer c.state.mu.Unlock()
	return c.state.online
}

// Clock returns the event's clock as the server last sent it.
func (c *Client) Clock() floor.EventClock {
	c.state.mu.Lock()
	defer c.state.mu.Unlock()
	return c.state.clock.event
}

// Wall estimates the server's wall time now.
func (c *Client) Wall() floor.Instant {
	c.state.mu.Lock()
	defer c.state.mu.Unlock()
	return c.state.clock.wall(time.Now())
}

// Now estimates the event's time now.
func (c *Client) Now() floor.Instant {
	c.state.mu.Lock()
	defer c.state.mu.Unlock()
	return c.state.clock.event.At(c.state.clock.wall(time.Now()))
}

// SetHidden says whether the screen is hidden. A hidden client pings once a minute
// instead of every 20 seconds, and acknowledges every frame at once.
func (c *Client) SetHidden(hidden bool) {
	if c.state.setHidden(hidden) {
		c.wakeup.wake()
	}
}

// View returns the view as it is now. The caller owns its map; the cards are shared
// and must not be changed.
func (c *Client) View() View {
	c.state.mu.Lock()
	defer c.state.mu.Unlock()
	return View{c.state.replica.at, maps.Clone(c.state.replica.cards)}
}

// At returns the position of the view; the zero Position before the first.
func (c *Client) At() journal.Position { return c.state.position() }

// Read calls look with the view without copying it. The view is valid only during
// the call. Frames wait until look returns; look must not call the client.
func (c *Client) Read(look func(View)) { c.state.read(look) }

// Save returns a copy of the view to resume from later: see Options.Saved. It
// returns nil before the first view.
func (c *Client) Save() *SavedView { return c.state.save() }

// Wait blocks until the view is at the sequence seq or later. The error is ctx's,
// or why the client ended. If the record at seq changed nothing that this client
// may see, the client learns its position with a later frame or the next ping, up
// to 20 seconds later, or a minute if hidden; Sync asks for it at once.
func (c *Client) Wait(ctx context.Context, seq uint64) error {
	return c.WaitFor(ctx, func(v View) bool { return v.At.Seq >= seq })
}

// WaitFor blocks until ready returns true for the view: as it is now, or after any
// later frame; no frame is skipped. ready gets a view that is valid only during the
// call; it must not block or call the client. The error is ctx's, or why the client
// ended.
func (c *Client) WaitFor(ctx context.Context, ready func(View) bool) error {
	w := c.state.addWaiter(ready)
	if w == nil {
		return nil
	}
	defer c.state.removeWaiter(w)
	select {
	case <-w.met:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.done:
		return c.Err()
	}
}

// Sync asks the server for its position, and blocks until the view has reached it.
// It returns that position. The error is ctx's, or why the client ended.
func (c *Client) Sync(ctx context.Context) (journal.Position, error) {
	b := c.barriers.add()
	select {
	case at := <-b.position:
		return at, c.WaitFor(ctx, func(v View) bool { return reached(v.At, at) })
	case <-ctx.Done():
		c.barriers.remove(b)
		return journal.Position{}, ctx.Err()
	case <-c.done:
		return journal.Position{}, c.Err()
	}
}

// NewID returns a new ID for a command: 128 random bits.
func NewID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: see crypto/rand
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Base returns the sequence of the view as it is now, for a command's Base. The
// view may not show yet what the client's own previous command changed: name that
// command in After, or Wait for it first.
func (c *Client) Base() *uint64 {
	seq := c.At().Seq
	return &seq
}

// Do gives a command. It blocks until the command is durably applied or refused for
// good, over any number of connections. An empty ID is filled in. The ID stays with
// the command whenever it is sent again, so that it is applied at most once. The
// commands of one client are sent in the order of the calls, each after the answer
// to the one before.
//
// A refusal is a *wire.Rejected. If ctx ends first, or the client, the error wraps
// the reason. It is an *UnknownOutcomeError if the command was sent: it may or may not
// have been applied, and a Do with the same ID and body returns its result. Otherwise
// this call has sent nothing, and will not. The view shows the effect once
// Wait(accepted.Seq) has returned.
func (c *Client) Do(ctx context.Context, command wire.Command) (wire.Accepted, error) {
	if command.ID == "" {
		command.ID = NewID()
	}
	if command.Body == nil || !floor.ValidID(command.ID) {
		return wire.Accepted{}, errors.New("client: a command needs a Body, and an ID of 1 to 40 of [A-Za-z0-9_-]")
	}
	p := &pendingCommand{
		id:     command.ID,
		frame:  wire.EncodeClient(wire.ClientFrame{Command: &command}),
		answer: make(chan answer, 1),
	}
	if err := c.outbox.add(p); err != nil {
		return wire.Accepted{}, err
	}
	select {
	case a := <-p.answer:
		return a.accepted, a.err
	case <-ctx.Done():
		return c.giveUp(p, ctx.Err())
	case <-c.done:
		return c.giveUp(p, c.Err())
	}
}

// giveUp returns the result of a command whose caller no longer waits, for a reason.
func (c *Client) giveUp(p *pendingCommand, reason error) (wire.Accepted, error) {
	sent := c.outbox.remove(p)
	select {
	case a := <-p.answer: // it has arrived meanwhile
		return a.accepted, a.err
	default:
	}
	if sent {
		return wire.Accepted{}, &UnknownOutcomeError{ID: p.id, Cause: reason}
	}
	return wire.Accepted{}, fmt.Errorf("client: the command %s was not sent: %w", p.id, reason)
}
