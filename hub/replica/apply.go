package replica

import (
	"fmt"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/history"
	"github.com/matchfloor/matchfloor/journal"
)

// apply applies records that follow from v, up to the first that cannot be read.
func (c *core) apply(v history.Version, records []journal.Record) (steps []history.Step, err error) {
	for _, r := range records {
		record, err := c.Decode(r.Body)
		if err != nil {
			return steps, fmt.Errorf("%w: record %d: %w", errUnreadable, r.Seq, err)
		}
		state, affected := v.State.Apply(record)
		v = history.Version{At: journal.Position{Epoch: v.At.Epoch, Seq: r.Seq, Hash: r.Hash}, State: state}
		steps = append(steps, history.Step{Version: v, Affected: affected, Record: r})
	}
	return steps, nil
}

// reDecodeOver is the size from which on a record is decoded again before it is
// applied, so that the state does not hold on to what a command came in, such as a
// workbook.
const reDecodeOver = 64 << 10

// applyDecision returns the state after a decision; body is its encoded record. It is
// the state that every node makes of these bytes. The decision itself has computed it
// already, unless the bytes decode to something else.
func applyDecision(on floor.State, decision floor.Decision, body []byte) (floor.State, floor.Affected, error) {
	if len(body) < reDecodeOver && floor.RoundTrips(body) {
		state, affected := decision.Next()
		return state, affected, nil
	}
	record, err := floor.DecodeRecord(body)
	if err != nil {
		return on, floor.Affected{}, err
	}
	state, affected := on.Apply(record)
	return state, affected, nil
}
