package journaltest

import (
	"errors"
	"fmt"

	"github.com/matchfloor/matchfloor/journal"
)

func damage(f *fixture) {
	if f.Flip == nil {
		f.Log("does not apply: no way to damage the store")
		return
	}
	const size = 12
	for _, field := range []Field{Body, Key, Digest, Hash} {
		for _, seq := range []uint64{1, 5, size} {
			log := journal.LogID(fmt.Sprintf("%s-%d", field, seq))
			f.fill(log, "first", size)
			f.Flip(log, seq, field)
			f.wantDamage(log, field, seq, size)
		}
	}
}

// wantDamage reads the log from everywhere: up to the damage it is readable, a
// page that holds the damage is refused with its number.
func (f *fixture) wantDamage(log journal.LogID, field Field, seq, size uint64) {
	f.Helper()
	for after := range seq {
		if before := seq - 1 - after; before > 0 {
			if got := f.read(f.Journal, log, after, int(before)).Records; uint64(len(got)) != before {
				f.Errorf("%s of %d damaged: %d records before it are readable, want %d", field, seq, len(got), before)
			}
		}
		page, err := f.tryRead(f.Journal, log, after, journal.MaxPage)
		var corrupt *journal.CorruptError
		if !errors.As(err, &corrupt) || !errors.Is(err, journal.ErrCorrupt) || corrupt.Log != log || corrupt.Seq != seq {
			f.Errorf("%s of %d damaged, read after %d: %v, want it named", field, seq, after, err)
		}
		if len(page.Records) > 0 {
			f.Errorf("%s of %d damaged: %d records answered beside the error", field, seq, len(page.Records))
		}
	}
	cursor := journal.NewCursor(log, journal.Genesis(log, 1))
	if _, err := f.catchUp(cursor, f.Journal); !errors.Is(err, journal.ErrCorrupt) {
		f.Errorf("%s of %d damaged: CatchUp answers %v, want ErrCorrupt", field, seq, err)
	}
	if seq > 1 {
		f.wantDamagedMissed(log, field, seq)
	}
}

// wantDamagedMissed appends from before the damage: what was missed holds it.
func (f *fixture) wantDamagedMissed(log journal.LogID, field Field, seq uint64) {
	f.Helper()
	expect := journal.Genesis(log, 1)
	batch := numbered("second", 1)
	journal.Chain(expect, batch)
	var err error
	var result journal.Result
	for range tries {
		if result, err = f.Journal.Append(f.Context(), log, expect, batch); !f.passing(err) {
			break
		}
	}
	if !errors.Is(err, journal.ErrCorrupt) {
		f.Errorf("%s of %d damaged: a conflict answers %+v, %v, want ErrCorrupt", field, seq, result, err)
	}
}

// damageKnown damages a digest and asks by the key: the wrong digest would turn
// an honest repeat into a reuse, or the other way round.
func damageKnown(f *fixture) {
	if f.Flip == nil {
		f.Log("does not apply: no way to damage the store")
		return
	}
	all, at := f.fill(theLog, "first", 3)
	f.Flip(theLog, 2, Digest)
	batch := []journal.Record{record("first-1")}
	journal.Chain(at, batch)
	var err error
	var result journal.Result
	for range tries {
		if result, err = f.Journal.Append(f.Context(), theLog, at, batch); !f.passing(err) {
			break
		}
	}
	told := err == nil && result.Outcome == journal.AlreadyKnown && result.Duplicates[0].Digest == all[1].Digest
	if !told && !errors.Is(err, journal.ErrCorrupt) {
		f.Errorf("a key whose record is damaged: %+v, %v, want its true digest or ErrCorrupt", result, err)
	}
}
