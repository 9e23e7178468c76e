package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/archive"
)

// eraseAttempts is how often a log is read and replaced, while others write to it or the
// outcome of a replacement is unknown.
const eraseAttempts = 20

// eraseFrom replaces a log by a copy without one person, or without everyone if who is
// "". It returns what was erased and the head of the log. It reads the log again if
// another process has appended to it meanwhile, and to find out the outcome of a
// replacement that ended with journal.ErrUnknown.
func eraseFrom(ctx context.Context, j journal.Journal, log journal.LogID, who floor.ActorID) (erased floor.Erased, at journal.Position, err error) {
	for range eraseAttempts {
		l, records, readErr := decodedLog(ctx, j, log)
		if errors.Is(readErr, journal.ErrDiverged) {
			continue
		}
		if readErr != nil {
			return erased, at, errors.Join(err, readErr)
		}
		now := floor.EraseEveryone(records)
		if who != "" {
			now = floor.ErasePerson(records, who)
		}
		if who != "" && now.Known == 0 {
			return erased, at, fmt.Errorf("there is no %s in the log %q", who, log)
		}
		if len(now.Changed) == 0 { // an earlier attempt has succeeded, or there was nothing to erase
			erased.Known = now.Known
			return erased, l.Head(), nil
		}
		erased = now
		if err := encodeChanged(l.Records, now); err != nil {
			return erased, at, err
		}
		at, err = j.Replace(ctx, log, l.Head(), l.Records)
		if !errors.Is(err, journal.ErrPositionMismatch) && !errors.Is(err, journal.ErrUnknown) {
			return erased, at, err
		}
	}
	return erased, at, fmt.Errorf("%d attempts at the log %q failed; try again when less is written to it: %w", eraseAttempts, log, err)
}

// decodedLog reads and decodes a log. It fails if the log is empty.
func decodedLog(ctx context.Context, j journal.Journal, log journal.LogID) (archive.Log, []floor.Record, error) {
	l, err := archive.ReadLog(ctx, j, log)
	if err != nil {
		return l, nil, err
	}
	if len(l.Records) == 0 {
		return l, nil, fmt.Errorf("there is no event %q here: its log is empty", log)
	}
	records := make([]floor.Record, len(l.Records))
	for i, r := range l.Records {
		if records[i], err = floor.DecodeRecord(r.Body); err != nil {
			return l, nil, fmt.Errorf("record %d of log %q: %w", r.Seq, log, err)
		}
	}
	return l, records, nil
}

// encodeChanged encodes the records that the erasure has changed. The bodies of all
// others stay as they are, byte for byte.
func encodeChanged(records []journal.Record, erased floor.Erased) (err error) {
	for _, i := range erased.Changed {
		if records[i].Body, err = floor.EncodeRecord(erased.Records[i]); err != nil {
			return fmt.Errorf("record %d: %w", records[i].Seq, err)
		}
	}
	return nil
}
