package hub

import (
	"context"

	"github.com/matchfloor/matchfloor/wire"
)

// Ready returns nil while the node can serve: it has reached the journal once, it is not
// draining, and it has found no log that holds what this version cannot read. A journal
// that does not answer afterwards is no reason to be unready.
func (h *Hub) Ready() error {
	if h.draining.Load() {
		return ErrDraining
	}
	if !h.events.reached.Load() {
		return ErrJournalUnreached
	}
	return h.events.whyUnreadable()
}

// Drain stops the node in good order: it takes no new session or command (draining),
// completes the commands under way, sends sessions a status frame, closes them with 1012,
// and waits until the last one has ended. It returns ctx's error if that ends first; Close
// then aborts what is left. A drain should take at most 10 s.
func (h *Hub) Drain(ctx context.Context) error {
	h.draining.Store(true)
	for _, e := range h.events.loaded() {
		e.sessions.StatusChanged()
		e.sessions.Notify()
	}
	if err := h.await(ctx, h.idle); err != nil {
		return err
	}
	for _, e := range h.events.loaded() {
		e.sessions.Close(wire.CloseRestart)
	}
	return h.await(ctx, func() bool { return h.sessions.Load() == 0 })
}

// idle reports whether no command is under way.
func (h *Hub) idle() bool {
	for _, e := range h.events.loaded() {
		if !e.replica.Idle() {
			return false
		}
	}
	return true
}

// await blocks until done returns true or ctx ends. It calls done again when a session or a
// batch has ended; only one caller may wait at a time.
func (h *Hub) await(ctx context.Context, done func() bool) error {
	for !done() {
		select {
		case <-h.ended:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Close ends everything at once: it aborts sessions, stops replicas, and stores their
// snapshots (within 5 s). When it returns, every goroutine of the hub has ended. Commands
// under way may or may not be in the log.
func (h *Hub) Close() error {
	h.draining.Store(true)
	h.events.close()
	for _, e := range h.events.loaded() {
		e.sessions.Abort(wire.CloseRestart)
	}
	h.stop()
	h.writers.Close()
	h.owned.Wait()
	return nil
}
