package hub

import (
	"sync"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// pending is a command between its arrival and its answer.
type pending struct {
	order  floor.Envelope
	digest journal.Digest
	who    *Credential   // whose link must still be good when it is decided; nil: nobody asks
	answer func(verdict) // called once, by the fold; must not block
	begun  time.Time     // when it was first taken up; zero while it waits
	done   bool          // it has been answered
}

// settle answers the command; it is the fold's to call.
func (p *pending) settle(v verdict) {
	p.done = true
	p.answer(v)
}

// isClock reports whether time itself gave the command.
func (p *pending) isClock() bool { return p.order.By == floor.Clock }

// verdict is what became of a command.
type verdict struct {
	Result
	refused *wire.Problem
}

func refusal(code wire.Code) verdict { return verdict{refused: &wire.Problem{Code: code}} }

var unavailable = refusal(wire.CodeUnavailable)

// queue is the commands that wait for a fold's next batch, in order of arrival.
type queue struct {
	most int

	mu      sync.Mutex // guards what follows
	waiting []*pending
	closed  bool
}

func newQueue(most int) *queue { return &queue{most: most} }

// add answers whether there was room.
func (q *queue) add(p *pending) wire.Code {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return wire.CodeUnavailable
	case len(q.waiting) >= q.most:
		return wire.CodeBusy
	}
	q.waiting = append(q.waiting, p)
	return ""
}

// take answers up to n of those that wait.
func (q *queue) take(n int) []*pending {
	q.mu.Lock()
	defer q.mu.Unlock()
	n = min(n, len(q.waiting))
	taken := q.waiting[:n:n]
	if q.waiting = q.waiting[n:]; len(q.waiting) == 0 {
		q.waiting = nil
	}
	return taken
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

// refuseAll gives all that wait the same verdict.
func (q *queue) refuseAll(v verdict) {
	for _, p := range q.take(q.most) {
		p.settle(v)
	}
}

// shut refuses all that wait and all to come.
func (q *queue) shut(v verdict) {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.refuseAll(v)
}

// enqueue puts a command at the end of the fold's queue. The answer is why not.
func (f *fold) enqueue(p *pending) *wire.Problem {
	code := wire.Code("")
	switch {
	case len(p.order.Key) == 0 || len(p.order.Key) > journal.MaxKey:
		code = wire.CodeBadValue
	case f.hub.draining.Load():
		code = wire.CodeDraining
	case f.away.Load() != 0 || f.broken.Load() != nil:
		code = wire.CodeUnavailable
	default:
		p.digest = wire.PayloadDigest(p.order.Command)
		code = f.queue.add(p)
	}
	if code != "" {
		f.hub.counters.countRefusal(code)
		return &wire.Problem{Code: code}
	}
	f.nudge()
	return nil
}

// orderOf is the order that a command's envelope and its sender make.
func orderOf(who Credential, c wire.Command) floor.Envelope {
	o := floor.Envelope{Key: commandKey(who.Link, c.ID), By: who.Who, Unconditional: c.Base == nil, NotAfter: c.Until, Command: c.Body}
	if c.Base != nil {
		o.BaseSeq = *c.Base
	}
	for _, id := range c.After {
		o.DependsOn = append(o.DependsOn, commandKey(who.Link, id))
	}
	return o
}

func commandKey(link floor.LinkID, id string) floor.CommandKey {
	return floor.CommandKey(string(link) + "/" + id)
}
