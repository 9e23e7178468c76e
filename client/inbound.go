package client

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// take takes a frame that came.
func (k *conn) take(ctx context.Context, in inbound) *ending {
	f := in.frame
	if !k.welcomed && f.Hello == nil && f.Error == nil {
		return nil // nothing else may come before hello, and nothing is lost with it
	}
	switch {
	case f.Hello != nil:
		k.takeWelcome(f.Hello, in.received)
	case f.Snapshot != nil:
		return k.takeSnapshot(ctx, *f.Snapshot, in)
	case f.Patch != nil:
		return k.takePatch(*f.Patch, in)
	case f.Pong != nil:
		return k.takePong(f.Pong, in.received)
	case f.Live != nil:
		k.c.takeLive(*f.Live)
	case f.Accepted != nil:
		k.c.answered(f.Accepted.ID, answer{accepted: *f.Accepted}, in.received)
	case f.Rejected != nil:
		k.c.answered(f.Rejected.ID, answer{err: f.Rejected}, in.received)
	case f.Error != nil:
		k.problem = *f.Error
	}
	return nil
}

func (k *conn) takeWelcome(w *wire.ServerHello, received time.Time) {
	k.welcomed = true
	k.nextPing = received.Add(pingEvery)
	if k.hidden {
		k.nextPing = received.Add(pingHidden)
	}
	c := k.c
	c.mu.Lock()
	defer c.mu.Unlock()
	c.you, c.subjects = w.You, w.Subjects
	c.clock.event = w.Clock
	c.clock.took(k.helloAt, received, w.Now)
}

func (k *conn) takeSnapshot(ctx context.Context, s wire.Snapshot, in inbound) *ending {
	k.stopFetch()
	c := k.c
	c.mu.Lock()
	c.arriving = in
	what := c.fold.snapshot(s)
	c.mu.Unlock()
	if what == fetch {
		k.startFetch(ctx, s)
		k.nextPing = in.received.Add(pingFetching)
		return k.outstanding(false, in)
	}
	k.nowLive()
	return k.outstanding(true, in)
}

func (k *conn) takePatch(p wire.Patch, in inbound) *ending {
	c := k.c
	c.mu.Lock()
	c.arriving = in
	what := c.fold.patch(p)
	role, waiting := c.you.Who.Role(), c.fold.wanted != nil
	c.mu.Unlock()
	if what == resume {
		return k.lost("a patch does not join")
	}
	if !waiting {
		k.nowLive()
	}
	return k.outstanding(own(role, p.Set), in)
}

// changed is the fold's tell: it is called with mu held.
func (c *Client) changed(a ViewChange) {
	if text, ok := a.Set["clock/clock"]; ok { // a clock that was set anew counts at once, not with the next pong
		var card floor.ClockCard
		if json.Unmarshal(text, &card) == nil {
			c.clock.event = card.EventClock
		}
	}
	if c.options.Observe != nil {
		a.Bytes, a.Received = c.arriving.bytes, c.arriving.received
		c.options.Observe(a)
	}
	c.tellWaiters()
}

// nowLive notes that the view is being kept up to date.
func (k *conn) nowLive() {
	if k.brought {
		return
	}
	k.brought = true
	c := k.c
	c.mu.Lock()
	defer c.mu.Unlock()
	c.online = true
	select {
	case <-c.live:
	default:
		close(c.live)
	}
}

func (k *conn) takePong(p *wire.Pong, received time.Time) *ending {
	if k.c.heardPong(p, p.N == k.n, k.pingAt, received) == resume {
		return k.lost("less has come than was sent")
	}
	switch {
	case p.N == k.n:
		k.pongDue = time.Time{}
	case !k.pongDue.IsZero(): // of an earlier ping; the last one is still to be answered
		k.pongDue = received.Add(pongWithin)
	}
	return nil
}

// heardPong takes what a pong says; timed: it answers the ping of sent.
func (c *Client) heardPong(p *wire.Pong, timed bool, sent, received time.Time) next {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock.event = p.Clock
	if timed {
		c.clock.took(sent, received, p.Now)
	}
	if c.fold.pong(p.At) == resume {
		return resume
	}
	c.answerProbes(p)
	return goOn
}

// fetchedSnapshot is what a fetch brought.
type fetchedSnapshot struct {
	of       wire.Snapshot // the frame that asked for it
	snapshot wire.Snapshot
	in       inbound
	err      error
}

// startFetch fetches a snapshot beside the connection.
func (k *conn) startFetch(ctx context.Context, of wire.Snapshot) {
	ctx, cancel := context.WithCancel(ctx)
	k.stopFetch = cancel
	k.fetches.Go(func() {
		defer cancel()
		s, size, err := k.fetch(ctx, of.Get)
		select {
		case k.fetched <- fetchedSnapshot{of, s, inbound{bytes: size, received: time.Now()}, err}:
		case <-ctx.Done():
		}
	})
}

// fetch gets a snapshot, again where that may help.
func (k *conn) fetch(ctx context.Context, path string) (s wire.Snapshot, size int, err error) {
	for try := 1; ; try++ {
		s, size, err = k.c.getSnapshot(ctx, path, k.token)
		var status *StatusError
		if err == nil || errors.As(err, &status) && !status.passing() || try > maxFetchRetries {
			return s, size, err
		}
		pause := k.c.usualPause(try)
		if status != nil {
			pause = max(pause, status.Retry)
		}
		if !sleep(ctx, pause) {
			return s, size, ctx.Err()
		}
	}
}

// takeFetched applies what a fetch brought and what came meanwhile.
func (k *conn) takeFetched(f fetchedSnapshot) *ending {
	c := k.c
	c.mu.Lock()
	if c.fold.wanted == nil || c.fold.wanted.At != f.of.At {
		c.mu.Unlock()
		return nil // a later snapshot has made it void
	}
	if f.err != nil {
		c.mu.Unlock()
		return k.fetchFailed(f.err)
	}
	c.arriving = f.in
	what := c.fold.fetched(f.snapshot)
	c.mu.Unlock()
	if what == resume {
		return k.lost("the fetched snapshot does not join")
	}
	k.nowLive()
	return k.ack()
}

func (k *conn) fetchFailed(err error) *ending {
	var status *StatusError
	if errors.As(err, &status) && status.Status == http.StatusUnauthorized {
		return &ending{come: wire.ComeSignIn, err: err}
	}
	end := k.lost("the snapshot could not be fetched")
	end.come, end.err = wire.ComeUsual, err
	return end
}
