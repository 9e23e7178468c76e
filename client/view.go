package client

import (
	"context"
	"encoding/json"
	"iter"
	"maps"
	"strings"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// View is what a client holds: the cards that its session may see, at a position.
type View struct {
	At    journal.Position
	Cards wire.Cards // raw JSON, exactly as it was sent; not to be changed
}

// Digest answers the view's digest, which equals the header
// Matchfloor-View-Digest of GET …/snapshot at the same position.
func (v View) Digest() string { return wire.Digest(v.Cards) }

// Get reads the card of a key as T, one of floor's card types; ok is false when
// the view has no such card or it does not read as T.
func Get[T any](v View, key floor.CardKey) (card T, ok bool) {
	raw, ok := v.Cards[key]
	if !ok {
		return card, false
	}
	return card, json.Unmarshal(raw, &card) == nil
}

// Each answers the cards of a kind, such as "meeting", with the part of their key
// after the slash, in no order. Cards that do not read as T are passed over.
func Each[T any](v View, kind string) iter.Seq2[string, T] {
	prefix := kind + "/"
	return func(yield func(string, T) bool) {
		for key := range v.Cards {
			id, ok := strings.CutPrefix(string(key), prefix)
			if !ok {
				continue
			}
			if card, ok := Get[T](v, key); ok && !yield(id, card) {
				return
			}
		}
	}
}

// SavedView is what a program keeps to resume with, such as in a file: a view, and the
// subjects that it is of.
type SavedView struct {
	At       journal.Position `json:"at"`
	Subjects string           `json:"subjects"`
	Cards    wire.Cards       `json:"cards"`
}

// waiter waits for a view.
type waiter struct {
	ready func(View) bool
	met   chan struct{} // closed when ready has said so; guarded by Client.mu
}

// View answers the view as it is now: its own map, with the cards shared.
func (c *Client) View() View {
	c.mu.Lock()
	defer c.mu.Unlock()
	return View{c.fold.at, maps.Clone(c.fold.cards)}
}

// At answers the position of the view; the zero Position before the first.
func (c *Client) At() journal.Position {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fold.at
}

// Read calls look with the view, which is valid only during the call. Frames wait
// meanwhile; look must not call the client.
func (c *Client) Read(look func(View)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	look(View{c.fold.at, c.fold.cards})
}

// Save answers what to give as Options.Kept to a later client of the same link;
// nil before the first view.
func (c *Client) Save() *SavedView {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.fold.kept {
		return nil
	}
	return &SavedView{c.fold.at, c.subjects, maps.Clone(c.fold.cards)}
}

// Wait blocks until the view is at the sequence seq or later, ctx ends or the
// client does. A client that may not see what changed there is told of the
// position with a later frame, or with the next ping: see Level.
func (c *Client) Wait(ctx context.Context, seq uint64) error {
	return c.WaitFor(ctx, func(v View) bool { return v.At.Seq >= seq })
}

// WaitFor blocks until ready answers true for the view: as it is now, or after
// any frame from now on, none of which is missed. ready is called with the view
// that is valid only during the call, and must not call the client or block. The
// error is ctx's, or what ended the client.
func (c *Client) WaitFor(ctx context.Context, ready func(View) bool) error {
	w := &waiter{ready, make(chan struct{})}
	c.mu.Lock()
	if c.fold.kept && ready(View{c.fold.at, c.fold.cards}) {
		c.mu.Unlock()
		return nil
	}
	c.waiters[w] = struct{}{}
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.waiters, w)
	}()
	select {
	case <-w.met:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.done:
		return c.Err()
	}
}

// tellWaiters is called with mu held after each change of the view.
func (c *Client) tellWaiters() {
	for w := range c.waiters {
		if w.ready(View{c.fold.at, c.fold.cards}) {
			close(w.met)
			delete(c.waiters, w)
		}
	}
}
