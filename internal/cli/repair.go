package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/matchfloor/matchfloor/internal/cli/access"
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/archive"
	"github.com/matchfloor/matchfloor/journal/sqlitejournal"
)

// repair makes the indexes of an instance again from its records, and verifies the result. It
// changes no record. A data directory must not be in use by anything else; with Redis, nodes may be running.
func repair(ctx context.Context, p *commandline.Program, args []string) error {
	f := commandline.NewFlags(p, "repair", "--indexes (--data DIR | --redis URL)",
		"matchfloor repair --indexes --data ./data")
	where := access.NewFlags(f, false)
	indexes := f.Bool("indexes", false, "make the indexes again from the records; a damaged record cannot be repaired: restore a backup")
	if _, err := f.ParseArgs(args, 0); err != nil {
		return err
	}
	if err := where.Check(); err != nil {
		return err
	}
	if !*indexes {
		return commandline.UsageError("say what to repair: --indexes")
	}
	if err := where.MustExist(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, archiveTimeout)
	defer cancel()
	if err := repairIndexes(ctx, p, where); err != nil {
		return fmt.Errorf("repair: %w", err)
	}
	return nil
}

// repairIndexes locks a data directory, makes the indexes again and verifies everything.
func repairIndexes(ctx context.Context, p *commandline.Program, where *access.Flags) (err error) {
	unlock, err := where.Lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if *where.Data != "" {
		if err := rebuildFile(ctx, where); err != nil {
			return err
		}
	}
	store, err := where.Open()
	if err != nil {
		return err
	}
	defer store.Close()
	if r, ok := store.Journal.(indexRebuilder); ok {
		if err := rebuildEach(ctx, store.Journal, r); err != nil {
			return err
		}
	}
	if err := verifyLogs(ctx, p, store.Journal); err != nil {
		return err
	}
	fmt.Fprintln(p.Stdout, "the indexes were made again from the records")
	return nil
}

// rebuildFile replaces the file of a data directory's journal by one with new indexes, while no
// command has it open.
func rebuildFile(ctx context.Context, where *access.Flags) error {
	unlock, err := where.LockJournal()
	if err != nil {
		return err
	}
	return errors.Join(sqlitejournal.RebuildIndexes(ctx, *where.Data), unlock())
}

// indexRebuilder is a journal that makes its indexes again while it is in use.
type indexRebuilder interface {
	// RebuildIndex makes the index of one log again from its records.
	RebuildIndex(ctx context.Context, log journal.LogID) error
}

// rebuildEach makes the index of every log of an instance again.
func rebuildEach(ctx context.Context, j journal.Journal, r indexRebuilder) error {
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
	err = r.RebuildIndex(ctx, journal.InstanceLog)
	for _, event := range events {
		if one := r.RebuildIndex(ctx, event); one != nil {
			err = errors.Join(err, fmt.Errorf("log %s: %w", event, one))
		}
	}
	return err
}
