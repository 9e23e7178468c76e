package hub

import (
	"context"
	"fmt"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
)

// LinearizableState answers what State does, but only after this node has folded everything
// that the journal held when it was asked. It reads the journal, so it is for
// refusals that another process may have made untrue a moment ago: a workbook
// that was just imported, a link that was just rotated. Where the journal does
// not answer the error is ErrUnavailable.
func (h *Hub) LinearizableState(ctx context.Context, log journal.LogID) (floor.State, journal.Position, error) {
	f, err := h.open(ctx, log)
	if err != nil {
		return floor.State{}, journal.Position{}, err
	}
	defer h.release(f)
	calling, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	page, err := h.journal.Read(calling, log, f.history.Head().At.Seq, 1)
	if err != nil {
		return floor.State{}, journal.Position{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if err := f.reach(ctx, page.Head.Seq); err != nil {
		return floor.State{}, journal.Position{}, err
	}
	return h.State(ctx, log)
}
