package sqlitejournal

import (
	"errors"
	"fmt"
	"os"
)

// ErrTaken is wrapped by the failure of a journal whose files were deleted, moved
// or replaced while it had them open.
var ErrTaken = errors.New("sqlitejournal: a file of the journal was deleted, moved or replaced under the running process")

// files are those that SQLite has open, by path and as they were found there. A
// process that is the last to close them deletes two of them, but while this one
// has a connection none is the last: whoever changes one is no SQLite. What is
// then stored goes to files that nobody will find again.
//
// They are only looked up, never opened: closing a second descriptor of a file
// would drop the locks that SQLite holds on it in this process.
type files struct {
	paths []string
	were  []os.FileInfo
}

// found looks the files up, while a connection that has written keeps them.
func found(path string) (f files, err error) {
	f.paths = []string{path, path + "-wal", path + "-shm"}
	for _, p := range f.paths {
		info, err := os.Stat(p)
		if err != nil {
			return f, fmt.Errorf("%w: %w", ErrTaken, err)
		}
		f.were = append(f.were, info)
	}
	return f, nil
}

// check answers nil if the files are still those that were found, otherwise an
// error that wraps ErrTaken. It costs a few microseconds.
func (f files) check() error {
	for i, was := range f.were {
		is, err := os.Stat(f.paths[i])
		switch {
		case err != nil:
			return fmt.Errorf("%w: %w", ErrTaken, err)
		case !os.SameFile(was, is):
			return fmt.Errorf("%w: %s is another file", ErrTaken, f.paths[i])
		}
	}
	return nil
}
