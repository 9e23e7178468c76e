package client

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// maxOutbox is how many commands may wait in a client.
const maxOutbox = 256

// ErrOutboxFull is answered by Do when 256 commands wait for an answer.
var ErrOutboxFull = errors.New("client: 256 commands wait already")

// pending is a command that has no answer yet.
type pending struct {
	id     string
	frame  []byte
	sent   bool      // on this connection
	due    time.Time // not to be sent before; after a refusal that passes
	tries  int       // refusals that passed
	answer chan answer
}

type answer struct {
	accepted wire.Accepted
	err      error
}

// NewID answers a command's id: 128 random bits.
func NewID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: see crypto/rand
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Base answers the sequence of the view as it is now, for a command's Base. What
// the client itself has just changed may not be in it: name that command in After,
// or Wait for it first.
func (c *Client) Base() *uint64 {
	seq := c.At().Seq
	return &seq
}

// Do gives a command and blocks until it is durably applied or refused for good,
// however often the connection breaks meanwhile. An empty ID is filled in; it
// stays with the command over every sending, so it is applied at most once. The
// commands of one client are sent in the order of their calls, each after the
// answer to the one before.
//
// A refusal is a *wire.Rejected. When ctx ends first, the error wraps ctx's and
// the command may or may not have been applied: Do with the same ID and body
// answers which. The view shows what was applied once Wait(accepted.Seq) returns.
func (c *Client) Do(ctx context.Context, command wire.Command) (wire.Accepted, error) {
	if command.ID == "" {
		command.ID = NewID()
	}
	if command.Body == nil || !floor.ValidID(command.ID) {
		return wire.Accepted{}, errors.New("client: a command needs a body, and an id of 1 to 40 of [A-Za-z0-9_-]")
	}
	p := &pending{
		id:     command.ID,
		frame:  wire.EncodeClient(wire.ClientFrame{Command: &command}),
		answer: make(chan answer, 1),
	}
	if err := c.put(p); err != nil {
		return wire.Accepted{}, err
	}
	select {
	case a := <-p.answer:
		return a.accepted, a.err
	case <-ctx.Done():
		c.take(p)
		return wire.Accepted{}, fmt.Errorf("client: the command %s has no answer yet: %w", p.id, ctx.Err())
	case <-c.done:
		return wire.Accepted{}, fmt.Errorf("client: the command %s has no answer: %w", p.id, c.Err())
	}
}

func (c *Client) put(p *pending) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.outbox) == maxOutbox {
		return ErrOutboxFull
	}
	if slices.ContainsFunc(c.outbox, func(o *pending) bool { return o.id == p.id }) {
		return fmt.Errorf("client: the command %s is under way already", p.id)
	}
	c.outbox = append(c.outbox, p)
	c.nudge()
	return nil
}

// take removes a command that nobody waits for any more.
func (c *Client) take(p *pending) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.outbox, p); i >= 0 {
		c.outbox = slices.Delete(c.outbox, i, i+1)
		c.nudge()
	}
}

// takeLive takes what is no part of the log. Once the server's journal is back, what
// was put off because of it need not wait out its pause.
func (c *Client) takeLive(live wire.StatusFrame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	back := c.status.StaleSince != 0 && live.StaleSince == 0
	c.status = live
	if back {
		for _, p := range c.outbox {
			p.due = time.Time{}
		}
		c.nudge()
	}
}

// unsent makes every command be sent again on the new connection.
func (c *Client) unsent() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.outbox {
		p.sent = false
	}
}

// toSend answers the frame of the oldest command if it is to be sent now, or when
// it will be; the zero time when nothing is to be sent.
func (c *Client) toSend(now time.Time) (frame []byte, due time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.outbox) == 0 || c.outbox[0].sent {
		return nil, time.Time{}
	}
	p := c.outbox[0]
	if p.due.After(now) {
		return nil, p.due
	}
	p.sent = true
	return p.frame, time.Time{}
}

// answered takes the answer to a command; one that nobody waits for is ignored.
func (c *Client) answered(id string, a answer, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.outbox, func(p *pending) bool { return p.id == id })
	if i < 0 {
		return
	}
	p := c.outbox[i]
	var refused *wire.Rejected
	if errors.As(a.err, &refused) && wire.Retry(refused.Code) {
		p.tries++
		p.sent, p.due = false, now.Add(c.usualPause(p.tries))
		return
	}
	c.outbox = slices.Delete(c.outbox, i, i+1)
	p.answer <- a
}
