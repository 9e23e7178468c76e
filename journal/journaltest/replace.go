package journaltest

import (
	"errors"
	"fmt"

	"github.com/matchfloor/matchfloor/journal"
)

// blanked answers the records as an erasure would write them: other bodies
// under the same numbers, keys and digests.
func blanked(all []journal.Record) []journal.Record {
	erased := append([]journal.Record(nil), all...)
	for i := range erased {
		erased[i].Body = fmt.Appendf(nil, "blank %d", i)
	}
	return erased
}

func replace(f *fixture) {
	all, at := f.fill(theLog, "first", journal.MaxPage+20)
	erased := blanked(all)
	head, err := f.replace(theLog, at, erased)
	if err != nil {
		f.Fatalf("Replace: %v", err)
	}
	if head.Epoch != 2 || head.Seq != at.Seq || head.Hash == at.Hash {
		f.Fatalf("Replace answers %v after %v, want the next epoch under the same number", head, at)
	}
	if erased[0].Hash != all[0].Hash {
		f.Fatal("Replace changed its caller's records")
	}
	if want := journal.Chain(journal.Genesis(theLog, 2), erased); head != want {
		f.Fatalf("Replace answers %v, want %v", head, want)
	}
	f.wantLog(theLog, head, erased)
	old := f.try(f.Journal, theLog, at, numbered("second", 1))
	if old.Outcome != journal.Conflict || !old.Diverged || old.Head != head {
		f.Fatalf("expecting the old epoch: %+v, want a conflict of lineage", old)
	}
	known := f.try(f.Journal, theLog, head, []journal.Record{record("first-3")})
	if known.Outcome != journal.AlreadyKnown || known.Duplicates[0].Seq != 4 || known.Duplicates[0].Digest != all[3].Digest {
		f.Fatalf("a key after Replace: %+v, want it known as 4", known)
	}
	next := record("second")
	f.wantLog(theLog, f.append(theLog, head, next), append(erased, chained(head, next)...))
	if _, err := f.confirm(theLog, at); !errors.Is(err, journal.ErrPositionMismatch) {
		f.Errorf("Confirm of the old epoch: %v, want ErrMoved", err)
	}
}

func chained(at journal.Position, records ...journal.Record) []journal.Record {
	journal.Chain(at, records)
	return records
}

func replaceCompared(f *fixture) {
	all, at := f.fill(theLog, "first", 4)
	otherHash := at
	otherHash.Hash[0] ^= 1
	for name, wrong := range map[string]journal.Position{
		"a past position": journal.Chain(journal.Genesis(theLog, 1), blanked(all)[:3]),
		"another epoch":   {Epoch: 2, Seq: at.Seq, Hash: at.Hash},
		"another hash":    otherHash,
		"the genesis":     journal.Genesis(theLog, 1),
	} {
		if _, err := f.replace(theLog, wrong, blanked(all)); !errors.Is(err, journal.ErrPositionMismatch) {
			f.Errorf("Replace at %s: %v, want ErrMoved", name, err)
		}
	}
	for name, records := range map[string][]journal.Record{
		"numbers from 2": all[1:],
		"a gap":          {all[0], all[2]},
		"a key twice":    {all[0], {Seq: 2, Key: all[0].Key}},
		"an empty key":   {{Seq: 1}},
	} {
		if _, err := f.Journal.Replace(f.Context(), theLog, at, records); !errors.Is(err, journal.ErrMalformed) && !f.passing(err) {
			f.Errorf("Replace with %s: %v, want ErrMalformed", name, err)
		}
	}
	f.wantLog(theLog, at, chained(journal.Genesis(theLog, 1), all...))
}

// replaceOther restores what is shorter, empty, and longer.
func replaceOther(f *fixture) {
	_, at := f.fill(theLog, "first", 6)
	for _, n := range []int{2, 0, 9} {
		restored := numbered(fmt.Sprintf("restored-%d", n), n)
		want := journal.Chain(journal.Genesis(theLog, at.Epoch+1), restored)
		head, err := f.replace(theLog, at, restored)
		if err != nil || head != want {
			f.Fatalf("Replace by %d records: %v, %v, want %v", n, head, err, want)
		}
		f.wantLog(theLog, head, restored)
		at = head
	}
	f.append(theLog, at, record("first-1"))
}

func replaceTold(f *fixture) {
	all, at := f.fill(theLog, "first", 5)
	watched := f.Journal
	if f.Other != nil {
		watched = f.Other
	}
	fo := f.follow(watched, theLog, journal.Genesis(theLog, 1))
	fo.wait(f, 5)
	if _, err := f.replace(theLog, at, blanked(all)); err != nil {
		f.Fatalf("Replace: %v", err)
	}
	select {
	case <-fo.ended:
		if !errors.Is(fo.err, journal.ErrDiverged) {
			f.Errorf("a follower of the old epoch ended with %v, want ErrLineage", fo.err)
		}
	case <-soon():
		f.Error("a follower of the old epoch did not notice")
	}
}
