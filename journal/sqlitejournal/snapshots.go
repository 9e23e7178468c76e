package sqlitejournal

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/internal/backend"
)

// PutSnapshot implements journal.Snapshots.
func (j *Journal) PutSnapshot(ctx context.Context, log journal.LogID, at journal.Position, state []byte) error {
	if err := log.Check(); err != nil {
		return err
	}
	sum := backend.SnapshotSum(log, at, state)
	return j.db.write(ctx, func(tx *transaction) error {
		l, err := tx.find(log)
		if err == nil {
			err = backend.CheckEpoch(at, l.head)
		}
		if err != nil {
			return err
		}
		return tx.exec("REPLACE INTO snapshots (log, epoch, seq, hash, state) VALUES (?, ?, ?, ?, ?)",
			string(log), at.Epoch, at.Seq, at.Hash[:], append(sum[:], state...))
	})
}

// Snapshot implements journal.Snapshots. A snapshot that differs from what was put is an
// error that wraps journal.ErrCorrupt.
func (j *Journal) Snapshot(ctx context.Context, log journal.LogID) (at journal.Position, state []byte, ok bool, err error) {
	if err := log.Check(); err != nil {
		return at, nil, false, err
	}
	err = j.db.read(ctx, func(tx *transaction) error {
		var hash []byte
		err := tx.row("SELECT epoch, seq, hash, state FROM snapshots WHERE log = ?", string(log)).Scan(&at.Epoch, &at.Seq, &hash, &state)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		copy(at.Hash[:], hash)
		stored := min(len(state), len(at.Hash))
		rest := state[stored:]
		if sum := backend.SnapshotSum(log, at, rest); len(hash) != len(at.Hash) || !bytes.Equal(state[:stored], sum[:]) {
			return fmt.Errorf("%w: the snapshot of log %q", journal.ErrCorrupt, log)
		}
		state, ok = rest, true
		return nil
	})
	if err != nil || !ok {
		return journal.Position{}, nil, false, err
	}
	return at, state, true, nil
}

// DropSnapshot implements journal.Snapshots.
func (j *Journal) DropSnapshot(ctx context.Context, log journal.LogID) error {
	if err := log.Check(); err != nil {
		return err
	}
	return j.db.write(ctx, func(tx *transaction) error {
		return tx.exec("DELETE FROM snapshots WHERE log = ?", string(log))
	})
}
