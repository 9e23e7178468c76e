package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/internal/cli/access"
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
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
func upgrade(ctx context.Context, p *commandline.Program, args []string) error {
	f := commandline.NewFlags(p, "upgrade", "(--data DIR | --redis URL [--key-file F])",
		"matchfloor upgrade --data ./data")
	where := access.NewFlags(f, true)
	if _, err := f.ParseArgs(args, 0); err != nil {
		return err
	}
	if err := where.Check(); err != nil {
		return err
	}
	store, err := where.OpenExisting(ctx)
	if err != nil {
		return fmt.Errorf("upgrade: %w", err)
	}
	defer store.Close()
	if err := raiseVersion(ctx, p, store, journal.InstanceLog); err != nil {
		return fmt.Errorf("upgrade: the instance: %w", err)
	}
	instance, err := access.State(ctx, store.Journal, journal.InstanceLog)
	if err != nil {
		return fmt.Errorf("upgrade: %w", err)
	}
	for event := range instance.Events() {
		if err := raiseVersion(ctx, p, store, journal.LogID(event.ID)); err != nil {
			return fmt.Errorf("upgrade: event %s: %w", event.ID, err)
		}
	}
	if err := recordUpgradedKey(ctx, p, where, store, instance); err != nil {
		return fmt.Errorf("upgrade: the logs are raised, but %w", err)
	}
	return nil
}

// recordUpgradedKey makes the instance's log name the instance key, which a log of an earlier
// version could not. Without the key it says when that will be done.
func recordUpgradedKey(ctx context.Context, p *commandline.Program, where *access.Flags, store *node.Store, instance floor.State) error {
	if !node.HasLinks(instance) {
		return nil // the first start makes the key and records it
	}
	if !where.KeyAtHand() {
		if instance.KeyID() == "" {
			fmt.Fprintln(p.Stdout, "the next node that starts records which instance key the links are made with; with --key-file, upgrade does so")
		}
		return nil
	}
	keys, err := where.Keys(ctx, store.Journal, false)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, upgradeTimeout)
	defer cancel()
	return access.WithHub(p, store, func(h *hub.Hub) error {
		return where.ExplainKey(node.RecordKey(ctx, h, keys, false))
	})
}

// raiseVersion raises the version of one log and prints the result.
func raiseVersion(ctx context.Context, p *commandline.Program, store *node.Store, log journal.LogID) error {
	ctx, cancel := context.WithTimeout(ctx, upgradeTimeout)
	defer cancel()
	result := fmt.Sprintf("%s: raised to version %d", log, floor.FormatVersion)
	err := access.WithHub(p, store, func(h *hub.Hub) error {
		err := access.Submit(ctx, h, log, floor.RaiseVersion{Version: floor.FormatVersion})
		if refused, ok := errors.AsType[*wire.Problem](err); ok && refused.Code == wire.Code(floor.CodeNothingChanges) {
			result = fmt.Sprintf("%s: stands at version %d", log, floor.FormatVersion)
			return nil
		}
		return err
	})
	if err == nil {
		fmt.Fprintln(p.Stdout, result)
	}
	return err
}
