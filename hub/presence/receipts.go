package presence

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/matchfloor/matchfloor/floor"
)

const (
	recordEvery = time.Second            // at most one record in this time, of this node on one log
	gatherTime  = 250 * time.Millisecond // from the first acknowledgement to the record, for others to be in it
	maxNotices  = 500                    // notices of one record, which consoles receive as one patch
)

// DeliveryLog is the log that a Receipts writes to.
type DeliveryLog interface {
	// NewestState returns the newest state and its lineage.
	NewestState() (state *floor.State, lineage int)
	// SubmitDelivered submits a command and blocks until it is durable or refused.
	// It returns false if the command is worth another try later.
	SubmitDelivered(ctx context.Context, command floor.MarkDelivered) (done bool)
	// HasSessions reports whether a client of the log is connected to this node.
	HasSessions() bool
}

// Receipts collects up to where clients have acknowledged their view, and writes to
// the log which notices have so been delivered: one record for many, and at most one
// a second. It holds at most one entry a person. Losing it loses nothing: the next
// acknowledgement or ping of a session says the same again. Its methods are safe for
// concurrent use.
type Receipts struct {
	ctx   context.Context
	spawn func(func())
	log   DeliveryLog

	mu      sync.Mutex // guards the fields below
	lineage int        // of the sequence numbers in acked
	acked   map[floor.ActorID]uint64
	running bool      // the goroutine run exists
	next    time.Time // the next record is not made before
}

// NewReceipts returns a Receipts that writes to log until ctx ends. It calls spawn to
// start a goroutine, which exists only while there is something to write.
func NewReceipts(ctx context.Context, spawn func(func()), log DeliveryLog) *Receipts {
	return &Receipts{ctx: ctx, spawn: spawn, log: log}
}

// Record notes that a client of who holds the view at seq of a lineage.
func (r *Receipts) Record(who floor.ActorID, lineage int, seq uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.add(who, lineage, seq)
	if !r.running {
		r.running = true
		r.spawn(r.run)
	}
}

// add adds an entry; mu is held. What is acknowledged of an older lineage than the
// newest one counts for nothing.
func (r *Receipts) add(who floor.ActorID, lineage int, seq uint64) {
	if lineage < r.lineage {
		return
	}
	if r.lineage != lineage || r.acked == nil {
		r.lineage, r.acked = lineage, make(map[floor.ActorID]uint64)
	}
	r.acked[who] = max(r.acked[who], seq)
}

// take returns all entries and removes them. If there are none ok is false, and the
// calling goroutine must end: the next Record starts another.
func (r *Receipts) take() (acked map[floor.ActorID]uint64, lineage int, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	acked, r.acked = r.acked, nil
	r.running = len(acked) > 0
	return acked, r.lineage, r.running
}

// delay returns how long the next record has to wait.
func (r *Receipts) delay() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return max(gatherTime, time.Until(r.next))
}

// postpone makes the next record wait.
func (r *Receipts) postpone() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next = time.Now().Add(recordEvery)
}

// putBack adds entries again that could not be written yet.
func (r *Receipts) putBack(acked map[floor.ActorID]uint64, lineage int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for who, seq := range acked {
		r.add(who, lineage, seq)
	}
}

// run writes what was acknowledged, and ends when there is nothing left.
func (r *Receipts) run() {
	for {
		if !r.sleep(r.delay()) {
			return
		}
		acked, lineage, ok := r.take()
		if !ok {
			return
		}
		command, left := r.deliveries(acked, lineage)
		if len(command.Notices) > 0 {
			r.postpone()
			if !r.log.SubmitDelivered(r.ctx, command) {
				left = acked // the journal is unavailable, or this node is draining
				if !r.log.HasSessions() {
					left = nil // and the log may be closed meanwhile; a client that comes back says it again
				}
			}
		}
		r.putBack(left, lineage)
	}
}

// sleep returns false if the context ends first.
func (r *Receipts) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.ctx.Done():
		return false
	}
}

// deliveries returns what the log does not know yet, as one command of bounded size,
// and what is left for the next one.
func (r *Receipts) deliveries(acked map[floor.ActorID]uint64, lineage int) (command floor.MarkDelivered, left map[floor.ActorID]uint64) {
	state, now := r.log.NewestState()
	if now != lineage || !state.CanWrite("noticeDelivered") {
		return command, nil
	}
	index, people := make(map[floor.NoticeID]int), 0
	left = make(map[floor.ActorID]uint64)
	for _, who := range slices.Sorted(maps.Keys(acked)) {
		ids := state.Undelivered(who, acked[who])
		ids = ids[:min(len(ids), maxNotices)]
		if people+len(ids) > floor.MaxDelivered || len(command.Notices)+len(ids) > maxNotices {
			left[who] = acked[who]
			continue
		}
		people += len(ids)
		for _, id := range ids {
			if _, ok := index[id]; !ok {
				index[id] = len(command.Notices)
				command.Notices = append(command.Notices, floor.Delivery{Notice: id})
			}
			to := &command.Notices[index[id]].To
			*to = append(*to, who)
		}
	}
	return command, left
}
