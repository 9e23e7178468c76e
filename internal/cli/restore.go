package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/matchfloor/matchfloor/internal/cli/access"
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/archive"
)

// restore writes the logs of an archive into an empty instance, each in a new epoch. It
// writes nothing before the whole archive is verified. A restore that was interrupted
// can be repeated.
func restore(ctx context.Context, p *commandline.Program, args []string) error {
	f := commandline.NewFlags(p, "restore", "--from FILE (--data DIR | --redis URL)",
		"matchfloor restore --from forum.archive --data ./new")
	where := access.NewFlags(f, false)
	from := f.String("from", "", "the archive, a `file` that backup wrote")
	if _, err := f.ParseArgs(args, 0); err != nil {
		return err
	}
	if err := where.Check(); err != nil {
		return err
	}
	if *from == "" {
		return commandline.UsageError("name the archive to restore: --from FILE")
	}
	file, err := os.Open(*from)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := checkArchive(file, func(archive.Log) {}); err != nil { // before open, which would make an instance
		return fmt.Errorf("restore: nothing was restored: %w", err)
	}
	store, err := where.Open()
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

// restoreArchive writes the logs of an archive that checkArchive has accepted to a journal.
func restoreArchive(ctx context.Context, p *commandline.Program, j journal.Journal, file *os.File) error {
	err := readArchive(file, func(l archive.Log) error { return archive.Check(ctx, j, l) })
	if errors.Is(err, archive.ErrNotEmpty) {
		return fmt.Errorf("%w; restore into an empty data directory or an empty Redis database", err)
	}
	if err != nil {
		return err
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
	fmt.Fprintf(p.Stdout, "restored %d logs with %d records, each log in a new epoch: every screen reloads its view\n", logs, records)
	return nil
}

// printKeyAdvice says which instance key the restored instance needs for the links that
// people have.
func printKeyAdvice(p *commandline.Program, where *access.Flags) {
	if *where.Data == "" {
		fmt.Fprintln(p.Stdout, "serve it with its former instance key (--key-file): with any other key every link is void")
		return
	}
	path := filepath.Join(*where.Data, access.KeyName)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(p.Stdout, "before serving it, copy its former instance key to %s: serve refuses to start without it\n", path)
		return
	}
	fmt.Fprintf(p.Stdout, "its links are made with %s: if that is not its former instance key, every link is void\n", path)
}
