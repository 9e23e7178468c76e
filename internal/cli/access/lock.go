package access

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// The names of the files in a data directory that are locked. They are files of their own,
// because closing a second descriptor of the database would drop the locks that SQLite holds on
// it. They stay when a lock is released: to delete one would let two processes lock two files.
const (
	lockName    = "serve.lock"   // by a server, and by a repair
	journalName = "journal.lock" // shared by every command that has the journal open, or by a repair alone
)

// lockDirectory locks a data directory, which it creates if it does not exist, against a second
// server and against a repair. It fails at once if another process has the lock. The caller must
// call unlock; the system also releases the lock when the process ends, in any way.
func lockDirectory(dir string) (unlock func() error, err error) {
	return tryLock(dir, lockName, (*flock.Flock).TryLock, "another matchfloor uses %s: two servers on one data directory would show different floors. Stop the other one first, or serve another directory")
}

// shareJournal locks the journal in a data directory, which it creates if it does not exist,
// against a repair. It fails at once while a repair replaces the journal's file: what is written
// to the old file then would be lost. The caller must call unlock.
func shareJournal(dir string) (unlock func() error, err error) {
	return tryLock(dir, journalName, (*flock.Flock).TryRLock, "%s is being repaired: wait until that has ended")
}

// lockJournal locks the journal in a data directory against every command that opens it. It fails
// at once if one has it open. The caller must call unlock.
func lockJournal(dir string) (unlock func() error, err error) {
	return tryLock(dir, journalName, (*flock.Flock).TryLock, "another matchfloor command uses %s: wait until it has ended")
}

// tryLock takes the lock of a file in a data directory, both of which it creates if they do not
// exist. refusal says why there is no lock, with the directory for its %s.
func tryLock(dir, name string, try func(*flock.Flock) (bool, error), refusal string) (unlock func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(dir, name), flock.SetPermissions(0o600))
	switch locked, err := try(lock); {
	case err != nil:
		return nil, fmt.Errorf("the lock of %s: %w", dir, errors.Join(err, lock.Close()))
	case !locked:
		return nil, errors.Join(fmt.Errorf(refusal, dir), lock.Close())
	}
	return lock.Unlock, nil
}
