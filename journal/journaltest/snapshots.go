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
	f.wantSnapshot(theLog, journal.Position{}, nil, false)
	f.drop(theLog)
	all, at := f.fill(theLog, "first", 3)
	f.put(theLog, journal.Chain(journal.Genesis(theLog, 1), all[:2]), []byte("older"))
	f.put(theLog, at, []byte("\x00newer\xff"))
	f.put("autumn-forum", journal.Genesis("autumn-forum", 1), nil)
	f.wantSnapshot(theLog, at, []byte("\x00newer\xff"), true)
	f.wantSnapshot("autumn-forum", journal.Genesis("autumn-forum", 1), nil, true)
	big := bytes.Repeat([]byte("state"), 1<<20)
	f.put(theLog, at, big)
	f.wantSnapshot(theLog, at, big, true)
	head, err := f.replace(theLog, at, blanked(all))
	if err != nil {
		f.Fatalf("Replace: %v", err)
	}
	f.wantSnapshot(theLog, journal.Position{}, nil, false)
	f.otherEpochs(theLog, at, head)
	f.wantSnapshot("autumn-forum", journal.Genesis("autumn-forum", 1), nil, true)
	f.drop("autumn-forum")
	f.wantSnapshot("autumn-forum", journal.Position{}, nil, false)
}

// otherEpochs puts states of other epochs than the log's, with none stored and with
// one of its own: none of them is.
func (f *fixture) otherEpochs(log journal.LogID, before, head journal.Position) {
	f.Helper()
	later := head
	later.Epoch++
	for _, own := range []bool{false, true} {
		if own {
			f.put(log, head, []byte("own"))
		}
		for _, at := range []journal.Position{before, later, {Seq: head.Seq, Hash: head.Hash}, {Epoch: before.Epoch, Seq: head.Seq + 7}} {
			if err := f.Snapshots.PutSnapshot(f.Context(), log, at, []byte("of another")); !errors.Is(err, journal.ErrPositionMismatch) {
				f.Errorf("PutSnapshot at %v of a log at %v: %v, want ErrMoved", at, head, err)
			}
		}
		if own {
			f.wantSnapshot(log, head, []byte("own"), true)
		} else {
			f.wantSnapshot(log, journal.Position{}, nil, false)
		}
	}
}

func (f *fixture) put(log journal.LogID, at journal.Position, state []byte) {
	f.Helper()
	if err := f.Snapshots.PutSnapshot(f.Context(), log, at, state); err != nil {
		f.Fatalf("PutSnapshot(%q): %v", log, err)
	}
}

func (f *fixture) drop(log journal.LogID) {
	f.Helper()
	if err := f.Snapshots.DropSnapshot(f.Context(), log); err != nil {
		f.Fatalf("DropSnapshot(%q): %v", log, err)
	}
}

func (f *fixture) wantSnapshot(log journal.LogID, at journal.Position, state []byte, ok bool) {
	f.Helper()
	gotAt, got, gotOK, err := f.Snapshots.Snapshot(f.Context(), log)
	if err != nil || gotOK != ok || gotAt != at || !bytes.Equal(got, state) {
		f.Fatalf("Snapshot(%q) = %v, %d bytes, %v, %v; want %v, %d bytes, %v", log, gotAt, len(got), gotOK, err, at, len(state), ok)
	}
}
