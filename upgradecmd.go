package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// upgradeWithin is how long it may take to raise one log.
const upgradeWithin = time.Minute

// upgrade lets the kinds of records that this version brought be written: to the
// instance's log first, so that new events begin with them, then to every event's.
// Whoever gives it has exchanged all nodes for this version; one that is older
// stops at the first such record. Doing it again does nothing.
func upgrade(ctx context.Context, p *program, args []string) error {
	f := p.newFlags("upgrade", "(--data DIR | --redis URL)")
	where := f.journalFlags(false)
	if _, err := f.parse(args, 0); err != nil {
		return err
	}
	if err := where.check(); err != nil {
		return err
	}
	opened, err := where.open()
	if err != nil {
		return err
	}
	defer opened.close()
	if err := raiseLog(ctx, p, opened, journal.InstanceLog); err != nil {
		return fmt.Errorf("upgrade: the instance: %w", err)
	}
	instance, err := foldLog(ctx, opened.journal, journal.InstanceLog)
	if err != nil {
		return fmt.Errorf("upgrade: %w", err)
	}
	for event := range instance.Events() {
		if err := raiseLog(ctx, p, opened, journal.LogID(event.ID)); err != nil {
			return fmt.Errorf("upgrade: event %s: %w", event.ID, err)
		}
	}
	return nil
}

// raiseLog raises one log through a hub of its own, and says so.
func raiseLog(ctx context.Context, p *program, o *opened, log journal.LogID) error {
	ctx, cancel := context.WithTimeout(ctx, upgradeWithin)
	defer cancel()
	h := hub.New(o.journal, o.snapshots, hub.Options{Logger: p.logger(slog.LevelWarn)})
	_, err := h.Submit(ctx, log, floor.Envelope{
		Key: floor.CommandKey(operatorLink + "/" + rand.Text()), By: floor.Operator, Unconditional: true,
		Command: floor.RaiseVersion{Version: floor.FormatVersion},
	})
	said := fmt.Sprintf("%s: raised to version %d", log, floor.FormatVersion)
	if p, ok := errors.AsType[*wire.Problem](err); ok && p.Code == wire.Code(floor.CodeNothingChanges) {
		err, said = nil, fmt.Sprintf("%s: stands at version %d", log, floor.FormatVersion)
	}
	if err = errors.Join(err, h.Close()); err == nil {
		fmt.Fprintln(p.stdout, said)
	}
	return err
}
