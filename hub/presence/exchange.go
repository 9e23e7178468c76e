package presence

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/matchfloor/matchfloor/journal"
)

// Store passes messages between nodes. Nothing is kept only there: if its content is lost, only the
// shown counts are wrong for a while. Its methods must be safe for concurrent use and must return
// soon after ctx has ended.
type Store interface {
	// Put replaces what node has said of log, for at most ttl.
	Put(ctx context.Context, log journal.LogID, node string, message []byte, ttl time.Duration) error
	// List returns what every node has said of log and has not expired, by node. It
	// may leave out the message of the calling node.
	List(ctx context.Context, log journal.LogID) (map[string][]byte, error)
}

const (
	storeTimeout = time.Second            // for one call
	slowFailure  = 100 * time.Millisecond // a failure that took longer makes the other logs wait for the next turn
)

// Exchange sends what trackers know of this node to the others, through a store, and
// receives what the others say. Its methods block on the store.
type Exchange struct {
	Store  Store
	Node   string         // the name of this node
	Errors *atomic.Uint64 // counts failed calls and malformed messages
}

// Send tells the other nodes what has changed on this one, and repeats it before it expires there.
// now is the log's wall time. Send returns false if the store failed slowly: the caller should then
// skip the other logs this time.
func (x *Exchange) Send(ctx context.Context, log journal.LogID, t *Tracker, now time.Time) (reachable bool) {
	message := t.message(now)
	if message == nil {
		return true
	}
	calling, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	begun := time.Now()
	err := x.Store.Put(calling, log, x.Node, message, peerTTL)
	if err != nil {
		t.resend()
	}
	return x.checkReachable(ctx, err, begun)
}

// Receive gives the tracker what the other nodes say. It reports what Send reports.
func (x *Exchange) Receive(ctx context.Context, log journal.LogID, t *Tracker) (reachable bool) {
	calling, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	begun := time.Now()
	messages, err := x.Store.List(calling, log)
	if err == nil {
		delete(messages, x.Node)
		if malformed := t.receive(messages); malformed > 0 {
			x.Errors.Add(uint64(malformed))
		}
	}
	return x.checkReachable(ctx, err, begun)
}

// checkReachable counts a failure. It returns false if the next call would have to
// wait as long as this one did.
func (x *Exchange) checkReachable(ctx context.Context, err error, begun time.Time) bool {
	if err == nil || ctx.Err() != nil {
		return err == nil
	}
	x.Errors.Add(1)
	return time.Since(begun) < slowFailure
}
