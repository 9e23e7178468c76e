package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/archive"
)

// restore writes the logs of an archive into an empty instance, each in a new epoch. It
// writes nothing before the whole archive is verified. A restore that was interrupted
// can be repeated.
func restore(ctx context.Context, p *program, args []string) error {
	f := newFlags(p, "restore", "--from FILE (--data DIR | --redis URL)")
	where := newStoreFlags(f, false)
	from := f.String("from", "", "the archive, a `file` that backup wrote")
	if _, err := f.parse(args, 0); err != nil {
		return err
	}
	if err := where.check(); err != nil {
		return err
	}
	if *from == "" {
		return usageError("name the archive to restore: --from FILE")
	}
	file, err := os.Open(*from)
	if err != nil {
		return err
	}
	defer file.Close()
	store, err := where.open()
	if err != nil {
		return err
	}
	defer store.Close()
	ctx, cancel := context.WithTimeout(ctx, archiveTimeout)
	defer cancel()
	if err := restoreArchive(ctx, p, store.Journal, file); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	printKeyAdvice(p, where)
	return nil
}

// restoreArchive verifies an archive and then writes its logs to a journal.
func restoreArchive(ctx context.Context, p *program, j journal.Journal, file *os.File) error {
	complete := false
	err := readArchive(file, func(l archive.Log) error {
		complete = l.ID == journal.InstanceLog
		return archive.Check(ctx, j, l)
	})
	switch {
	case errors.Is(err, archive.ErrNotEmpty):
		return fmt.Errorf("%w; a restore needs an empty instance that no server runs on", err)
	case err != nil:
		return err
	case !complete:
		return errors.New("the archive does not end with an instance's log")
	}
	logs, records := 0, 0
	err = readArchive(file, func(l archive.Log) error {
		at, err := archive.Restore(ctx, j, l)
		if err != nil {
			return err
		}
		logs, records = logs+1, records+len(l.Records)
		printLog(p, l.ID, at)
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "restored %d logs with %d records, each log in a new epoch: every screen reloads its view\n", logs, records)
	return nil
}

// printKeyAdvice says which instance key the restored instance needs for the links that
// people have.
func printKeyAdvice(p *program, where *storeFlags) {
	if *where.data == "" {
		fmt.Fprintln(p.stdout, "serve it with its former instance key (--key-file); with any other key every link is void")
		return
	}
	path := filepath.Join(*where.data, keyName)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(p.stdout, "before serving it, copy its former instance key to %s; otherwise a new key is made, and every link is void\n", path)
		return
	}
	fmt.Fprintf(p.stdout, "its links are made with %s: if that is not its former instance key, every link is void\n", path)
}
