package replica

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/matchfloor/matchfloor/journal"
)

// refillTimeout bounds the refilling of one log.
const refillTimeout = 30 * time.Second

// Why a log was not refilled. Compare with errors.Is.
var (
	ErrNotLost     = errors.New("replica: the log is not lost")
	ErrNotHeld     = errors.New("replica: this node does not hold the log from its first record")
	ErrNotEmpty    = errors.New("replica: the log holds other records")
	errNotRefilled = errors.New("replica: the log was changed while it was refilled")
)

// Refilled says what Refill did.
type Refilled struct {
	Records int // in the log
	Err     error
}

// refill asks the replica's goroutine to refill the log, or only to look whether it is lost.
type refill struct {
	look, over bool
	done       chan Refilled // one slot
}

// Refill writes all records of a lost log that this node holds back into the journal, if
// the log is empty; with over, also in place of other records, which are lost then. The
// log gets the positions that it had, unless it was in a later epoch meanwhile. It blocks
// until that is durable, for 30 s at most, or until ctx ends. It may be called again after
// any error, and on several nodes at once.
func (r *Replica) Refill(ctx context.Context, over bool) Refilled {
	return r.request(ctx, refill{over: over, done: make(chan Refilled, 1)})
}

// StillLost reports whether the log is lost, after it was read once more: another node may have
// refilled it. It blocks as Refill does, and returns an error only if ctx ends or the hub closes.
func (r *Replica) StillLost(ctx context.Context) (bool, error) {
	result := r.request(ctx, refill{look: true, done: make(chan Refilled, 1)})
	if errors.Is(result.Err, ErrNotLost) {
		return false, nil
	}
	return true, result.Err
}

// request blocks until the replica's goroutine has done what is asked.
func (r *Replica) request(ctx context.Context, request refill) Refilled {
	select {
	case r.refills <- request:
	case <-ctx.Done():
		return Refilled{Err: ctx.Err()}
	case <-r.core.Context.Done():
		return Refilled{Err: context.Canceled}
	}
	select {
	case result := <-request.done:
		return result
	case <-ctx.Done():
		return Refilled{Err: ctx.Err()}
	}
}

// do does what is asked on the replica's goroutine. What is left to do is decided on the log as it
// is now.
func (r *recovery) do(request refill) Refilled {
	if r.core.lost.Load() != nil {
		r.follower.readToHead()
	}
	switch {
	case r.core.lost.Load() == nil:
		return Refilled{Err: ErrNotLost}
	case request.look:
		return Refilled{}
	}
	return r.refill(request.over)
}

// refill refills a lost log.
func (r *recovery) refill(over bool) Refilled {
	records, whole := r.follower.recent.Whole()
	if !whole || len(records) == 0 {
		return Refilled{Err: ErrNotHeld}
	}
	ctx, cancel := context.WithTimeout(r.Context, refillTimeout)
	defer cancel()
	if err := r.writeBack(ctx, records, over); err != nil {
		return Refilled{Err: err}
	}
	if !r.follower.readToHead() || r.core.lost.Load() != nil {
		return Refilled{Err: errNotRefilled}
	}
	head := r.history.Head().At
	r.Logger.Warn("the log was refilled from what this node holds", "log", r.log, "at", head)
	return Refilled{Records: int(head.Seq)}
}

// writeBack writes the log's records.
func (r *recovery) writeBack(ctx context.Context, records []journal.Record, over bool) error {
	page, err := r.Journal.Read(ctx, r.log, 0, 0)
	if err != nil {
		return err
	}
	at, epoch := page.Head, r.follower.recent.Epoch()
	if at.Seq > 0 && !over {
		return fmt.Errorf("%w: it is at %v", ErrNotEmpty, at)
	}
	if at.Epoch > epoch || at.Epoch == epoch && at.Seq > 0 {
		_, err := r.Journal.Replace(ctx, r.log, at, records)
		return err
	}
	for at.Epoch < epoch { // up to the epoch in which the records have the positions that they had
		if at, err = r.Journal.Replace(ctx, r.log, at, nil); err != nil {
			return err
		}
	}
	_, err = r.reappendTail(true)
	return err
}
