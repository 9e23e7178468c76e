package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/internal/cli/access"
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/internal/node"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/archive"
)

// archiveTimeout is how long a backup, a restore or a verification may take.
const archiveTimeout = 30 * time.Minute

// backup writes every log of an instance to an archive, after it has recorded the backup
// in the instance's log. Servers may be running. It never overwrites a file, and leaves
// no incomplete file behind.
func backup(ctx context.Context, p *commandline.Program, args []string) error {
	f := commandline.NewFlags(p, "backup", "(--data DIR | --redis URL) --to FILE",
		"matchfloor backup --data ./data --to forum.archive")
	where := access.NewFlags(f, false)
	to := f.String("to", "", "the `file` to write; it must not exist")
	if _, err := f.ParseArgs(args, 0); err != nil {
		return err
	}
	if err := where.Check(); err != nil {
		return err
	}
	if *to == "" {
		return commandline.UsageError("name the file to write: --to FILE")
	}
	switch _, err := os.Lstat(*to); {
	case err == nil:
		return fmt.Errorf("backup: %s exists already, and a backup overwrites nothing: name another file", *to)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("backup: whether the file exists cannot be seen: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, archiveTimeout)
	defer cancel()
	store, err := where.OpenExisting(ctx)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer store.Close()
	if err := warnOfIndexes(ctx, p, store.Journal); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := backUp(ctx, p, store, *to); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	key := "the file that --key-file names"
	if *where.Data != "" {
		key = filepath.Join(*where.Data, access.KeyName)
	}
	fmt.Fprintf(p.Stdout, "the archive does not contain the instance key: keep a copy of it (%s) in another place; without it every link is void\n", key)
	return nil
}

// warnOfIndexes prints a warning if an index of the journal is damaged. An archive holds records
// only, so that it is complete all the same if the records can be read.
func warnOfIndexes(ctx context.Context, p *commandline.Program, j journal.Journal) error {
	instance, err := archive.ReadLog(ctx, j, journal.InstanceLog)
	if err != nil {
		return err
	}
	events, err := eventsOf(instance)
	if err != nil {
		return err
	}
	err = checkIndexes(ctx, j, events)
	if errors.Is(err, journal.ErrIndex) {
		fmt.Fprintf(p.Stderr, "matchfloor: %v\n", err)
		return nil
	}
	return err
}

// backUp writes an archive under a temporary name, reads it back, and only then gives it
// the name to. The archive contains the record of its own export.
func backUp(ctx context.Context, p *commandline.Program, store *node.Store, to string) error {
	people, err := countPeople(ctx, p, store.Journal)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(to), filepath.Base(to)+".part-*") // with the mode 0600: it holds personal data
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	err = recordExport(ctx, p, store, journal.InstanceLog, floor.RecordExport{What: floor.ExportBackup, People: people})
	if err == nil {
		err = writeArchive(ctx, p, store.Journal, temp)
	}
	if err == nil {
		err = temp.Sync()
	}
	logs, records := 0, 0
	if err == nil {
		err = readArchive(temp, func(l archive.Log) error { logs, records = logs+1, records+len(l.Records); return nil })
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		return err
	}
	if err := os.Link(temp.Name(), to); err != nil { // unlike Rename, Link overwrites nothing
		return err
	}
	if err := access.SyncDir(filepath.Dir(to)); err != nil {
		return err
	}
	fmt.Fprintf(p.Stdout, "backed up %d logs with %d records to %s, and read them back\n", logs, records, to)
	return nil
}

// writeArchive writes all logs of an instance to w. It reads the instance's log first,
// because an event is listed there only after its own log was written. It writes the
// instance's log last, so that a restore writes it last too.
func writeArchive(ctx context.Context, p *commandline.Program, j journal.Journal, w io.Writer) error {
	instance, err := archive.ReadLog(ctx, j, journal.InstanceLog)
	if err != nil {
		return err
	}
	if len(instance.Records) == 0 {
		return access.ErrNoInstance
	}
	events, err := eventsOf(instance)
	if err != nil {
		return err
	}
	a := archive.NewWriter(w)
	for _, event := range events {
		l, err := archive.ReadLog(ctx, j, event)
		if err != nil {
			return err
		}
		if len(l.Records) == 0 {
			return fmt.Errorf("the log of the event %q is empty, but the instance lists it", event)
		}
		if err := a.Put(l); err != nil {
			return err
		}
		printLog(p, l.ID, l.Head())
	}
	if err := a.Put(instance); err != nil {
		return err
	}
	printLog(p, instance.ID, instance.Head())
	return a.Close()
}

// readArchive reads an archive from the start of a file to its end.
func readArchive(f *os.File, each func(archive.Log) error) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return archive.Read(f, each)
}
