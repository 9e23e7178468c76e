// Package sqlitejournal keeps matchfloor's logs in one SQLite file: the embedded
// default, for one node. A second process (an import, a listing of links) may
// append to the same file beside a running server.
//
// What is appended is synced before it is answered (WAL, synchronous=FULL). After
// a failed sync nobody knows what the disk holds, and trying again may report a
// success that is none: so the journal then refuses every write and says so on
// [Journal.Failed], and the process has to stop and start anew. It does the same
// when one of its files is deleted, moved or replaced under it.
package sqlitejournal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/matchfloor/matchfloor/journal"
)

// FileName is the name of the journal's file in its directory. SQLite keeps two
// more beside it, with the endings -wal and -shm, while it is open; see also
// MarkName.
const FileName = "journal.db"

const (
	schemaVersion = 1
	readers       = 4               // connections that read at the same time
	lockPatience  = 5 * time.Second // wait for another process's transaction
	headCheck     = time.Second     // how often a watch looks for another process's records

	checkpointLook  = 32   // after how many writes the write-ahead log is looked at
	checkpointPages = 1000 // of 4 KiB: from how many on it is moved into the file
)

const schema = `
CREATE TABLE logs (
	id    INTEGER PRIMARY KEY,
	name  TEXT NOT NULL UNIQUE,
	epoch INTEGER NOT NULL,
	seq   INTEGER NOT NULL,
	hash  BLOB NOT NULL
) STRICT;
CREATE TABLE records (
	log    INTEGER NOT NULL REFERENCES logs (id),
	seq    INTEGER NOT NULL,
	key    BLOB NOT NULL,
	digest BLOB NOT NULL,
	hash   BLOB NOT NULL,
	body   BLOB NOT NULL,
	PRIMARY KEY (log, seq)
) STRICT;
CREATE UNIQUE INDEX known ON records (log, key);
CREATE TABLE snapshots (
	log   TEXT PRIMARY KEY,
	epoch INTEGER NOT NULL,
	seq   INTEGER NOT NULL,
	hash  BLOB NOT NULL,
	state BLOB NOT NULL
) STRICT;
`

// ErrFailed is wrapped by the error of every write after the first one that the
// disk did not take.
var ErrFailed = errors.New("sqlitejournal: an earlier write failed; the process must be restarted")

// Journal is a journal, with snapshots, in one file. All methods are safe for
// concurrent use. It starts no goroutine.
type Journal struct {
	writer *sql.DB // one connection: line's
	reader *sql.DB
	hints  *journal.Hints
	failed chan error // one slot; receives the first failure
	files  files      // as they were when opened

	turn    chan struct{}          // one slot: whoever filled it writes, and has what follows
	line    *line                  // nil until something is written
	mark    *os.File               // see MarkName
	checked map[journal.LogID]bool // logs whose keys can all be found
	writes  int                    // since the write-ahead log was last looked at

	mu     sync.Mutex // guards broken
	broken error      // the first failure; nil while all is well
}

var (
	_ journal.Journal   = (*Journal)(nil)
	_ journal.Snapshots = (*Journal)(nil)
)

// Open opens the journal in the directory dir and makes both, readable by their
// owner only, where they are missing. It answers an error that wraps
// journal.ErrCorrupt if the file's structure or the name of a log in it is
// damaged, and ErrMissing if it lacks what had been acknowledged last. The caller
// closes it.
func Open(dir string) (*Journal, error) {
	path, err := makeFile(dir)
	if err != nil {
		return nil, fmt.Errorf("sqlitejournal: %w", err)
	}
	before, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("sqlitejournal: %w", err)
	}
	j := &Journal{
		hints:   journal.NewHints(),
		failed:  make(chan error, 1),
		turn:    make(chan struct{}, 1),
		checked: make(map[journal.LogID]bool),
	}
	if j.writer, err = open(path, 1, "journal_mode(WAL)", "synchronous(FULL)", "secure_delete(1)", "wal_autocheckpoint(0)"); err != nil {
		return nil, err
	}
	if j.reader, err = open(path, readers, "query_only(1)"); err != nil {
		return nil, errors.Join(err, j.writer.Close())
	}
	if err := j.begin(path, before); err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, errors.Join(err, j.Close()))
	}
	return j, nil
}

