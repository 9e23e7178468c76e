package sqlitejournal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
)

const (
	schemaVersion = 1
	readers       = 4 // connections that read at the same time
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

// openDatabase opens the file in the directory dir, and creates both if they are missing.
// It returns a database whose structure and durability marker have been checked.
func openDatabase(dir string) (*database, error) {
	path, err := createFile(dir)
	if err != nil {
		return nil, fmt.Errorf("sqlitejournal: %w", err)
	}
	before, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("sqlitejournal: %w", err)
	}
	db := &database{failed: make(chan error, 1), turn: make(chan struct{}, 1)}
	if db.writer, err = openPool(path, 1, "journal_mode(WAL)", "synchronous(FULL)", "secure_delete(1)", "wal_autocheckpoint(0)"); err != nil {
		return nil, err
	}
	if db.reader, err = openPool(path, readers, "query_only(1)"); err != nil {
		return nil, errors.Join(err, db.writer.Close())
	}
	if err := db.verify(path, before); err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, errors.Join(err, db.close()))
	}
	return db, nil
}

// openPool returns a pool of connections. The busy time-out is short because
// transaction.begin and SQLite's own readers try again, within the caller's context.
func openPool(path string, connections int, pragmas ...string) (*sql.DB, error) {
	query := url.Values{"_txlock": {"deferred"}, "_pragma": append([]string{"busy_timeout(200)", "cell_size_check(1)"}, pragmas...)}
	connector, err := sqlite.NewConnector("file:" + (&url.URL{Path: path}).EscapedPath() + "?" + query.Encode())
	if err != nil {
		return nil, fmt.Errorf("sqlitejournal: %w", err)
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	return pool, nil
}

// verify makes the first connection, checks what is in the file, and notes which files the
// journal has. before is the file that was at path before the first connection.
func (db *database) verify(path string, before os.FileInfo) error {
	var last marker
	var marked bool
	var err error
	// The marker is read before the transaction begins: see transaction.checkMarker.
	if db.marker, last, marked, err = openMarker(filepath.Dir(path)); err != nil {
		return err
	}
	// The change of a new file to WAL mode needs the file alone, and SQLite does not wait for
	// that: several openers at once would refuse each other.
	if err := retryWhileBusy(context.Background(), db.writer.Ping); err != nil {
		return err
	}
	if err := db.prepare(context.Background()); err != nil {
		return err
	}
	if db.files, err = findFiles(path); err != nil {
		return err
	}
	if !os.SameFile(before, db.files.found[0]) {
		return fmt.Errorf("%w: %s", ErrFileReplaced, path)
	}
	if !marked {
		return db.noteMissingMarker(context.Background())
	}
	err = db.read(context.Background(), func(tx *transaction) error { return blameAnyIndex(tx, checkMarker(tx, last)) })
	if errors.Is(err, ErrMissing) {
		err = errors.Join(fmt.Errorf("%w; to restore a backup, first move the files %s* and %s to another place, and leave the instance key where it is; "+
			"to go on without these records, delete %s", err, filepath.Base(path), filepath.Base(db.marker.Name()), db.marker.Name()), keepDamaged(path+"-wal"))
	}
	return err
}

// prepare creates the tables if they are missing, and checks what is in them.
func (db *database) prepare(ctx context.Context) error {
	err := db.write(ctx, func(tx *transaction) error {
		var version int
		if err := tx.row("PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		switch version {
		case schemaVersion:
			return errUnchanged
		case 0:
			return errors.Join(tx.exec(schema), tx.exec(fmt.Sprintf("PRAGMA user_version = %d", schemaVersion)))
		default:
			return fmt.Errorf("the file has format %d, this program writes %d", version, schemaVersion)
		}
	})
	if err != nil && !errors.Is(err, errUnchanged) {
		return err
	}
	return db.read(ctx, checkFile)
}
