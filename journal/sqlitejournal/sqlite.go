// Package sqlitejournal keeps matchfloor's logs in one SQLite file: the embedded default,
// for one node. A second process (an import, a listing of links) may append to the same file
// while a server runs.
//
// An append is synced before it is acknowledged (WAL, synchronous=FULL). After a failed sync
// the content of the disk is unknown, and a second sync may report success for data that is
// lost. The journal then refuses every write and sends the cause on [Journal.Failed]; the
// process MUST stop and start again before it writes anything. The journal fails in the same
// way if one of its files is deleted, moved or replaced under it.
//
// Locks: all writes of a journal take turns (database.turn); database.mu guards the failure
// and is taken inside a turn. Reads take no turn.
package sqlitejournal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/internal/backend"
)

// headInterval is how often a watch looks for another process's records.
const headInterval = time.Second

// Journal is a journal, with snapshots, in one file. All methods are safe for concurrent
// use. It starts no goroutine.
type Journal struct {
	db      *database
	hints   *journal.Hints
	checked map[journal.LogID]bool // logs whose keys can all be found; guarded by db.turn
}

var (
	_ journal.Journal   = (*Journal)(nil)
	_ journal.Snapshots = (*Journal)(nil)
	_ journal.Indexed   = (*Journal)(nil)
)

// Open opens the journal in the directory dir, and creates both, readable by their owner
// only, if they are missing. It returns an error that wraps journal.ErrCorrupt if the file's
// structure or the name of a log in it is damaged, and ErrMissing if the file lacks the
// record that was acknowledged last. The caller must close the journal.
func Open(dir string) (*Journal, error) {
	db, err := openDatabase(dir)
	if err != nil {
		return nil, err
	}
	return &Journal{db: db, hints: journal.NewHints(), checked: make(map[journal.LogID]bool)}, nil
}

// Failed receives the first error after which the journal refuses to write. It has one slot
// and is never closed. The process must stop when it receives.
func (j *Journal) Failed() <-chan error { return j.db.failed }

// MarkerMissing returns nil, or an error that says that the durability marker was missing or
// unreadable when the journal was opened, although the journal is not empty. Whether the records
// that were acknowledged last are there cannot be told then. The next append writes a marker.
func (j *Journal) MarkerMissing() error { return j.db.markerMissing }

// Close ends every watch, waits for the calls in progress and closes the file.
func (j *Journal) Close() error {
	j.hints.Close(fmt.Errorf("%w: the journal is closed", journal.ErrUnavailable))
	return j.db.close()
}

// Read implements journal.Journal.
func (j *Journal) Read(ctx context.Context, log journal.LogID, after uint64, limit int) (journal.Page, error) {
	var page journal.Page
	err := j.readLog(ctx, log, func(tx *transaction, l storedLog) (err error) {
		page.Head = l.head
		page.Records, err = tx.page(l, after, limit)
		return err
	})
	return page, err
}

// CheckHead implements journal.Journal. The clock is this machine's. What a transaction
// sees is on the disk.
func (j *Journal) CheckHead(ctx context.Context, log journal.LogID, at journal.Position) (time.Time, error) {
	if err := j.db.checkFailed(); err != nil {
		return time.Time{}, err
	}
	err := j.readLog(ctx, log, func(_ *transaction, l storedLog) error {
		if l.head != at {
			return backend.Mismatch(l.head, at)
		}
		return nil
	})
	return time.Now(), err
}

// CheckIndexes implements journal.Indexed. The structure of the whole file is checked, too.
func (j *Journal) CheckIndexes(ctx context.Context, logs ...journal.LogID) error {
	return j.db.read(ctx, func(tx *transaction) error {
		err := blameAnyIndex(tx, checkStructure(tx, "integrity_check"))
		for _, log := range logs {
			keys := blameAnyIndex(tx, checkKeys(tx, log))
			if errors.Is(keys, journal.ErrIndex) || err == nil {
				err = errors.Join(err, keys)
			}
		}
		return err
	})
}

// Watch implements journal.Journal. Records of this journal come at once; those of another
// process cause an empty hint within a second.
func (j *Journal) Watch(ctx context.Context, log journal.LogID, hint func([]journal.Record)) error {
	if err := log.Check(); err != nil {
		return err
	}
	var hinted journal.Hash // of the last record or head that a hint was about
	deliver := func(records []journal.Record) {
		if len(records) > 0 {
			hinted = records[len(records)-1].Hash
		}
		hint(records)
	}
	headMoved := func() bool {
		page, err := j.Read(ctx, log, 0, 0)
		if err != nil {
			return ctx.Err() == nil // the watcher reads after the hint, and gets the error
		}
		moved := page.Head.Hash != hinted
		hinted = page.Head.Hash
		return moved
	}
	return j.hints.Watch(ctx, log, func() { j.hints.Post(log, nil) }, headInterval, headMoved, deliver)
}

func (j *Journal) readLog(ctx context.Context, log journal.LogID, do func(*transaction, storedLog) error) error {
	if err := log.Check(); err != nil {
		return err
	}
	return j.db.read(ctx, func(tx *transaction) error {
		l, err := tx.find(log)
		if err != nil {
			return err
		}
		return do(tx, l)
	})
}
