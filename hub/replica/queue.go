package replica

import (
	"sync"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// Command is a command from its submission to its verdict. The caller sets the
// exported fields, and must not change it after it was submitted.
type Command struct {
	Envelope floor.Envelope

	// If CheckLink is set, the command is refused as signed out unless, in the state
	// that it is decided on, Link is a link of Envelope.By and has this generation.
	CheckLink  bool
	Link       floor.LinkID
	Generation int

	// Done is called once with the verdict, from the replica's goroutine, after the state
	// that holds the command's changes was published. It must not block.
	Done func(Verdict)

	// If ToSession is set, Done writes to a session, which ends once the closing of its link
	// is published. A command that closes its sender's link is then completed before that.
	ToSession bool

	digest    journal.Digest
	notAfter  time.Time // Envelope.NotAfter on the node's clock; zero: none
	begun     time.Time // when it was first taken from the queue; zero while it waits
	completed bool      // Done has been called
}

// complete calls Done.
func (c *Command) complete(v Verdict) {
	c.completed = true
	c.Done(v)
}

// byClock reports whether time itself gave the command.
func (c *Command) byClock() bool { return c.Envelope.By == floor.Clock }

// Verdict is the outcome of a command.
type Verdict struct {
	Seq     uint64         // the record that holds its changes
	Notes   []*floor.Error // soft collisions that it made; only if this node decided it
	Refused *wire.Problem  // why it was refused; nil if it was accepted
}

func refusal(code wire.Code) Verdict { return Verdict{Refused: &wire.Problem{Code: code}} }

// unavailable is the verdict while the journal does not answer.
var unavailable = refusal(wire.CodeUnavailable)

// completeAll gives all commands the same verdict.
func completeAll(commands []*Command, v Verdict) {
	for _, c := range commands {
		c.complete(v)
	}
}

// queue holds the commands that wait for the next batch, in order of arrival.
type queue struct {
	size int

	mu      sync.Mutex // guards the fields below
	waiting []*Command
	closed  bool
}

func newQueue(size int) *queue { return &queue{size: size} }

// add adds a command. It returns the code of a refusal if it cannot.
func (q *queue) add(c *Command) wire.Code {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return wire.CodeUnavailable
	case len(q.waiting) >= q.size:
		return wire.CodeBusy
	}
	q.waiting = append(q.waiting, c)
	return ""
}

// take removes and returns up to n of the oldest commands.
func (q *queue) take(n int) []*Command {
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

// refuseAll gives all waiting commands the same verdict.
func (q *queue) refuseAll(v Verdict) { completeAll(q.take(q.size), v) }

// close refuses all waiting commands and all later ones.
func (q *queue) close(v Verdict) {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.refuseAll(v)
}
