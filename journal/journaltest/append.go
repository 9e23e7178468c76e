package journaltest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strings"
	"time"

	"github.com/matchfloor/matchfloor/journal"
)

func emptyLog(f *fixture) {
	page := f.read(f.Journal, theLog, 0, 10)
	if len(page.Records) > 0 || page.Head != journal.Genesis(theLog, 1) {
		f.Fatalf("a log that was never written returns %+v, want no records at its genesis", page)
	}
	if _, err := f.checkHead(theLog, journal.Genesis(theLog, 1)); err != nil {
		f.Fatalf("CheckHead of the genesis: %v", err)
	}
}

func appendAndRead(f *fixture) {
	at := journal.Genesis(theLog, 1)
	var all []journal.Record
	for _, n := range []int{1, 3, 1, 7} {
		batch := numbered(at.String(), n)
		at = f.mustAppend(theLog, at, batch...)
		all = append(all, batch...)
	}
	f.wantLog(theLog, at, all)
	f.wantLog("autumn-forum", journal.Genesis("autumn-forum", 1), nil)
}

func compareAndSet(f *fixture) {
	all, at := f.fill(theLog, "first", 5)
	otherHash := at
	otherHash.Hash[31] ^= 1
	wrong := map[string]journal.Position{
		"another epoch":            {Epoch: at.Epoch + 1, Seq: at.Seq, Hash: at.Hash},
		"no epoch":                 {Epoch: 0, Seq: at.Seq, Hash: at.Hash},
		"a number ahead":           {Epoch: at.Epoch, Seq: at.Seq + 1, Hash: at.Hash},
		"a number behind":          {Epoch: at.Epoch, Seq: at.Seq - 1, Hash: at.Hash},
		"another hash":             otherHash,
		"the next epoch's genesis": journal.Genesis(theLog, 2),
		"another log's genesis":    journal.Genesis("autumn-forum", 1),
		"nothing":                  {},
	}
	for name, expect := range wrong {
		result := f.appendTo(f.Journal, theLog, expect, numbered("second", 2))
		if result.Outcome != journal.Conflict || !result.Diverged || result.Head != at || len(result.Missed) > 0 {
			f.Errorf("expecting %s: %+v, want a diverged conflict at %v", name, result, at)
		}
	}
	f.wantLog(theLog, at, all)
	fresh := f.appendTo(f.Journal, "autumn-forum", journal.Genesis("autumn-forum", 2), numbered("second", 1))
	if fresh.Outcome != journal.Conflict || !fresh.Diverged || fresh.Head != journal.Genesis("autumn-forum", 1) {
		f.Errorf("expecting epoch 2 of a log that was never written: %+v, want a diverged conflict", fresh)
	}
}

func conflictMissed(f *fixture) {
	all, at := f.fill(theLog, "first", 9)
	for behind := range all {
		expect := journal.Chain(journal.Genesis(theLog, 1), all[:behind])
		result := f.appendTo(f.Journal, theLog, expect, numbered("second", 1))
		if result.Outcome != journal.Conflict || result.Diverged || result.Head != at {
			f.Fatalf("expecting the position after %d: %+v, want a conflict at %v", behind, result, at)
		}
		wantRecords(f, result.Missed, all[behind:])
		if result.Clock.IsZero() {
			f.Fatal("a conflict without a clock")
		}
	}
	f.wantLog(theLog, at, all)
	all, _ = f.fill("autumn-forum", "many", journal.MaxPage+10)
	result := f.appendTo(f.Journal, "autumn-forum", journal.Genesis("autumn-forum", 1), numbered("second", 1))
	wantRecords(f, result.Missed, all[:journal.MaxPage])
}

func duplicateKeys(f *fixture) {
	all, at := f.fill(theLog, "first", 6)
	stored := all[2]
	reused := recordOf(string(stored.Key), []byte("another payload"))
	result := f.appendTo(f.Journal, theLog, at, []journal.Record{record("new-1"), reused, record("new-2"), all[4]})
	want := []journal.Duplicate{
		{Key: stored.Key, Seq: 3, Digest: sha256.Sum256(stored.Body)},
		{Key: "first-4", Seq: 5, Digest: sha256.Sum256(all[4].Body)},
	}
	if result.Outcome != journal.AlreadyKnown || len(result.Duplicates) != 2 || result.Duplicates[0] != want[0] || result.Duplicates[1] != want[1] {
		f.Fatalf("a batch with duplicate keys: %+v, want %+v", result, want)
	}
	if result.Head != at || result.Clock.IsZero() {
		f.Fatalf("head %v, clock %v, want %v and a clock", result.Head, result.Clock, at)
	}
	f.mustAppend(theLog, at, record("new-1"))
	if other := f.mustAppend("autumn-forum", journal.Genesis("autumn-forum", 1), record("first-2")); other.Seq != 1 {
		f.Fatal("a key of one log was a duplicate in another")
	}
}

