package replica

import (
	"sync/atomic"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// When commands are gathered.
const (
	coalesceTime     = 8 * time.Millisecond // how far apart batches begin then
	slowBatch        = 2 * time.Millisecond // how long a batch takes at least that makes the next one wait
	coalesceSessions = 100                  // sessions of a node that make that worth a wait
)

// batcher takes commands from the queue, and decides and commits them batch by batch.
type batcher struct {
	*core
	decider   decider
	committer *committer
	deadlines *deadlines
	lost      *lostCommands

	busy atomic.Bool // a batch is being processed; read by other goroutines

	begun     time.Time     // when the last batch began
	by        floor.ActorID // who gave its first command
	coalesced time.Time     // when the last slow batch of several commands began
}

// drainQueue decides, appends and completes what waits, until nothing is left or the
// journal does not answer.
func (b *batcher) drainQueue() {
	for b.committer.unresolved == nil && b.mayAppend() {
		b.busy.Store(true) // before the queue is emptied: Idle looks at both
		b.coalesce()
		batch := b.deadlines.commands()
		batch = append(batch, b.lost.reports(maxDue)...)
		batch = append(batch, b.queue.take(journal.MaxBatch-2*maxDue)...)
		b.process(batch)
		b.busy.Store(false)
		b.BatchDone()
		if len(batch) == 0 {
			return
		}
	}
}

// coalesce waits for more commands if the last batch was of several, was slow, and has only
// just begun: each batch costs an append, and a frame to every console. A batch is slow while
// the processor has other work, or the journal is slow. Otherwise nothing is gained by a wait:
// what comes during a batch makes up the next one. A single sender, and one that waits for
// each verdict, does not wait here. A node with few sessions has no need to.
func (b *batcher) coalesce() {
	wait := coalesceTime - time.Since(b.coalesced)
	if wait <= 0 || b.queue.len() == 0 || b.Sessions.Load() < coalesceSessions {
		return
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-b.Context.Done():
	}
}

// severalSenders reports whether a batch, or it and the one just before, is of several
// commands that did not wait for each other.
func (b *batcher) severalSenders(batch []*Command, begun time.Time) bool {
	return len(batch) > 1 || batch[0].Envelope.By != b.by && begun.Sub(b.begun) < coalesceTime
}

// process completes every command of a batch. It decides again while the log moves on
// under it.
func (b *batcher) process(batch []*Command) {
	if len(batch) == 0 {
		return
	}
	b.Counters.Batches.Add(1)
	begun := time.Now()
	if b.severalSenders(batch, begun) {
		defer func() {
			if time.Since(begun) >= slowBatch {
				b.coalesced = begun
			}
		}()
	}
	b.begun, b.by = begun, batch[0].Envelope.By
	for _, c := range batch {
		if c.begun.IsZero() {
			c.begun = begun
		}
	}
	for len(batch) > 0 {
		if batch = rejectOverdue(batch); len(batch) == 0 {
			return
		}
		p, rest := b.decider.decide(batch)
		left, ok := b.committer.commit(p)
		if !ok {
			completeAll(append(left, rest...), unavailable)
			return
		}
		batch = append(left, rest...)
	}
}

// rejectOverdue refuses the commands that have waited for CommandTimeout as busy, and
// returns the others.
func rejectOverdue(batch []*Command) (keep []*Command) {
	for _, c := range batch {
		if time.Since(c.begun) > CommandTimeout {
			c.complete(refusal(wire.CodeBusy))
			continue
		}
		keep = append(keep, c)
	}
	return keep
}
