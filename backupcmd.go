package main

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
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/archive"
	"github.com/matchfloor/matchfloor/journal/sqlitejournal"
)

// archiveWithin is how long a backup, a restore or a verification may take.
const archiveWithin = 30 * time.Minute

// errNoInstance says that there is nothing to back up.
var errNoInstance = errors.New("there is no instance here: its log is empty")

// backup writes every log of an instance to an archive, also beside running
// servers, once the instance's log holds that it was taken out. It never overwrites
// a file, and leaves none that is not whole.
func backup(ctx context.Context, p *program, args []string) error {
	f := p.newFlags("backup", "(--data DIR | --redis URL) --to FILE")
	where := f.journalFlags(false)
	to := f.String("to", "", "the `file` to write; it must not exist")
	if _, err := f.parse(args, 0); err != nil {
		return err
	}
	if err := where.check(); err != nil {
		return err
	}
	if *to == "" {
		return usageError("say where to: --to FILE")
	}
	if _, err := os.Lstat(*to); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fmt.Errorf("%s is there already; a backup overwrites nothing", *to), err)
	}
	opened, err := where.openExisting()
	if err != nil {
		return err
	}
	defer opened.close()
	ctx, cancel := context.WithTimeout(ctx, archiveWithin)
	defer cancel()
	if err := p.backup(ctx, opened, *to); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	key := "the one that --key-file names"
	if *where.data != "" {
		key = filepath.Join(*where.data, keyName)
	}
	fmt.Fprintf(p.stdout, "the instance key is not in it: keep a copy of it (%s) elsewhere; without it every link is void\n", key)
	return nil
}

// openExisting opens a journal that must be there already: opening would make it.
func (j *journalFlags) openExisting() (*opened, error) {
	if *j.data != "" {
		if _, err := os.Stat(filepath.Join(*j.data, sqlitejournal.FileName)); err != nil {
			return nil, fmt.Errorf("there is no instance in %s: %w", *j.data, err)
		}
	}
	return j.open()
}

// backup writes an archive under another name, reads it back, and only then gives
// it the name that was asked for. Its record is in it.
func (p *program) backup(ctx context.Context, o *opened, to string) error {
	people, err := p.peopleIn(ctx, o.journal)
	if err != nil {
		return err
	}
	draft, err := os.CreateTemp(filepath.Dir(to), filepath.Base(to)+".part-*") // 0600: it holds personal data
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name())
	err = p.recordExport(ctx, o, journal.InstanceLog, floor.RecordExport{What: floor.ExportBackup, People: people})
	if err == nil {
		err = p.writeArchive(ctx, o.journal, draft)
	}
	if err == nil {
		err = draft.Sync()
	}
	logs, records := 0, 0
	if err == nil {
		err = readBack(draft, func(l archive.Log) error { logs, records = logs+1, records+len(l.Records); return nil })
	}
	if err = errors.Join(err, draft.Close()); err != nil {
		return err
	}
	if err := os.Link(draft.Name(), to); err != nil { // unlike renaming, it overwrites nothing
		return err
	}
	if err := syncDir(filepath.Dir(to)); err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "backed up %d logs with %d records to %s, and read them back\n", logs, records, to)
	return nil
}

// writeArchive reads the instance's log first: an event stands in it only when its
// own log has been written. It is put last, so that a restore writes it last too.
func (p *program) writeArchive(ctx context.Context, j journal.Journal, w io.Writer) error {
	instance, err := archive.ReadLog(ctx, j, journal.InstanceLog)
	if err != nil {
		return err
	}
	if len(instance.Records) == 0 {
		return errNoInstance
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
			return fmt.Errorf("the log of the event %q is empty, though the instance lists it", event)
		}
		if err := a.Put(l); err != nil {
			return err
		}
		p.tellLog(l.ID, l.Head())
	}
	if err := a.Put(instance); err != nil {
		return err
	}
	p.tellLog(instance.ID, instance.Head())
	return a.Close()
}

func (p *program) tellLog(log journal.LogID, at journal.Position) {
	fmt.Fprintf(p.stdout, "log %s: %d records, at %v\n", log, at.Seq, at)
}

// eventsOf answers the logs of the events that an instance's log lists.
func eventsOf(instance archive.Log) (events []journal.LogID, err error) {
	state := floor.New()
	for _, r := range instance.Records {
		record, err := floor.DecodeRecord(r.Body)
		if err != nil {
			return nil, fmt.Errorf("record %d of the instance's log: %w", r.Seq, err)
		}
		state, _ = state.Apply(record)
	}
	for e := range state.Events() {
		events = append(events, journal.LogID(e.ID))
	}
	return events, nil
}

// readBack reads an archive from a file's start to its end.
func readBack(f *os.File, each func(archive.Log) error) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return archive.Read(f, each)
}
