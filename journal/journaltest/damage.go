package journaltest

import (
	"errors"
	"fmt"
	"time"

	"github.com/matchfloor/matchfloor/journal"
)

func damage(f *fixture) {
	if f.Flip == nil {
		f.Log("does not apply: Flip is nil")
		return
	}
	const size = 12
	for _, field := range []Field{Body, Key, Digest, Hash} {
		for _, seq := range []uint64{1, 5, size} {
			log := journal.LogID(fmt.Sprintf("%s-%d", field, seq))
			f.fill(log, "first", size)
			f.Flip(log, seq, field)
			wantDamage(f, log, field, seq, size)
		}
	}
}

// wantDamage reads the log from every record on: the records before the damage are readable,
// and a page that holds the damaged record is an error that names it.
func wantDamage(f *fixture, log journal.LogID, field Field, seq, size uint64) {
	f.Helper()
	for after := range seq {
		if before := seq - 1 - after; before > 0 {
			if got := f.read(f.Journal, log, after, int(before)).Records; uint64(len(got)) != before {
				f.Errorf("%s of %d damaged: %d records before it were read, want %d", field, seq, len(got), before)
			}
		}
		page, err := f.tryRead(f.Journal, log, after, journal.MaxPage)
		var corrupt *journal.CorruptError
		if !errors.As(err, &corrupt) || !errors.Is(err, journal.ErrCorrupt) || corrupt.Log != log || corrupt.Seq != seq {
			f.Errorf("%s of %d damaged, read after %d: %v, want it named", field, seq, after, err)
		}
		if len(page.Records) > 0 {
			f.Errorf("%s of %d damaged: %d records together with the error", field, seq, len(page.Records))
		}
	}
	cursor := journal.NewCursor(log, journal.Genesis(log, 1))
	if _, err := f.catchUp(cursor, f.Journal); !errors.Is(err, journal.ErrCorrupt) {
		f.Errorf("%s of %d damaged: CatchUp returned %v, want ErrCorrupt", field, seq, err)
	}
	if seq > 1 {
		wantDamagedMissed(f, log, field, seq)
	}
}

// wantDamagedMissed appends at a position before the damaged record, and requires ErrCorrupt: the
// conflict's Missed would contain that record.
func wantDamagedMissed(f *fixture, log journal.LogID, field Field, seq uint64) {
	f.Helper()
	expect := journal.Genesis(log, 1)
	batch := numbered("second", 1)
	journal.Chain(expect, batch)
	var err error
	var result journal.Result
	for range attempts {
		if result, err = f.Journal.Append(f.Context(), log, expect, batch, time.Time{}); !f.isTransient(err) {
			break
		}
	}
	if !errors.Is(err, journal.ErrCorrupt) {
		f.Errorf("%s of %d damaged: a conflict returned %+v, %v, want ErrCorrupt", field, seq, result, err)
	}
}

// damagedDuplicate damages a digest and appends its key again: a wrong digest would make a
// repeat look like another command with the same key, or the other way round.
func damagedDuplicate(f *fixture) {
	if f.Flip == nil {
		f.Log("does not apply: Flip is nil")
		return
	}
	all, at := f.fill(theLog, "first", 3)
	f.Flip(theLog, 2, Digest)
	batch := []journal.Record{record("first-1")}
	journal.Chain(at, batch)
	var err error
	var result journal.Result
	for range attempts {
		if result, err = f.Journal.Append(f.Context(), theLog, at, batch, time.Time{}); !f.isTransient(err) {
			break
		}
	}
	correct := err == nil && result.Outcome == journal.AlreadyKnown && result.Duplicates[0].Digest == all[1].Digest
	if !correct && !errors.Is(err, journal.ErrCorrupt) {
		f.Errorf("a key whose record is damaged: %+v, %v, want its original digest or ErrCorrupt", result, err)
	}
}
