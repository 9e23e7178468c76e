package replica

import (
	"context"
	"errors"
	"time"

	"github.com/matchfloor/matchfloor/journal"
)

// The pauses before a log that could not be applied is read again. They grow while that
// fails, and while the log fails again soon after.
const (
	minReread = time.Second
	maxReread = 10 * time.Second
)

// indexCheckTimeout bounds a check of the log's indexes, which reads all that is stored of it.
const indexCheckTimeout = 30 * time.Second

// reread reads a log again that could not be applied: an operator may have repaired or
// restored it.
type reread struct {
	*core
	follower *follower
	next     time.Time
	pause    time.Duration
}

// reread makes the replica serve the log again if all of it can be read and applied, and if its
// indexes match the records in case one did not.
func (r *reread) reread() {
	broken := r.corrupt.Load()
	if broken == nil || errors.Is(broken, journal.ErrMalformed) || time.Now().Before(r.next) {
		return
	}
	if time.Since(r.next) > time.Minute {
		r.pause = minReread / 2
	}
	r.pause = min(2*r.pause, maxReread)
	r.next = time.Now().Add(r.pause)
	if r.verify() != nil || errors.Is(broken, journal.ErrIndex) && r.checkIndexes() != nil {
		return
	}
	r.follower.cursor = journal.NewCursor(r.log, r.history.Head().At)
	r.corrupt.Store(nil)
	r.LogReadable(r.log, nil)
	r.Logger.Warn("the log has been repaired, and is served again", "log", r.log)
	r.follower.readToHead()
}

// verify returns nil if every record of the log matches its hash and can be read.
func (r *reread) verify() error {
	cursor := journal.NewCursor(r.log, journal.Position{})
	for {
		ctx, cancel := r.callContext()
		records, head, err := cursor.ReadOn(ctx, r.Journal)
		cancel()
		if err != nil {
			return err
		}
		for _, record := range records {
			if _, err := r.Decode(record.Body); err != nil {
				return err
			}
		}
		if cursor.At() == head {
			return nil
		}
	}
}

// checkIndexes returns nil if the journal's indexes of the log match its records: to read the
// records does not use them all.
func (r *reread) checkIndexes() error {
	indexed, ok := r.Journal.(journal.Indexed)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(r.Context, indexCheckTimeout)
	defer cancel()
	return indexed.CheckIndexes(ctx, r.log)
}
