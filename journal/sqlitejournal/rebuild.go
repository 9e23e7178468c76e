package sqlitejournal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// RebuildIndexes makes every index of the journal in dir again from the records: it copies the
// records to a new file, verifies each in the copy, and puts the copy in the place of the file in
// one step. Snapshots are left out, because a node makes them again. After an error the file is as
// it was. No other process may use the journal meanwhile; the caller must see to that.
//
// The error wraps journal.ErrCorrupt if records are damaged, too.
func RebuildIndexes(ctx context.Context, dir string) error {
	path, err := filepath.Abs(filepath.Join(dir, FileName))
	if err != nil {
		return fmt.Errorf("sqlitejournal: %w", err)
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("sqlitejournal: %w", err)
	}
	if err := rebuild(ctx, path); err != nil {
		return fmt.Errorf("the indexes of %s: %w", path, contractError(err))
	}
	return nil
}

func rebuild(ctx context.Context, path string) error {
	if err := emptyLog(ctx, path); err != nil {
		return err
	}
	repaired := path + ".repaired"
	if err := os.Remove(repaired); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a repair that was interrupted
		return err
	}
	f, err := os.OpenFile(repaired, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(repaired)
	if err := f.Close(); err != nil {
		return err
	}
	if err := inPool(ctx, repaired, func(tx *transaction) error { return copyFrom(tx, path) }, "journal_mode(DELETE)", "synchronous(FULL)"); err != nil {
		return err
	}
	if err := os.Rename(repaired, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// emptyLog moves the write-ahead log of the file at path into the file, so that the file can be
// replaced.
func emptyLog(ctx context.Context, path string) error {
	err := inPool(ctx, path, (*transaction).truncateLog, "journal_mode(WAL)", "synchronous(FULL)")
	if err != nil {
		return err
	}
	if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 {
		return errBusy
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// inPool opens the file at path, runs do on one connection, outside any transaction, and closes it.
func inPool(ctx context.Context, path string, do func(*transaction) error, pragmas ...string) error {
	pool, err := openPool(path, 1, pragmas...)
	if err != nil {
		return err
	}
	conn, err := pool.Conn(ctx)
	if err == nil {
		err = errors.Join(do(&transaction{ctx: ctx, conn: conn}), conn.Close())
	}
	return errors.Join(err, pool.Close())
}

// copyFrom fills an empty file from the tables of another one, without its indexes, and verifies
// every record.
func copyFrom(tx *transaction, path string) error {
	if err := tx.exec("ATTACH ? AS damaged", path); err != nil {
		return err
	}
	for _, statement := range []string{
		"BEGIN IMMEDIATE", schema, // it keeps other processes from writing to both files
		fmt.Sprintf("PRAGMA user_version = %d", schemaVersion),
		// The WHERE clause keeps SQLite from copying the indexes page by page.
		"INSERT INTO main.logs SELECT * FROM damaged.logs NOT INDEXED WHERE id IS NOT NULL",
		"INSERT INTO main.records SELECT * FROM damaged.records NOT INDEXED WHERE rowid IS NOT NULL ORDER BY rowid",
		"COMMIT",
	} {
		if err := tx.exec(statement); err != nil {
			return err
		}
	}
	if err := tx.exec("DETACH damaged"); err != nil {
		return err
	}
	if err := checkStructure(tx, "integrity_check"); err != nil {
		return err
	}
	return verifyTables(tx)
}
