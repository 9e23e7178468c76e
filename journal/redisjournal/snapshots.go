package redisjournal

import (
	"context"
	"fmt"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/internal/backend"
)

// PutSnapshot implements journal.Snapshots. It does not wait for replicas: a lost snapshot loses
// nothing.
func (j *Journal) PutSnapshot(ctx context.Context, log journal.LogID, at journal.Position, state []byte) error {
	if err := backend.CheckCall(ctx, log); err != nil {
		return err
	}
	sum, genesis := backend.SnapshotSum(log, at, state), journal.Genesis(log, 1).Hash
	answer, err := j.call(ctx, putSnapshotScript, log, j.keys(log, "log", "meta", "snap"),
		numberArg(at.Epoch), numberArg(at.Seq), at.Hash[:], genesis[:], state, sum[:])
	if err != nil {
		return err
	}
	return backend.CheckEpoch(at, answer.head)
}

// Snapshot implements journal.Snapshots. A snapshot that differs from what was put is an error
// that wraps journal.ErrCorrupt.
func (j *Journal) Snapshot(ctx context.Context, log journal.LogID) (at journal.Position, state []byte, ok bool, err error) {
	if err := backend.CheckCall(ctx, log); err != nil {
		return at, nil, false, err
	}
	values, err := j.client.HMGet(ctx, j.key(log, "snap"), "epoch", "seq", "hash", "state", "sum").Result()
	if err != nil {
		return at, nil, false, readError(contractError(log, err))
	}
	if values[0] == nil {
		return at, nil, false, nil
	}
	f := fields{values: values}
	at = journal.Position{Epoch: f.number(), Seq: f.number(), Hash: journal.Hash(f.hash())}
	state = []byte(f.text())
	if sum := journal.Hash(f.hash()); f.broken || sum != backend.SnapshotSum(log, at, state) {
		return journal.Position{}, nil, false, fmt.Errorf("%w: the snapshot of log %q", journal.ErrCorrupt, log)
	}
	return at, state, true, nil
}

// DropSnapshot implements journal.Snapshots.
func (j *Journal) DropSnapshot(ctx context.Context, log journal.LogID) error {
	if err := backend.CheckCall(ctx, log); err != nil {
		return err
	}
	if err := j.client.Del(ctx, j.key(log, "snap")).Err(); err != nil {
		return contractError(log, err)
	}
	return nil
}
