package sqlitejournal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"matchfloor/journal"
)

// PutSnapshot implements journal.Snapshots.
func (j *Journal) PutSnapshot(ctx context.Context, log journal.LogID, at journal.Position, state []byte) error {
	if err := log.Check(); err != nil {
		return err
	}
	return j.write(ctx, func(tx *tx) error {
		return tx.exec("REPLACE INTO snapshots (log, epoch, seq, hash, state) VALUES (?, ?, ?, ?, ?)",
			string(log), at.Epoch, at.Seq, at.Hash[:], notNil(state))
	})
}

// Snapshot implements journal.Snapshots. The state is not verified: whoever
// stores one puts a checksum in it if that matters.
func (j *Journal) Snapshot(ctx context.Context, log journal.LogID) (at journal.Position, state []byte, ok bool, err error) {
	if err := log.Check(); err != nil {
		return at, nil, false, err
	}
	err = j.read(ctx, func(tx *tx) error {
		var hash []byte
		err := tx.row("SELECT epoch, seq, hash, state FROM snapshots WHERE log = ?", string(log)).Scan(&at.Epoch, &at.Seq, &hash, &state)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err == nil && len(hash) != len(at.Hash) {
			return fmt.Errorf("%w: the snapshot of log %q", journal.ErrCorrupt, log)
		}
		copy(at.Hash[:], hash)
		ok = err == nil
		return err
	})
	return at, state, ok, err
}

// DropSnapshot implements journal.Snapshots.
func (j *Journal) DropSnapshot(ctx context.Context, log journal.LogID) error {
	if err := log.Check(); err != nil {
		return err
	}
	return j.write(ctx, func(tx *tx) error {
		return tx.exec("DELETE FROM snapshots WHERE log = ?", string(log))
	})
}
