package journaltest

import (
	"errors"
	"fmt"

	"github.com/matchfloor/matchfloor/journal"
)

func replace(f *fixture) {
	all, at := f.fill(theLog, "first", journal.MaxPage+20)
	erased := erase(all)
	head, err := f.replace(theLog, at, erased)
	if err != nil {
		f.Fatalf("Replace: %v", err)
	}
	if head.Epoch != 2 || head.Seq != at.Seq || head.Hash == at.Hash {
		f.Fatalf("Replace returned %v after %v, want the next epoch and the same sequence number", head, at)
	}
	if erased[0].Hash != all[0].Hash {
		f.Fatal("Replace changed its caller's records")
	}
	if want := journal.Chain(journal.Genesis(theLog, 2), erased); head != want {
		f.Fatalf("Replace returned %v, want %v", head, want)
	}
	f.wantLog(theLog, head, erased)
	old := f.appendTo(f.Journal, theLog, at, numbered("second", 1))
	if old.Outcome != journal.Conflict || !old.Diverged || old.Head != head {
		f.Fatalf("expecting the old epoch: %+v, want a diverged conflict", old)
	}
	duplicate := f.appendTo(f.Journal, theLog, head, []journal.Record{record("first-3")})
	if duplicate.Outcome != journal.AlreadyKnown || duplicate.Duplicates[0].Seq != 4 || duplicate.Duplicates[0].Digest != all[3].Digest {
		f.Fatalf("a key after Replace: %+v, want record 4 named", duplicate)
	}
	next := record("second")
	f.wantLog(theLog, f.mustAppend(theLog, head, next), append(erased, chained(head, next)...))
	if _, err := f.checkHead(theLog, at); !errors.Is(err, journal.ErrPositionMismatch) {
		f.Errorf("CheckHead of the old epoch: %v, want ErrPositionMismatch", err)
	}
}

func replaceComparesHead(f *fixture) {
	all, at := f.fill(theLog, "first", 4)
	otherHash := at
	otherHash.Hash[0] ^= 1
	for name, wrong := range map[string]journal.Position{
		"a past position": journal.Chain(journal.Genesis(theLog, 1), erase(all)[:3]),
		"another epoch":   {Epoch: 2, Seq: at.Seq, Hash: at.Hash},
		"another hash":    otherHash,
		"the genesis":     journal.Genesis(theLog, 1),
	} {
		if _, err := f.replace(theLog, wrong, erase(all)); !errors.Is(err, journal.ErrPositionMismatch) {
			f.Errorf("Replace at %s: %v, want ErrPositionMismatch", name, err)
		}
	}
	for name, records := range map[string][]journal.Record{
		"numbers from 2": all[1:],
		"a gap":          {all[0], all[2]},
		"a key twice":    {all[0], {Seq: 2, Key: all[0].Key}},
		"an empty key":   {{Seq: 1}},
	} {
		if _, err := f.Journal.Replace(f.Context(), theLog, at, records); !errors.Is(err, journal.ErrMalformed) && !f.isTransient(err) {
			f.Errorf("Replace with %s: %v, want ErrMalformed", name, err)
		}
	}
	f.wantLog(theLog, at, chained(journal.Genesis(theLog, 1), all...))
}

// replaceWithOthers replaces a log by a shorter one, an empty one and a longer one.
func replaceWithOthers(f *fixture) {
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
	f.mustAppend(theLog, at, record("first-1"))
}

func replaceEndsFollowers(f *fixture) {
	all, at := f.fill(theLog, "first", 5)
	watched := f.Journal
	if f.Other != nil {
		watched = f.Other
	}
	fo := f.follow(watched, theLog, journal.Genesis(theLog, 1))
	fo.wait(f, 5)
	if _, err := f.replace(theLog, at, erase(all)); err != nil {
		f.Fatalf("Replace: %v", err)
	}
	select {
	case <-fo.ended:
		if !errors.Is(fo.err, journal.ErrDiverged) {
			f.Errorf("a follower of the old epoch ended with %v, want ErrDiverged", fo.err)
		}
	case <-afterTimeout():
		f.Error("a follower of the old epoch did not notice")
	}
}
