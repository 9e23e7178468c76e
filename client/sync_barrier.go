package client

import (
	"context"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// probe asks where the server stands.
type probe struct {
	n   uint32                // of the ping that asks, on this connection; 0: none yet
	got chan journal.Position // has room for the answer
}

// Sync asks the server where it stands, and blocks until the view is there too:
// unlike Wait it does not take until the next ping where nothing that this client
// may see has changed. The error is ctx's, or what ended the client.
func (c *Client) Sync(ctx context.Context) (journal.Position, error) {
	p := &probe{got: make(chan journal.Position, 1)}
	c.mu.Lock()
	c.probes[p] = struct{}{}
	c.nudge()
	c.mu.Unlock()
	select {
	case at := <-p.got:
		return at, c.WaitFor(ctx, func(v View) bool { return reached(v.At, at) })
	case <-ctx.Done():
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.probes, p)
		return journal.Position{}, ctx.Err()
	case <-c.done:
		return journal.Position{}, c.Err()
	}
}

// reached reports whether a view at v is at p or past it. A log that was restored
// goes on under lower numbers, so the epochs come first.
func reached(v, p journal.Position) bool {
	switch {
	case v.Epoch != p.Epoch:
		return v.Epoch > p.Epoch
	case v.Seq == p.Seq:
		return v.Hash == p.Hash
	}
	return v.Seq > p.Seq
}

// asksNow reports whether somebody asks whom no ping has been sent for.
func (c *Client) asksNow() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for p := range c.probes {
		if p.n == 0 {
			return true
		}
	}
	return false
}

// asking gives the next ping to those who ask; with 0 they ask anew.
func (c *Client) asking(n uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for p := range c.probes {
		if p.n == 0 || n == 0 {
			p.n = n
		}
	}
}

// answerProbes is called with mu held for a pong.
func (c *Client) answerProbes(pong *wire.Pong) {
	for p := range c.probes {
		if p.n != 0 && p.n <= pong.N {
			p.got <- pong.At
			delete(c.probes, p)
		}
	}
}
