package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/matchfloor/matchfloor/internal/cli/access"
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/archive"
)

// verify reads every log of an instance, or of an archive, and checks each record
// against its hash, and the journal's indexes against the records. It changes nothing, reports every damaged log, and succeeds if there
// is none. Servers may be running.
func verify(ctx context.Context, p *commandline.Program, args []string) error {
	f := commandline.NewFlags(p, "verify", "(--data DIR | --redis URL | --from FILE)",
		"matchfloor verify --data ./data",
		"matchfloor verify --from forum.archive")
	where := access.NewFlags(f, false)
	from := f.String("from", "", "an archive, a `file` that backup wrote")
	if _, err := f.ParseArgs(args, 0); err != nil {
		return err
	}
	if f.Given["from"] && (f.Given["data"] || f.Given["redis"]) {
		return commandline.UsageError("name one thing to verify: --data DIR, --redis URL or --from FILE")
	}
	ctx, cancel := context.WithTimeout(ctx, archiveTimeout)
	defer cancel()
	if *from != "" {
		return verifyFile(p, *from)
	}
	if err := where.Check(); err != nil {
		return err
	}
	store, err := where.OpenExisting(ctx)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	defer store.Close()
	if err := verifyLogs(ctx, p, store.Journal); err != nil || store.Incomplete == nil {
		return errors.Join(err, store.Incomplete)
	}
	return fmt.Errorf("verify: every record that is there matches its hash, but %w", store.Incomplete)
}

// verifyFile verifies an archive.
func verifyFile(p *commandline.Program, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	logs, records := 0, 0
	err = checkArchive(file, func(l archive.Log) {
		logs, records = logs+1, records+len(l.Records)
		printLog(p, l.ID, l.Head())
	})
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	printVerified(p, logs, records)
	return nil
}

// verifyLogs verifies all logs of an instance. It continues after a damaged log, except
// after the instance's own, which names the others.
func verifyLogs(ctx context.Context, p *commandline.Program, j journal.Journal) error {
	instance, err := archive.ReadLog(ctx, j, journal.InstanceLog)
	if err != nil {
		return fmt.Errorf("verify: the instance's log: %w", err)
	}
	printLog(p, instance.ID, instance.Head())
	events, err := eventsOf(instance)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	records := len(instance.Records)
	var damaged error
	for _, event := range events {
		at, err := verifyLog(ctx, j, event)
		if err != nil {
			damaged = errors.Join(damaged, fmt.Errorf("verify: log %s: %w", event, err))
			continue
		}
		records += int(at.Seq)
		printLog(p, event, at)
	}
	if err := checkIndexes(ctx, j, events); err != nil {
		damaged = errors.Join(damaged, fmt.Errorf("verify: %w", err))
	}
	if damaged != nil {
		return damaged
	}
	printVerified(p, 1+len(events), records)
	return nil
}

// checkIndexes compares the indexes of the instance's log and of those of events with the records,
// if the journal has any.
func checkIndexes(ctx context.Context, j journal.Journal, events []journal.LogID) error {
	indexed, ok := j.(journal.Indexed)
	if !ok {
		return nil
	}
	return indexed.CheckIndexes(ctx, slices.Concat([]journal.LogID{journal.InstanceLog}, events)...)
}

// verifyLog reads the log of an event to its head, one page at a time, and returns the
// head.
func verifyLog(ctx context.Context, j journal.Journal, log journal.LogID) (journal.Position, error) {
	cursor := journal.NewCursor(log, journal.Position{})
	for {
		_, head, err := cursor.ReadOn(ctx, j)
		if err != nil {
			return cursor.At(), err
		}
		if cursor.At() == head {
			break
		}
	}
	if cursor.At().Seq == 0 {
		return cursor.At(), errors.New("the log is empty, but the instance lists it")
	}
	return cursor.At(), nil
}

func printVerified(p *commandline.Program, logs, records int) {
	fmt.Fprintf(p.Stdout, "verified %d logs with %d records: every record matches its hash\n", logs, records)
}
