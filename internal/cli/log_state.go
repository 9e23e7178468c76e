package cli

import (
	"context"
	"fmt"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/archive"
)

// logState returns the state of a log at its head. It only reads; a hub would also
// append the records that have fallen due.
func logState(ctx context.Context, j journal.Journal, log journal.LogID) (floor.State, error) {
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

// eventsOf returns the logs of the events that an instance's log lists.
func eventsOf(instance archive.Log) (events []journal.LogID, err error) {
	state := floor.New()
	for _, r := range instance.Records {
		record, err := floor.DecodeRecord(r.Body)
		if err != nil {
			return nil, fmt.Errorf("record %d of the instance's log: %w", r.Seq, err)
		}
		state, _ = state.Apply(record)
	}
	for e := range state.Events() {
		events = append(events, journal.LogID(e.ID))
	}
	return events, nil
}

// printLog prints a line about a log that was read or written completely.
func printLog(p *program, log journal.LogID, head journal.Position) {
	fmt.Fprintf(p.stdout, "log %s: %d records, at %v\n", log, head.Seq, head)
}
