package client

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// handle handles a frame of the server.
func (c *conn) handle(ctx context.Context, in inboundFrame) *outcome {
	f := in.frame
	if !c.helloDone && f.Hello == nil && f.Error == nil {
		return nil // the server sends nothing else before hello, and nothing is lost with it
	}
	switch {
	case f.Hello != nil:
		c.helloDone = true
		c.pings.begin(in.received, c.hidden)
		c.state.applyHello(f.Hello, c.helloAt, in.received)
	case f.Snapshot != nil:
		return c.handleSnapshot(ctx, *f.Snapshot, in.arrival)
	case f.Patch != nil:
		return c.handlePatch(*f.Patch, in.arrival)
	case f.Pong != nil:
		return c.handlePong(f.Pong, in.arrival)
	case f.Live != nil:
		if c.state.applyStatus(*f.Live) {
			c.outbox.retryNow() // commands that the unreachable journal had delayed
		}
	case f.Accepted != nil:
		c.outbox.complete(f.Accepted.ID, answer{accepted: *f.Accepted}, in.received)
	case f.Rejected != nil:
		c.outbox.complete(f.Rejected.ID, answer{err: f.Rejected}, in.received)
	case f.Error != nil:
		c.problem = *f.Error
	}
	return nil
}

func (c *conn) handleSnapshot(ctx context.Context, s wire.Snapshot, a arrival) *outcome {
	c.fetcher.stop()
	if c.state.applySnapshot(s, a) == fetch {
		c.fetcher.start(ctx, s)
		c.pings.hurry(a.received)
		return c.countFrame(a, false)
	}
	c.markSynced()
	return c.countFrame(a, true)
}

func (c *conn) handlePatch(p wire.Patch, a arrival) *outcome {
	step, shown, role := c.state.applyPatch(p, a)
	if step == reconnect {
		return c.reconnect("a patch does not continue the view")
	}
	if shown {
		c.markSynced()
	}
	return c.countFrame(a, isPersonal(role, p.Set))
}

func (c *conn) handlePong(p *wire.Pong, a arrival) *outcome {
	if c.state.applyPong(p, c.pings.isLast(p.N), c.pings.sentAt, a.received) == reconnect {
		return c.reconnect("fewer frames arrived than the server sent")
	}
	c.barriers.complete(p)
	c.pings.pong(p.N, a.received)
	return nil
}

// handleFetched applies a fetched snapshot and the patches that were held for it.
func (c *conn) handleFetched(f fetchedSnapshot) *outcome {
	if !c.state.wants(f.frame.At) {
		return nil // a later snapshot has replaced it
	}
	if f.err != nil {
		return c.fetchFailed(f.err)
	}
	if c.state.applyFetched(f.snapshot, f.arrival) == reconnect {
		return c.reconnect("the fetched snapshot is of another epoch, or older than the frame that named it")
	}
	c.markSynced()
	return c.sendAck()
}

func (c *conn) fetchFailed(err error) *outcome {
	var status *StatusError
	if errors.As(err, &status) && status.Status == http.StatusUnauthorized {
		return &outcome{policy: wire.ComeSignIn, err: err}
	}
	o := c.reconnect("the snapshot could not be fetched")
	o.policy, o.err = wire.ComeUsual, err
	return o
}

// markSynced notes that the view is kept up to date.
func (c *conn) markSynced() {
	if !c.synced {
		c.synced = true
		c.state.markOnline()
	}
}

// countFrame counts a snapshot or patch and acknowledges if it is time.
func (c *conn) countFrame(a arrival, atOnce bool) *outcome {
	c.acks.add(a.bytes)
	if c.state.fetching() {
		return nil // an ack would name the position of the old view
	}
	if atOnce || c.hidden || c.acks.full() {
		return c.sendAck()
	}
	c.acks.schedule(a.received)
	return nil
}

// personalKinds are the kinds of cards that concern one person.
var personalKinds = []string{"notice/", "meeting/", "request/", "offer/", "assignment/"}

// isPersonal reports whether one of the cards concerns the person of the client
// alone. A frame with such a card is acknowledged at once, since the ack tells
// moderators that it was delivered.
func isPersonal(role floor.Role, cards wire.Cards) bool {
	if role != floor.RoleAttendee && role != floor.RoleInterpreter {
		return false
	}
	for key := range cards {
		for _, kind := range personalKinds {
			if strings.HasPrefix(string(key), kind) {
				return true
			}
		}
	}
	return false
}
