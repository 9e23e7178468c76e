package main

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

// restore writes an archive's logs into an instance that is empty, each in a new
// epoch. Nothing is written before the whole archive has been verified. One that
// was broken off can be repeated.
func restore(ctx context.Context, p *program, args []string) error {
	f := p.newFlags("restore", "--from FILE (--data DIR | --redis URL)")
	where := f.journalFlags(false)
	from := f.String("from", "", "the archive, a `file` that backup wrote")
	if _, err := f.parse(args, 0); err != nil {
		return err
	}
	if err := where.check(); err != nil {
		return err
	}
	if *from == "" {
		return usageError("say where from: --from FILE")
	}
	file, err := os.Open(*from)
	if err != nil {
		return err
	}
	defer file.Close()
	opened, err := where.open()
	if err != nil {
		return err
	}
	defer opened.close()
	ctx, cancel := context.WithTimeout(ctx, archiveWithin)
	defer cancel()
	if err := p.restore(ctx, opened.journal, file); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	p.tellKey(where)
	return nil
}

func (p *program) restore(ctx context.Context, j journal.Journal, file *os.File) error {
	whole := false
	err := readBack(file, func(l archive.Log) error {
		whole = l.ID == journal.InstanceLog
		return archive.Check(ctx, j, l)
	})
	switch {
	case errors.Is(err, archive.ErrNotEmpty):
		return fmt.Errorf("%w; a restore needs an empty instance that nobody serves", err)
	case err != nil:
		return err
	case !whole:
		return errors.New("the archive does not end with an instance's log")
	}
	logs, records := 0, 0
	err = readBack(file, func(l archive.Log) error {
		at, err := archive.Restore(ctx, j, l)
		if err != nil {
			return err
		}
		logs, records = logs+1, records+len(l.Records)
		p.tellLog(l.ID, at)
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "restored %d logs with %d records, each in a new epoch: every screen starts anew from them\n", logs, records)
	return nil
}

// tellKey says where the key has to be for the links that people hold.
func (p *program) tellKey(where *journalFlags) {
	if *where.data == "" {
		fmt.Fprintln(p.stdout, "serve it with the instance key that it had (--key-file); with another every link is void")
		return
	}
	path := filepath.Join(*where.data, keyName)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(p.stdout, "before serving it, put the instance key that it had to %s; without it a new one is made, and every link is void\n", path)
		return
	}
	fmt.Fprintf(p.stdout, "its links are made with %s: if that is not the key that it had, every link is void\n", path)
}