// begin makes the first connection, checks what is in the file, and notes which
// files the journal has; before is the one that was at path.
func (j *Journal) begin(path string, before os.FileInfo) error {
	var last mark
	var marked bool
	var err error
	if j.mark, last, marked, err = openMark(filepath.Dir(path)); err != nil {
		return err
	}
	if err := connect(j.writer); err != nil {
		return err
	}
	if err := j.prepare(context.Background()); err != nil {
		return err
	}
	if j.files, err = found(path); err != nil {
		return err
	}
	if !os.SameFile(before, j.files.were[0]) {
		return fmt.Errorf("%w: %s", ErrTaken, path)
	}
	if !marked {
		return nil
	}
	err = j.read(context.Background(), func(tx *tx) error { return tx.checkMark(last) })
	if errors.Is(err, ErrMissing) {
		err = errors.Join(fmt.Errorf("%w; restore a backup, or delete %s to go on without them", err, j.mark.Name()), keep(path+"-wal"))
	}
	return err
}

// keep saves a write-ahead log, whose damage hides what it holds, from being
// deleted when SQLite closes it.
func keep(wal string) error {
	err := os.Link(wal, wal+".damaged")
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// connect makes the first connection. Changing a new file to WAL needs it alone,
// and SQLite does not wait for that: several openers at once would refuse each other.
func connect(db *sql.DB) error {
	patience := time.NewTimer(lockPatience)
	defer patience.Stop()
	for {
		err := db.Ping()
		if codeOf(err)&0xff != sqlite3.SQLITE_BUSY {
			return err
		}
		select {
		case <-patience.C:
			return err
		case <-time.After(openPause):
		}
	}
}

// makeFile answers the path of the file, made if need be. It never opens a file
// that exists: closing it again would drop the locks that SQLite may hold on it
// elsewhere in this process.
func makeFile(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	path, err := filepath.Abs(filepath.Join(dir, FileName))
	if err != nil {
		return "", err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return path, ownerOnly(path)
	}
	if err != nil {
		return "", err
	}
	return path, errors.Join(f.Close(), syncDir(dir))
}

func ownerOnly(path string) error {
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o077 == 0 {
		return err
	}
	return os.Chmod(path, 0o600)
}

// syncDir makes the new file's name as durable as what will be in it.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// openPause is how long an opener waits for another one.
const openPause = 10 * time.Millisecond

// open answers a pool of connections. The busy time-out is short because begin
// and SQLite's own readers try again, within the caller's context.
func open(path string, connections int, pragmas ...string) (*sql.DB, error) {
	query := url.Values{"_txlock": {"deferred"}, "_pragma": append([]string{"busy_timeout(200)", "cell_size_check(1)"}, pragmas...)}
	connector, err := sqlite.NewConnector("file:" + (&url.URL{Path: path}).EscapedPath() + "?" + query.Encode())
	if err != nil {
		return nil, fmt.Errorf("sqlitejournal: %w", err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// prepare makes the tables where they are missing and checks what is there.
func (j *Journal) prepare(ctx context.Context) error {
	err := j.write(ctx, func(tx *tx) error {
		var version int
		if err := tx.row("PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		switch version {
		case schemaVersion:
			return errNothing
		case 0:
			return errors.Join(tx.exec(schema), tx.exec(fmt.Sprintf("PRAGMA user_version = %d", schemaVersion)))
		default:
			return fmt.Errorf("the file has format %d, this program writes %d", version, schemaVersion)
		}
	})
	if err != nil && !errors.Is(err, errNothing) {
		return err
	}
	return j.read(ctx, (*tx).checkFile)
}

// Failed receives the first error after which the journal refuses to write; it
// has one slot and is never closed. Whoever runs the process stops it then.
func (j *Journal) Failed() <-chan error { return j.failed }

// fail refuses every write from now on, and answers why.
func (j *Journal) fail(cause error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.broken == nil {
		j.broken = cause
		j.failed <- cause
	}
	return cause
}

// standing answers nil until the journal has failed.
func (j *Journal) standing() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.broken != nil {
		return fmt.Errorf("%w: %w: %w", journal.ErrUnavailable, ErrFailed, j.broken)
	}
	return nil
}

// Close ends every watch, waits for calls in progress and closes the file.
func (j *Journal) Close() error {
	j.hints.Close(fmt.Errorf("%w: the journal is closed", journal.ErrUnavailable))
	j.turn <- struct{}{}
	err := errors.Join(j.hangUp(), j.reader.Close(), j.writer.Close())
	<-j.turn
	if j.mark != nil {
		err = errors.Join(err, j.mark.Close())
	}
	return err
}
