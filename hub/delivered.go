package hub

import (
	"crypto/rand"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// The pace of delivered marks.
const (
	marksEvery   = time.Second            // at most one record in this time, of this node on one log
	marksGather  = 250 * time.Millisecond // after the first acknowledgement, for others to come along
	marksNotices = 500                    // notices of one record: consoles get it as one patch
)

// receipts is whose clients hold notices that the log does not know to have been
// delivered. It holds an entry a person at most, and losing it loses nothing: the
// next acknowledgement or ping of a session says the same again.
type receipts struct {
	mu      sync.Mutex // guards what follows; a session's own lock may be held
	lineage int        // of the sequence numbers in held
	held    map[floor.ActorID]uint64
	marking bool      // a goroutine of markDelivered exists
	next    time.Time // not before this the next record is made
}

// hold notes that a client of who holds the view at seq. What is said of another
// history than the newest one counts for nothing.
func (r *receipts) hold(who floor.ActorID, lineage int, seq uint64) {
	if lineage < r.lineage {
		return
	}
	if r.lineage != lineage || r.held == nil {
		r.lineage, r.held = lineage, make(map[floor.ActorID]uint64)
	}
	r.held[who] = max(r.held[who], seq)
}

// take answers what is held, and holds nothing any more. ok is false, and the
// goroutine that asks is to end, where that is nothing.
func (r *receipts) take() (held map[floor.ActorID]uint64, lineage int, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	held, r.held = r.held, nil
	r.marking = len(held) > 0
	return held, r.lineage, r.marking
}

// wait answers how long the next record has to wait.
func (r *receipts) wait() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return max(marksGather, time.Until(r.next))
}

// putBack holds again what could not be marked yet.
func (r *receipts) putBack(held map[floor.ActorID]uint64, lineage int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for who, seq := range held {
		r.hold(who, lineage, seq)
	}
}

// mayHold is holds for a client of which nobody knows whether it was sent a notice:
// the newest state tells whether there is one to mark; mu is held.
func (s *Session) mayHold(seq uint64) {
	head, lineage := s.fold.history.HeadAndLineage()
	if lineage == s.lineage && len(head.State.Undelivered(s.who.Who, seq)) > 0 {
		s.holds(seq)
	}
}

// holds notes up to which record the client is known to hold its view, where it has
// been sent notices; mu is held.
func (s *Session) holds(seq uint64) {
	who := s.who.Who
	if role := who.Role(); role != floor.RoleAttendee && role != floor.RoleInterpreter {
		return
	}
	r := &s.fold.receipts
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hold(who, s.lineage, seq)
	if !r.marking {
		r.marking = true
		s.hub.owned.Go(s.fold.markDelivered)
	}
}

// markDelivered gives the orders that log what is held, not more than one a second,
// and ends when nothing is held.
func (f *fold) markDelivered() {
	for {
		if !f.pause(f.receipts.wait()) {
			return
		}
		held, lineage, ok := f.receipts.take()
		if !ok {
			return
		}
		order, left := f.deliveries(held, lineage)
		if len(order.Notices) > 0 && !f.giveDelivered(order) {
			left = held // the journal is away, or this node leaves
			if len(f.audience.everyone()) == 0 {
				left = nil // and the log may be closed meanwhile; whoever comes back says it again
			}
		}
		f.receipts.putBack(left, lineage)
	}
}

// pause answers false where the hub ends first.
func (f *fold) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-f.hub.ctx.Done():
		return false
	}
}

// deliveries answers what is new of what is held, as one order of bounded size, and
// what is left for the next.
func (f *fold) deliveries(held map[floor.ActorID]uint64, lineage int) (order floor.MarkDelivered, left map[floor.ActorID]uint64) {
	head, now := f.history.HeadAndLineage()
	if now != lineage || !head.State.Writes("noticeDelivered") {
		return order, nil
	}
	at, people := make(map[floor.NoticeID]int), 0
	left = make(map[floor.ActorID]uint64)
	for _, who := range slices.Sorted(maps.Keys(held)) {
		ids := head.State.Undelivered(who, held[who])
		ids = ids[:min(len(ids), marksNotices)]
		if people+len(ids) > floor.MaxDelivered || len(order.Notices)+len(ids) > marksNotices {
			left[who] = held[who]
			continue
		}
		people += len(ids)
		for _, id := range ids {
			if _, ok := at[id]; !ok {
				at[id] = len(order.Notices)
				order.Notices = append(order.Notices, floor.Delivery{Notice: id})
			}
			to := &order.Notices[at[id]].To
			*to = append(*to, who)
		}
	}
	return order, left
}

// giveDelivered submits an order and waits for its verdict. It answers false where
// it is worth trying again later.
func (f *fold) giveDelivered(command floor.MarkDelivered) bool {
	f.receipts.mu.Lock()
	f.receipts.next = time.Now().Add(marksEvery)
	f.receipts.mu.Unlock()
	answered := make(chan verdict, 1)
	p := &pending{
		order:  floor.Envelope{Key: floor.CommandKey("clock/delivered-" + rand.Text()), By: floor.Clock, Unconditional: true, Command: command},
		answer: func(v verdict) { answered <- v },
	}
	if refused := f.enqueue(p); refused != nil {
		return !wire.Retry(refused.Code)
	}
	patience := time.NewTimer(callTime + commandTime)
	defer patience.Stop()
	select {
	case v := <-answered:
		return v.refused == nil || !wire.Retry(v.refused.Code)
	case <-patience.C:
	case <-f.hub.ctx.Done():
	}
	return false
}
