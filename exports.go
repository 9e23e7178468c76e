package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// recordExport answers nil once a log holds that something is taken out: whoever hands
// it out asks first. It works beside a running server, through a hub of its own. A log
// that is not upgraded takes no such record, since nodes that could not read it may be
// left; that is said, and keeps nobody from their links, or from a backup before the
// upgrade.
func (p *program) recordExport(ctx context.Context, o *opened, log journal.LogID, export floor.RecordExport) error {
	h := hub.New(o.journal, o.snapshots, hub.Options{Logger: p.logger(slog.LevelWarn)})
	_, err := h.Submit(ctx, log, floor.Envelope{
		Key: floor.CommandKey(operatorLink + "/" + rand.Text()), By: floor.Operator, Unconditional: true, Command: export,
	})
	if refused, ok := errors.AsType[*wire.Problem](err); ok && refused.Code == wire.Code(floor.CodeNeedsUpgrade) {
		fmt.Fprintf(p.stderr, "log %s: it is not recorded that this was taken out; it will be once all nodes run this version and matchfloor upgrade was given\n", log)
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("nothing was handed out, because it could not be recorded in the log %q: %w", log, err)
	}
	return errors.Join(err, h.Close())
}

// peopleIn counts the people of the instance and of all its events, as a backup's
// record tells them. Those of a log that this version cannot fold are left out, and
// that is said: such a log is worth a backup too.
func (p *program) peopleIn(ctx context.Context, j journal.Journal) (int, error) {
	instance, err := foldLog(ctx, j, journal.InstanceLog)
	if err != nil {
		return 0, err
	}
	if instance.Seq() == 0 {
		return 0, errNoInstance
	}
	people := instance.People()
	for event := range instance.Events() {
		state, err := foldLog(ctx, j, journal.LogID(event.ID))
		if _, later := errors.AsType[*floor.UnknownChangeError](err); later {
			fmt.Fprintf(p.stderr, "log %s: its people are not counted: %v\n", event.ID, err)
			continue
		}
		if err != nil {
			return 0, err
		}
		people += state.People()
	}
	return people, nil
}
