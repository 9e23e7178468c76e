package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/internal/node"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// upgradeTimeout is how long the upgrade of one log may take.
const upgradeTimeout = time.Minute

// upgrade allows the record formats that are new in this version: in the instance's log
// first, so that new events begin with them, then in the log of every event. All nodes
// must run this version already; an older one stops at the first record in a new format.
// To repeat the command changes nothing.
func upgrade(ctx context.Context, p *program, args []string) error {
	f := newFlags(p, "upgrade", "(--data DIR | --redis URL)")
	where := newStoreFlags(f, false)
	if _, err := f.parse(args, 0); err != nil {
		return err
	}
	if err := where.check(); err != nil {
		return err
	}
	store, err := where.open()
	if err != nil {
		return err
	}
	defer store.Close()
	if err := raiseVersion(ctx, p, store, journal.InstanceLog); err != nil {
		return fmt.Errorf("upgrade: the instance: %w", err)
	}
	instance, err := logState(ctx, store.Journal, journal.InstanceLog)
	if err != nil {
		return fmt.Errorf("upgrade: %w", err)
	}
	for event := range instance.Events() {
		if err := raiseVersion(ctx, p, store, journal.LogID(event.ID)); err != nil {
			return fmt.Errorf("upgrade: event %s: %w", event.ID, err)
		}
	}
	return nil
}

// raiseVersion raises the version of one log and prints the result.
func raiseVersion(ctx context.Context, p *program, store *node.Store, log journal.LogID) error {
	ctx, cancel := context.WithTimeout(ctx, upgradeTimeout)
	defer cancel()
	result := fmt.Sprintf("%s: raised to version %d", log, floor.FormatVersion)
	err := withHub(p, store, func(h *hub.Hub) error {
		err := submitAsOperator(ctx, h, log, floor.RaiseVersion{Version: floor.FormatVersion})
		if refused, ok := errors.AsType[*wire.Problem](err); ok && refused.Code == wire.Code(floor.CodeNothingChanges) {
			result = fmt.Sprintf("%s: stands at version %d", log, floor.FormatVersion)
			return nil
		}
		return err
	})
	if err == nil {
		fmt.Fprintln(p.stdout, result)
	}
	return err
}
