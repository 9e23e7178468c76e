package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/archive"
)

// verify reads every log of an instance, or of an archive, and holds each record
// to its hash. It changes nothing, works beside running servers, and tells every
// damaged log; exit code 0 says that there is none.
func verify(ctx context.Context, p *program, args []string) error {
	f := p.newFlags("verify", "(--data DIR | --redis URL | --from FILE)")
	where := f.journalFlags(false)
	from := f.String("from", "", "an archive, a `file` that backup wrote")
	if _, err := f.parse(args, 0); err != nil {
		return err
	}
	if f.given["from"] && (f.given["data"] || f.given["redis"]) {
		return usageError("say what to verify: --data DIR, --redis URL or --from FILE")
	}
	ctx, cancel := context.WithTimeout(ctx, archiveWithin)
	defer cancel()
	if *from != "" {
		return p.verifyFile(*from)
	}
	if err := where.check(); err != nil {
		return err
	}
	opened, err := where.openExisting()
	if err != nil {
		return err
	}
	defer opened.close()
	return p.verifyLogs(ctx, opened.journal)
}

func (p *program) verifyFile(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	logs, records := 0, 0
	err = archive.Read(file, func(l archive.Log) error {
		logs, records = logs+1, records+len(l.Records)
		p.tellLog(l.ID, l.Head())
		return nil
	})
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	return p.tellVerified(logs, records)
}

// verifyLogs goes on after a damaged log, but for the instance's own, which is
// what names the others.
func (p *program) verifyLogs(ctx context.Context, j journal.Journal) error {
	instance, err := archive.ReadLog(ctx, j, journal.InstanceLog)
	if err != nil {
		return fmt.Errorf("verify: the instance's log: %w", err)
	}
	p.tellLog(instance.ID, instance.Head())
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
		p.tellLog(event, at)
	}
	if damaged != nil {
		return damaged
	}
	return p.tellVerified(1+len(events), records)
}

// verifyLog reads a log to its head, a page at a time.
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
		return cursor.At(), errors.New("the instance lists it, and it is empty")
	}
	return cursor.At(), nil
}

func (p *program) tellVerified(logs, records int) error {
	fmt.Fprintf(p.stdout, "verified %d logs with %d records: all of them follow from each other\n", logs, records)
	return nil
}
