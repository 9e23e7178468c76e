package access

import (
	"context"
	"fmt"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
)

// State returns the state of a log at its head. It only reads; a hub would also
// append the records that have fallen due.
func State(ctx context.Context, j journal.Journal, log journal.LogID) (floor.State, error) {
	state, cursor := floor.New(), journal.NewCursor(log, journal.Position{})
	for {
		page, head, err := cursor.ReadOn(ctx, j)
		if err != nil {
			return state, err
		}
		for _, r := range page {
			record, err := floor.DecodeRecord(r.Body)
			if err != nil {
				return state, fmt.Errorf("record %d of log %q: %w", r.Seq, log, err)
			}
			state, _ = state.Apply(record)
		}
		if cursor.At() == head {
			return state, nil
		}
	}
}
