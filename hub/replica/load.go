package replica

import (
	"errors"
	"fmt"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/history"
	"github.com/matchfloor/matchfloor/journal"
)

// loadedLog is the result of reading a log: the newest steps, and the version that they start from.
type loadedLog struct {
	cursor   *journal.Cursor
	base     history.Version
	steps    []history.Step
	snapshot snapshotProgress
	origin   origin // zero if the log has no record
}

// keep adds steps, and makes those before the newest n part of the base.
func (l *loadedLog) keep(steps []history.Step, n int) {
	l.steps = append(l.steps, steps...)
	for _, s := range steps {
		l.snapshot.bytes += len(s.Record.Body)
	}
	if over := len(l.steps) - n; over > 0 {
		l.base = l.steps[over-1].Version
		l.steps = append([]history.Step(nil), l.steps[over:]...)
	}
}

// positions returns the positions of the base and of the steps, oldest first.
func (l *loadedLog) positions() []journal.Position {
	all := []journal.Position{l.base.At}
	for _, s := range l.steps {
		all = append(all, s.Version.At)
	}
	return all
}

// loader reads a log to its head.
type loader struct {
	*core
	snapshots *snapshots
}

// load reads the log from the stored snapshot if there is a usable one, otherwise
// from its start.
func (l *loader) load() (*loadedLog, error) {
	if loaded, err := l.fromSnapshot(); err == nil {
		return loaded, nil
	}
	return l.fromStart()
}

// fromStart reads the log from its start.
func (l *loader) fromStart() (*loadedLog, error) {
	return l.from(history.Version{}, journal.NewCursor(l.log, journal.Position{}))
}

var errNoSnapshot = errors.New("replica: no snapshot is stored")

// fromSnapshot reads the log from the stored snapshot. After any error the log is to
// be read without it.
func (l *loader) fromSnapshot() (*loadedLog, error) {
	ctx, cancel := l.callContext()
	defer cancel()
	at, data, ok, err := l.Snapshots.Snapshot(ctx, l.log)
	if errors.Is(err, journal.ErrCorrupt) {
		l.Logger.Warn("the stored snapshot is damaged; the log is read from its start", "log", l.log, "err", err)
	}
	if err != nil || !ok {
		return nil, errors.Join(errNoSnapshot, err)
	}
	l.snapshots.size.Store(int64(len(data)))
	loaded, err := l.decodeAndRead(at, data)
	if errors.Is(err, floor.ErrStateFormat) {
		return nil, err // of a node of another version, which may need it
	}
	unreached := errors.Is(err, journal.ErrUnavailable) || errors.Is(err, journal.ErrUnknown) || ctx.Err() != nil
	if err != nil && !unreached {
		l.Logger.Warn("the stored snapshot cannot be used; the log is read from its start", "log", l.log, "err", err)
		err = errors.Join(err, l.Snapshots.DropSnapshot(ctx, l.log))
	}
	return loaded, err
}

func (l *loader) decodeAndRead(at journal.Position, data []byte) (*loadedLog, error) {
	state, err := floor.DecodeState(data)
	if err != nil {
		return nil, err
	}
	if state.Seq() != at.Seq {
		return nil, fmt.Errorf("replica: a snapshot at %v holds the state %d", at, state.Seq())
	}
	origin, err := l.readOrigin()
	if err != nil {
		return nil, err
	}
	loaded, err := l.from(history.Version{At: at, State: state}, journal.NewCursor(l.log, at))
	if err == nil {
		loaded.origin = origin
	}
	return loaded, err
}

// readOrigin reads the log's origin.
func (l *loader) readOrigin() (origin, error) {
	ctx, cancel := l.callContext()
	defer cancel()
	page, err := l.Journal.Read(ctx, l.log, 0, 1)
	if err != nil || len(page.Records) == 0 {
		return origin{}, err
	}
	return originOf(l.core, page.Records[0]), nil
}

// from reads the log from the cursor to its head, applies the records to base, and
// keeps as many of the newest steps as the history holds.
func (l *loader) from(base history.Version, cursor *journal.Cursor) (*loadedLog, error) {
	loaded := &loadedLog{cursor: cursor, base: base, snapshot: snapshotProgress{seq: base.At.Seq}}
	for last := base; ; {
		ctx, cancel := l.callContext()
		records, head, err := cursor.ReadOn(ctx, l.Journal)
		cancel()
		if err != nil {
			return nil, err
		}
		if last.At == (journal.Position{}) {
			last.At = journal.Genesis(l.log, head.Epoch)
			loaded.base = last
		}
		steps, err := l.apply(last, records)
		if err != nil {
			return nil, err
		}
		if len(records) > 0 && records[0].Seq == 1 {
			loaded.origin = originOf(l.core, records[0])
		}
		loaded.keep(steps, l.HistorySize)
		if len(steps) > 0 {
			last = steps[len(steps)-1].Version
		}
		if cursor.At() == head {
			return loaded, nil
		}
	}
}
