package access

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/internal/node"
	"github.com/matchfloor/matchfloor/journal"
)

// WithHub calls do with a hub over a store, and closes the hub. Servers may run on the
// same store: the hub enforces the rules of a log as theirs do. If the store may lack its last
// records, WithHub says so: the next record that is stored hides that.
func WithHub(p *commandline.Program, store *node.Store, do func(*hub.Hub) error) error {
	if store.Incomplete != nil {
		fmt.Fprintf(p.Stderr, "matchfloor: the journal may lack its last records: %v\n", store.Incomplete)
	}
	h := hub.New(store.Journal, store.Snapshots, hub.Options{Logger: p.Logger(slog.LevelWarn)})
	return errors.Join(do(h), h.Close())
}

// Submit submits a command of the operator to a log.
func Submit(ctx context.Context, h *hub.Hub, log journal.LogID, command floor.Command) error {
	_, err := h.Submit(ctx, log, floor.Envelope{
		Key: floor.CommandKey(node.OperatorLink + "/" + rand.Text()), By: floor.Operator, Unconditional: true, Command: command,
	})
	return err
}
