package replica

import (
	"errors"

	"github.com/matchfloor/matchfloor/hub/history"
	"github.com/matchfloor/matchfloor/journal"
)

// follower applies what is in the log and publishes the versions that it makes.
type follower struct {
	*core
	snapshots *snapshots
	cursor    *journal.Cursor
	recent    *history.RecentRecords

	// recover deals with a log whose history has diverged. It either replaces the
	// follower's history or marks the journal as unavailable.
	recover func(cause error)
}

// install replaces the history by a log as it was read. It begins a new lineage.
func (f *follower) install(l *loadedLog) {
	f.history.Reset(l.base, l.steps)
	f.recent.Reset(l.base.At)
	for _, s := range l.steps {
		f.recent.Append(s.Record)
	}
	f.cursor, f.snapshots.progress = l.cursor, l.snapshot
}

// takeHints applies what the hints bring. If they do not join, it reads the log.
func (f *follower) takeHints() {
	records, read := f.hints.take()
	if f.corrupt.Load() != nil {
		return
	}
	if len(records) > 0 {
		taken, err := f.cursor.Take(records)
		if !f.applyAndPublish(taken) {
			return
		}
		read = read || err != nil
	}
	if read {
		f.readToHead()
	}
}

// readToHead reads the log up to its head and applies what was missed. It reports
// whether the replica now stands there.
func (f *follower) readToHead() bool {
	if f.corrupt.Load() != nil {
		return false
	}
	number := f.catchUps.begun.Add(1)
	for {
		ctx, cancel := f.callContext()
		records, head, err := f.cursor.ReadOn(ctx, f.Journal)
		cancel()
		if !f.applyAndPublish(records) {
			return false
		}
		if err != nil {
			f.handleReadError(err)
			return f.available()
		}
		if f.cursor.At() == head {
			break
		}
	}
	f.markAvailable()
	f.catchUps.done.Store(number)
	f.subscriber.CaughtUp()
	return true
}

// handleReadError deals with an error of a call that read the log.
func (f *follower) handleReadError(err error) {
	switch {
	case isCorrupt(err):
		f.markCorrupt(err)
	case errors.Is(err, journal.ErrDiverged):
		f.recover(err)
	default:
		f.markUnavailable(err)
	}
}

// catchUp applies what the result of an append says was missed. It reports what
// readToHead reports.
func (f *follower) catchUp(result journal.Result) bool {
	if result.Diverged {
		f.recover(journal.ErrDiverged)
		return f.available()
	}
	if len(result.Missed) > 0 {
		taken, _ := f.cursor.Take(result.Missed) // what does not join is read from the log
		if !f.applyAndPublish(taken) {
			return false
		}
	}
	if f.cursor.At() == result.Head {
		return true
	}
	return f.readToHead()
}

// publishOwn publishes the steps of records that this replica has appended.
func (f *follower) publishOwn(steps []history.Step, records []journal.Record) {
	f.publish(steps)
	if _, err := f.cursor.Take(records); err != nil {
		f.readToHead()
	}
}

// applyAndPublish applies records and publishes the versions that they make. If a
// record cannot be read it marks the log as corrupt and returns false.
func (f *follower) applyAndPublish(records []journal.Record) bool {
	steps, err := f.apply(f.history.Head(), records)
	f.publish(steps)
	if err != nil {
		f.markCorrupt(err)
		return false
	}
	return true
}

// publish makes new versions visible, and notifies the clients that they concern. It
// never blocks on one.
func (f *follower) publish(steps []history.Step) {
	if len(steps) == 0 {
		return
	}
	var scope history.Scope
	for _, s := range steps {
		f.history.Append(s.Version, s.Affected)
		f.recent.Append(s.Record)
		f.snapshots.progress.bytes += len(s.Record.Body)
		scope.Add(s.Affected)
	}
	f.Counters.Records.Add(uint64(len(steps)))
	f.subscriber.Published(scope)
	if f.log == journal.InstanceLog && len(scope.Links) > 0 {
		f.LinksChanged(scope.Links)
	}
	f.snapshots.storeIfDue()
}
