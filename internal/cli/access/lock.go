package access

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// lockName is the name of the file in a data directory that serve locks. It is a file of its own,
// because closing a second descriptor of the database would drop the locks that SQLite holds on
// it. It stays when the lock is released: to delete it would let two processes lock two files.
const lockName = "serve.lock"

// lockDirectory locks a data directory, which it creates if it does not exist, against a second
// server and against a repair. It fails at once if another process has the lock. The caller must
// call unlock; the system also releases the lock when the process ends, in any way.
func lockDirectory(dir string) (unlock func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(dir, lockName), flock.SetPermissions(0o600))
	switch locked, err := lock.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("the lock of %s: %w", dir, errors.Join(err, lock.Close()))
	case !locked:
		err := fmt.Errorf("another matchfloor uses %s: two servers on one data directory would show different floors. Stop the other one first, or serve another directory", dir)
		return nil, errors.Join(err, lock.Close())
	}
	return lock.Unlock, nil
}

// Lock locks the data directory, as lockDirectory does. With Redis there is nothing to lock.
func (s *Flags) Lock() (unlock func() error, err error) {
	if *s.Data == "" {
		return func() error { return nil }, nil
	}
	return lockDirectory(*s.Data)
}
