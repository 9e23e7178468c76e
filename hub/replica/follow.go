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
	older     chan history.OlderRecords // one slot: what readOlder has read
	origin    origin                    // of the log; zero while it has no record

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
	f.cursor, f.snapshots.progress, f.origin = l.cursor, l.snapshot, l.origin
	if room, base := f.recent.Room(); room > 0 {
		f.Go(func() { f.readOlder(room, base) })
	}
}

// readOlder reads the records before base, so that this node can give back the whole log
// if the journal loses it. It has a goroutine of its own, because nobody waits for it. It
// gives up if they take more than room bytes, or if the journal does not answer.
func (f *follower) readOlder(room int, base journal.Position) {
	cursor := journal.NewCursor(f.log, journal.Genesis(f.log, base.Epoch))
	older := history.OlderRecords{From: cursor.At()}
	for older.Bytes <= room && cursor.At().Seq < base.Seq {
		ctx, cancel := f.callContext()
		records, _, err := cursor.ReadOn(ctx, f.Journal)
		cancel()
		if err != nil || len(records) == 0 {
			return
		}
		older.Add(records[:min(len(records), int(base.Seq-older.At.Seq))])
	}
	select {
	case f.older <- older:
		f.wakeUp()
	default:
	}
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
	known := listed(f.core) // before the log is read: an event is listed after its first record
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
	if f.cursor.At().Seq == 0 && known {
		f.markLost(&LostLog{Why: LossEmpty, Held: f.cursor.At(), Found: f.cursor.At(), Since: f.now()})
		return false
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
		if s.Version.At.Seq == 1 {
			f.origin = originOf(f.core, s.Record)
		}
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