func duplicateBeforeConflict(f *fixture) {
	all, at := f.fill(theLog, "first", 4)
	for name, expect := range map[string]journal.Position{
		"behind":  journal.Genesis(theLog, 1),
		"foreign": journal.Genesis(theLog, 7),
	} {
		result := f.appendTo(f.Journal, theLog, expect, []journal.Record{record("new"), record("first-1")})
		if result.Outcome != journal.AlreadyKnown || len(result.Duplicates) != 1 || result.Duplicates[0].Seq != 2 {
			f.Fatalf("a duplicate key, expecting a position %s: %+v, want record 2 named", name, result)
		}
	}
	f.wantLog(theLog, at, all)
}

// atomicBatches sends batches in which one record, at each place in turn, is to be refused:
// none of the others may be stored.
func atomicBatches(f *fixture) {
	all, at := f.fill(theLog, "first", 3)
	const size = 5
	for place := range size {
		duplicate := numbered("batch", size)
		duplicate[place] = record("first-0")
		if result := f.appendTo(f.Journal, theLog, at, duplicate); result.Outcome != journal.AlreadyKnown {
			f.Fatalf("a duplicate key at %d: %+v", place, result)
		}
		broken := numbered("batch", size)
		journal.Chain(at, broken)
		broken[place].Hash[0] ^= 1
		wantMalformed(f, "a wrong hash", theLog, at, broken)
		f.wantLog(theLog, at, all)
	}
	f.mustAppend(theLog, at, numbered("batch", size)...)
}

func limits(f *fixture) {
	genesis := journal.Genesis(theLog, 1)
	malformed := map[string][]journal.Record{
		"no record":         {},
		"a record too many": numbered("batch", journal.MaxBatch+1),
		"a byte too many":   {recordOf("large", make([]byte, journal.MaxRecord+1))},
		"too many bytes":    append(largest("large", journal.MaxBatchBytes/journal.MaxRecord), recordOf("small", []byte{1})),
		"a key too long":    {record(strings.Repeat("k", journal.MaxKey+1))},
		"an empty key":      {record("")},
		"a key twice":       {record("twice"), record("once"), record("twice")},
	}
	for name, batch := range malformed {
		journal.Chain(genesis, batch)
		wantMalformed(f, name, theLog, genesis, batch)
	}
	f.wantLog(theLog, genesis, nil)
	at := f.mustAppend(theLog, genesis, numbered("batch", journal.MaxBatch)...)
	at = f.mustAppend(theLog, at, largest("large", journal.MaxBatchBytes/journal.MaxRecord)...)
	f.mustAppend(theLog, at, record(strings.Repeat("k", journal.MaxKey)))
}

func malformedBatches(f *fixture) {
	all, at := f.fill(theLog, "first", 2)
	changes := map[string]func([]journal.Record){
		"a wrong first number": func(b []journal.Record) { b[0].Seq++ },
		"a wrong number":       func(b []journal.Record) { b[1].Seq = 0 },
		"swapped records":      func(b []journal.Record) { b[1], b[2] = b[2], b[1] },
		"a changed body":       func(b []journal.Record) { b[1].Body = []byte("changed") },
		"a changed key":        func(b []journal.Record) { b[2].Key = "changed" },
		"a changed digest":     func(b []journal.Record) { b[0].Digest[5] ^= 4 },
		"a gap":                func(b []journal.Record) { b[1] = b[2] },
		"another start":        func(b []journal.Record) { journal.Chain(journal.Genesis(theLog, 1), b) },
	}
	for name, change := range changes {
		batch := numbered("second", 3)
		journal.Chain(at, batch)
		change(batch)
		wantMalformed(f, name, theLog, at, batch)
	}
	f.wantLog(theLog, at, all)
}

