package sqlitejournal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// FileName is the name of the journal's file in its directory. While it is open, SQLite
// keeps two more next to it, with the suffixes -wal and -shm; see also MarkerName.
const FileName = "journal.db"

// createFile returns the path of the journal's file in dir, and creates both, readable by
// their owner only, if they are missing. It never opens a file that exists: closing that
// descriptor would drop the locks that SQLite may hold on the file elsewhere in this process.
func createFile(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	path, err := filepath.Abs(filepath.Join(dir, FileName))
	if err != nil {
		return "", err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return path, restrictToOwner(path)
	}
	if err != nil {
		return "", err
	}
	return path, errors.Join(f.Close(), syncDir(dir))
}

func restrictToOwner(path string) error {
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o077 == 0 {
		return err
	}
	return os.Chmod(path, 0o600)
}

// syncDir makes the name of a new file as durable as what will be written to it.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// keepDamaged links a write-ahead log to a second name. SQLite ignores what follows the damage
// and deletes the log when it closes; a person may still want to recover records from it.
func keepDamaged(wal string) error {
	err := os.Link(wal, wal+".damaged")
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// openFiles are the files that SQLite has open, by path and as they were found there. The
// last process that closes the journal deletes two of them, but while this process has a
// connection no other is the last: a file that changes was changed by something else than
// SQLite. What is stored from then on goes to files that nobody will find again.
//
// The files are only looked up, never opened: closing a second descriptor of one would drop
// the locks that SQLite holds on it in this process.
type openFiles struct {
	paths []string
	found []os.FileInfo
}

// findFiles looks the files of the database at path up. A connection that has written must
// be open meanwhile: it keeps the other two files in place.
func findFiles(path string) (f openFiles, err error) {
	f.paths = []string{path, path + "-wal", path + "-shm"}
	for _, p := range f.paths {
		info, err := os.Stat(p)
		if err != nil {
			return f, fmt.Errorf("%w: %w", ErrFileReplaced, err)
		}
		f.found = append(f.found, info)
	}
	return f, nil
}

// check returns nil if the files are still those that were found, and otherwise an error
// that wraps ErrFileReplaced. It takes a few microseconds.
func (f openFiles) check() error {
	for i, found := range f.found {
		now, err := os.Stat(f.paths[i])
		switch {
		case err != nil:
			return fmt.Errorf("%w: %w", ErrFileReplaced, err)
		case !os.SameFile(found, now):
			return fmt.Errorf("%w: %s is another file", ErrFileReplaced, f.paths[i])
		}
	}
	return nil
}
