package journaltest

import (
	"bytes"
	"errors"

	"github.com/matchfloor/matchfloor/journal"
)

func snapshots(f *fixture) {
	if f.Snapshots == nil {
		f.Log("does not apply: no snapshots")
		return
	}
	wantSnapshot(f, theLog, journal.Position{}, nil, false)
	dropSnapshot(f, theLog)
	all, at := f.fill(theLog, "first", 3)
	putSnapshot(f, theLog, journal.Chain(journal.Genesis(theLog, 1), all[:2]), []byte("older"))
	putSnapshot(f, theLog, at, []byte("\x00newer\xff"))
	putSnapshot(f, "autumn-forum", journal.Genesis("autumn-forum", 1), nil)
	wantSnapshot(f, theLog, at, []byte("\x00newer\xff"), true)
	wantSnapshot(f, "autumn-forum", journal.Genesis("autumn-forum", 1), nil, true)
	big := bytes.Repeat([]byte("state"), 1<<20)
	putSnapshot(f, theLog, at, big)
	wantSnapshot(f, theLog, at, big, true)
	head, err := f.replace(theLog, at, erase(all))
	if err != nil {
		f.Fatalf("Replace: %v", err)
	}
	wantSnapshot(f, theLog, journal.Position{}, nil, false)
	wantOtherEpochsRefused(f, theLog, at, head)
	wantSnapshot(f, "autumn-forum", journal.Genesis("autumn-forum", 1), nil, true)
	dropSnapshot(f, "autumn-forum")
	wantSnapshot(f, "autumn-forum", journal.Position{}, nil, false)
}

// wantOtherEpochsRefused puts snapshots of other epochs than the log's, first when none is stored
// and then when one of the log's own epoch is: none of them may be stored.
func wantOtherEpochsRefused(f *fixture, log journal.LogID, before, head journal.Position) {
	f.Helper()
	later := head
	later.Epoch++
	for _, own := range []bool{false, true} {
		if own {
			putSnapshot(f, log, head, []byte("own"))
		}
		for _, at := range []journal.Position{before, later, {Seq: head.Seq, Hash: head.Hash}, {Epoch: before.Epoch, Seq: head.Seq + 7}} {
			if err := f.Snapshots.PutSnapshot(f.Context(), log, at, []byte("of another")); !errors.Is(err, journal.ErrPositionMismatch) {
				f.Errorf("PutSnapshot at %v of a log that is at %v: %v, want ErrPositionMismatch", at, head, err)
			}
		}
		if own {
			wantSnapshot(f, log, head, []byte("own"), true)
		} else {
			wantSnapshot(f, log, journal.Position{}, nil, false)
		}
	}
}

func putSnapshot(f *fixture, log journal.LogID, at journal.Position, state []byte) {
	f.Helper()
	if err := f.Snapshots.PutSnapshot(f.Context(), log, at, state); err != nil {
		f.Fatalf("PutSnapshot(%q): %v", log, err)
	}
}

func dropSnapshot(f *fixture, log journal.LogID) {
	f.Helper()
	if err := f.Snapshots.DropSnapshot(f.Context(), log); err != nil {
		f.Fatalf("DropSnapshot(%q): %v", log, err)
	}
}

func wantSnapshot(f *fixture, log journal.LogID, at journal.Position, state []byte, ok bool) {
	f.Helper()
	gotAt, got, gotOK, err := f.Snapshots.Snapshot(f.Context(), log)
	if err != nil || gotOK != ok || gotAt != at || !bytes.Equal(got, state) {
		f.Fatalf("Snapshot(%q) = %v, %d bytes, %v, %v; want %v, %d bytes, %v", log, gotAt, len(got), gotOK, err, at, len(state), ok)
	}
}
