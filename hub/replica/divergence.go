package replica

import (
	"errors"

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

// recoverDivergence deals with a log that has diverged. If the log was only cut, the
// missing records are appended again, and no client notices. Otherwise the log wins:
// it is loaded again, and the commands that it has lost are to be reported in it.
// Screens keep their view until that has worked; if it has not, the next check of the
// head tries again.
func (r *recovery) recoverDivergence(cause error) {
	r.Logger.Error("the log has diverged from the history of this node", "log", r.log, "at", r.history.Head().At, "err", cause)
	complete, err := r.reappendTail()
	if err == nil && !complete {
		err = r.reload()
	}
	switch {
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

// reappendTail appends what the log has lost, if the log stands where this node stood
// before: the same bytes, under the same numbers. Several nodes may do so at once. It
// reports whether the log now holds this node's history.
func (r *recovery) reappendTail() (complete bool, err error) {
	for before := (journal.Position{}); ; {
		head, err := r.readHead()
		if err != nil {
			return false, err
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
	result, err := r.Journal.Append(ctx, r.log, head, missing)
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
	lost, err := r.lost.find(loaded, r.follower.recent)
	if err != nil {
		return err
	}
	r.Counters.Divergences.Add(1)
	r.Counters.Lost.Add(uint64(len(lost)))
	r.Logger.Error("the log has diverged; it was loaded again", "log", r.log, "at", loaded.cursor.At(), "commands lost", len(lost))
	r.lost.add(lost)
	r.follower.install(loaded)
	r.subscriber.Replaced()
	if r.log == journal.InstanceLog {
		r.LinksChanged(nil)
	}
	return nil
}