func wantMalformed(f *fixture, name string, log journal.LogID, expect journal.Position, batch []journal.Record) {
	f.Helper()
	var err error
	for range attempts {
		if _, err = f.Journal.Append(f.Context(), log, expect, batch, time.Time{}); !f.isTransient(err) {
			break
		}
	}
	if !errors.Is(err, journal.ErrMalformed) {
		f.Fatalf("%s: %v, want ErrMalformed", name, err)
	}
}

func logIDs(f *fixture) {
	valid := []journal.LogID{"_", "-", "a", "A", "0", "__", "--help", "null", journal.LogID(strings.Repeat("z", 64))}
	for _, log := range valid {
		at := f.mustAppend(log, journal.Genesis(log, 1), record("in "+string(log)))
		got := f.readAll(f.Journal, log)
		if len(got) != 1 || got[0].Key != journal.CommandKey("in "+string(log)) {
			f.Errorf("log %q holds %d records, want its own", log, len(got))
		}
		if _, err := f.checkHead(log, at); err != nil {
			f.Errorf("CheckHead(%q): %v", log, err)
		}
	}
	invalid := []journal.LogID{"", " ", "a b", "{}", "a:b", "*", "..", "../_", "%2F", "é", "a\x00", "a\n", "한빛", journal.LogID(strings.Repeat("z", 65))}
	for _, log := range invalid {
		for call, err := range callErrors(f, log) {
			if !errors.Is(err, journal.ErrMalformed) {
				f.Errorf("%s of log %q: %v, want ErrMalformed", call, log, err)
			}
		}
	}
}

// callErrors makes every call on log and returns the errors by the name of the call.
func callErrors(f *fixture, log journal.LogID) map[string]error {
	ctx, cancel := f.withTimeout()
	defer cancel()
	at := journal.Genesis(log, 1)
	batch := numbered("batch", 1)
	journal.Chain(at, batch)
	errs := make(map[string]error)
	call := func(name string, do func() error) {
		for range attempts {
			if errs[name] = do(); !f.isTransient(errs[name]) {
				return
			}
		}
	}
	call("Append", func() error { _, err := f.Journal.Append(ctx, log, at, batch, time.Time{}); return err })
	call("Read", func() error { _, err := f.Journal.Read(ctx, log, 0, 1); return err })
	call("CheckHead", func() error { _, err := f.Journal.CheckHead(ctx, log, at); return err })
	call("Replace", func() error { _, err := f.Journal.Replace(ctx, log, at, nil); return err })
	call("Watch", func() error { return f.Journal.Watch(ctx, log, func([]journal.Record) {}) })
	if f.Snapshots != nil {
		call("PutSnapshot", func() error { return f.Snapshots.PutSnapshot(ctx, log, at, nil) })
		call("Snapshot", func() error { _, _, _, err := f.Snapshots.Snapshot(ctx, log); return err })
		call("DropSnapshot", func() error { return f.Snapshots.DropSnapshot(ctx, log) })
	}
	return errs
}

func anyBytes(f *fixture) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	bodies := [][]byte{nil, {}, {0}, every, []byte("\xff\xfe invalid"), []byte("한빛 绿色\r\n\x00"), bytes.Repeat(every, 400)}
	keys := []string{"\x00", "\xff\xfe", "{} : * .. %2F", "' OR 1=1 --", "한빛|1", string(every), " "}
	records := make([]journal.Record, len(bodies))
	for i := range records {
		records[i] = recordOf(keys[i], bodies[i])
	}
	at := f.mustAppend(theLog, journal.Genesis(theLog, 1), records...)
	f.wantLog(theLog, at, records)
	for i, key := range keys {
		result := f.appendTo(f.Journal, theLog, at, []journal.Record{recordOf(key, []byte("again"))})
		if result.Outcome != journal.AlreadyKnown || result.Duplicates[0].Seq != uint64(i)+1 {
			f.Errorf("key %q: %+v, want record %d named", key, result, i+1)
		}
	}
}

func buffersAreCopied(f *fixture) {
	body := []byte("as it was appended")
	records := []journal.Record{recordOf("one", body)}
	at := f.mustAppend(theLog, journal.Genesis(theLog, 1), records...)
	want := recordOf("one", bytes.Clone(body))
	want.Seq, want.Hash = records[0].Seq, records[0].Hash
	copy(body, "overwritten later.")
	records[0] = record("another")
	f.wantLog(theLog, at, []journal.Record{want})
}
