package client

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/matchfloor/matchfloor/wire"
)

// maxOutbox is how many commands may wait in a client.
const maxOutbox = 256

// outbox holds the commands that have no answer yet, in the order of their calls.
// Only the oldest is under way.
type outbox struct {
	wakeup wakeup
	jitter jitter

	mu    sync.Mutex // guards the fields below and the pending commands
	queue []*pendingCommand
}

// pendingCommand is a command that has no answer yet.
type pendingCommand struct {
	id        string
	frame     []byte
	sent      bool      // on this connection
	everSent  bool      // on any connection
	notBefore time.Time // when it may be sent again after a temporary refusal
	refusals  int       // temporary ones
	answer    chan answer
}

// answer is the server's final answer to a command.
type answer struct {
	accepted wire.Accepted
	err      error // a *wire.Rejected
}

// add appends a command.
func (b *outbox) add(p *pendingCommand) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.queue) == maxOutbox {
		return ErrOutboxFull
	}
	if slices.ContainsFunc(b.queue, func(other *pendingCommand) bool { return other.id == p.id }) {
		return fmt.Errorf("client: a command with the ID %s already waits for an answer", p.id)
	}
	b.queue = append(b.queue, p)
	b.wakeup.wake()
	return nil
}

// remove removes a command whose caller no longer waits. It reports whether the
// command may have reached the server.
func (b *outbox) remove(p *pendingCommand) (sent bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.Index(b.queue, p); i >= 0 {
		b.queue = slices.Delete(b.queue, i, i+1)
		b.wakeup.wake()
	}
	return p.everSent
}

// retryNow ends the pauses after temporary refusals.
func (b *outbox) retryNow() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.queue {
		p.notBefore = time.Time{}
	}
	b.wakeup.wake()
}

// beginConnection makes every command be sent again on a new connection.
func (b *outbox) beginConnection() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.queue {
		p.sent = false
	}
}

// next returns the frame of the oldest command if it is to be sent now. Otherwise
// frame is nil and due is when it will be, the zero time if nothing is to be sent.
func (b *outbox) next(now time.Time) (frame []byte, due time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.queue) == 0 || b.queue[0].sent {
		return nil, time.Time{}
	}
	p := b.queue[0]
	if p.notBefore.After(now) {
		return nil, p.notBefore
	}
	p.sent, p.everSent = true, true
	return p.frame, time.Time{}
}

// complete takes an answer to a command. A temporary refusal schedules it again;
// an answer for which no caller waits is ignored.
func (b *outbox) complete(id string, a answer, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.queue, func(p *pendingCommand) bool { return p.id == id })
	if i < 0 {
		return
	}
	p := b.queue[i]
	if refused, ok := errors.AsType[*wire.Rejected](a.err); ok && wire.Retry(refused.Code) {
		p.refusals++
		p.sent, p.notBefore = false, now.Add(b.jitter.usualPause(p.refusals))
		return
	}
	b.queue = slices.Delete(b.queue, i, i+1)
	p.answer <- a
}
