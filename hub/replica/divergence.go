package replica

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/matchfloor/matchfloor/hub/history"
	"github.com/matchfloor/matchfloor/journal"
)

// recovery deals with a log whose history is not the one that this node holds.
type recovery struct {
	*core
	follower *follower
	loader   *loader
	lost     *lostCommands
}

// recoverDivergence deals with a log that has diverged. If the log is lost, the replica
// holds what it has until the log is back. If the log was only cut, the missing records
// are appended again, and no client notices. Otherwise the log wins: it is loaded again,
// and the commands that it has lost are to be reported in it. Screens keep their view
// until that has worked; if it has not, the next check of the head tries again.
func (r *recovery) recoverDivergence(cause error) {
	head, loss, err := r.findLoss()
	if err == nil && loss == nil {
		err = r.follow(cause, head)
	}
	switch lost := (*lostError)(nil); {
	case loss != nil:
		r.markLost(loss)
	case errors.As(err, &lost): // since it was checked
		r.markLost(lost.loss)
	case err == nil:
		r.markAvailable()
		r.requestRead()
	case errors.Is(err, journal.ErrDiverged): // it has changed again meanwhile
		r.markUnavailable(err)
	case isCorrupt(err):
		r.markCorrupt(err)
	default:
		r.markUnavailable(err)
	}
}

// lostError says that a log was found to be lost while it was read.
type lostError struct{ loss *LostLog }

func (e *lostError) Error() string { return "replica: the log is lost: " + string(e.loss.Why) }

// findLoss returns where the log stands, and how it is lost, or nil if it is not.
func (r *recovery) findLoss() (journal.Position, *LostLog, error) {
	ctx, cancel := r.callContext()
	defer cancel()
	page, err := r.Journal.Read(ctx, r.log, 0, 1)
	if err != nil {
		return page.Head, nil, err
	}
	var theirs origin
	if len(page.Records) > 0 {
		theirs = originOf(r.core, page.Records[0])
	}
	return page.Head, lossOf(r.core, r.follower.origin, page.Head, theirs), nil
}

// follow makes the log, which stands at head, and this node have one history.
func (r *recovery) follow(cause error, head journal.Position) error {
	if ours := r.history.Head().At; head.Epoch > ours.Epoch {
		r.Logger.Info("the log has a new epoch, as an erasure or a restore begins one", "log", r.log, "at", ours, "epoch", head.Epoch)
	} else {
		r.Logger.Error("the log has diverged from the history of this node", "log", r.log, "at", ours, "err", cause)
	}
	complete, err := r.reappendTail(false)
	if err == nil && !complete {
		err = r.reload()
	}
	return err
}

// reappendTail appends what the log has lost, if the log stands where this node stood
// before: the same bytes, under the same numbers. Several nodes may do so at once. It
// reports whether the log now holds this node's history. Only an operator may make it
// fill an empty log.
func (r *recovery) reappendTail(fill bool) (complete bool, err error) {
	for before := (journal.Position{}); ; {
		head, err := r.readHead()
		if err != nil {
			return false, err
		}
		if head.Seq == 0 && !fill {
			return false, fmt.Errorf("%w: it was emptied a moment ago", journal.ErrDiverged)
		}
		missing, ok := r.follower.recent.After(head)
		switch {
		case !ok:
			return r.headIsInLog()
		case len(missing) == 0:
			return true, nil
		case head == before: // the journal knows the keys, but does not have the records
			return false, nil
		}
		if err := r.reappend(head, missing[:history.BatchLen(missing)]); err != nil {
			return false, err
		}
		before = head
	}
}

func (r *recovery) readHead() (journal.Position, error) {
	ctx, cancel := r.callContext()
	defer cancel()
	page, err := r.Journal.Read(ctx, r.log, 0, 0)
	return page.Head, err
}

func (r *recovery) reappend(head journal.Position, missing []journal.Record) error {
	ctx, cancel := r.callContext()
	defer cancel()
	result, err := r.Journal.Append(ctx, r.log, head, missing, time.Time{})
	if err == nil && result.Outcome == journal.Appended {
		r.Counters.Reappended.Add(uint64(len(missing)))
		r.Logger.Warn("the log had lost records; they were appended again", "log", r.log, "after", head, "records", len(missing))
	}
	return err
}

// headIsInLog reports whether this node's position is one of the log's after all:
// another node has appended the tail again, and more has been written since.
func (r *recovery) headIsInLog() (bool, error) {
	ctx, cancel := r.callContext()
	defer cancel()
	_, _, err := journal.NewCursor(r.log, r.history.Head().At).ReadOn(ctx, r.Journal)
	if errors.Is(err, journal.ErrDiverged) {
		return false, nil
	}
	return err == nil, err
}

// reload replaces this node's history with the log's, and finds out which commands were lost.
func (r *recovery) reload() error {
	loaded, err := r.loader.fromStart()
	if err != nil {
		return err
	}
	if loss := lossOf(r.core, r.follower.origin, loaded.cursor.At(), loaded.origin); loss != nil {
		return &lostError{loss}
	}
	lost, err := r.lost.find(loaded, r.follower.recent)
	if err != nil {
		return err
	}
	r.Counters.Divergences.Add(1)
	r.Counters.Lost.Add(uint64(len(lost)))
	level := slog.LevelError
	if loaded.cursor.At().Epoch > r.history.Head().At.Epoch && len(lost) == 0 {
		level = slog.LevelInfo // an operator's work
	}
	r.Logger.Log(r.Context, level, "the log was loaded again", "log", r.log, "at", loaded.cursor.At(), "commands lost", len(lost))
	r.lost.add(lost)
	r.follower.install(loaded)
	r.subscriber.Replaced()
	if r.log == journal.InstanceLog {
		r.LinksChanged(nil)
	}
	return nil
}
