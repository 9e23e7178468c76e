package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/internal/cli/access"
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/internal/node"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// recordExport records in a log that data is taken out of it. The caller must call it
// before it hands anything out, and hand out nothing if it fails. Servers may be
// running. A log that is not upgraded takes no such record, because nodes that cannot
// read it may still run: recordExport then prints that the export is not recorded and
// returns nil, so that links and backups can be had before the upgrade.
func recordExport(ctx context.Context, p *commandline.Program, store *node.Store, log journal.LogID, export floor.RecordExport) error {
	return access.WithHub(p, store, func(h *hub.Hub) error {
		err := access.Submit(ctx, h, log, export)
		if refused, ok := errors.AsType[*wire.Problem](err); ok && refused.Code == wire.Code(floor.CodeNeedsUpgrade) {
			fmt.Fprintf(p.Stderr, "log %s: this export is not recorded; exports are recorded after matchfloor upgrade, once all nodes run this version\n", log)
			return nil
		}
		if err != nil {
			return fmt.Errorf("nothing was exported, because the export could not be recorded in the log %q: %w", log, err)
		}
		return nil
	})
}

// countPeople counts the people of the instance and of all its events, for the record of
// a backup. It leaves out a log with records that this version does not know, and prints
// that: a backup of such a log is worth having too.
func countPeople(ctx context.Context, p *commandline.Program, j journal.Journal) (int, error) {
	instance, err := access.State(ctx, j, journal.InstanceLog)
	if err != nil {
		return 0, err
	}
	if instance.Seq() == 0 {
		return 0, access.ErrNoInstance
	}
	people := instance.People()
	for event := range instance.Events() {
		state, err := access.State(ctx, j, journal.LogID(event.ID))
		if _, newer := errors.AsType[*floor.UnknownChangeError](err); newer {
			fmt.Fprintf(p.Stderr, "log %s: its people are not counted: %v\n", event.ID, err)
			continue
		}
		if err != nil {
			return 0, err
		}
		people += state.People()
	}
	return people, nil
}
