package sqlitejournal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal"
)

// storeSizes are the logs of the store whose bits are flipped: half of them is in the file
// and half in the write-ahead log. It also has a snapshot, of storeState.
var storeSizes = map[journal.LogID]int{theLog: 70, "autumn-forum": 40}

var storeState = bytes.Repeat([]byte("state "), 2000)

func storeRecords(log journal.LogID) ([]journal.Record, journal.Position) {
	records := make([]journal.Record, storeSizes[log])
	for i := range records {
		records[i] = journal.Record{Key: journal.CommandKey(fmt.Sprint(log, "/", i)), Digest: journal.Digest{byte(i)}, Body: bytes.Repeat([]byte(fmt.Sprint(i)), 30)}
	}
	return records, journal.Chain(journal.Genesis(log, 1), records)
}

// fillStore fills the store and waits until its process is killed or its input ends.
func fillStore(j *Journal) error {
	ctx := context.Background()
	for half := range 2 {
		for log := range storeSizes {
			all, _ := storeRecords(log)
			from, to := half*len(all)/2, (half+1)*len(all)/2
			if err := appendChained(ctx, j, log, all[:to], from); err != nil {
				return err
			}
		}
		if half == 0 {
			if err := j.PutSnapshot(ctx, theLog, journal.Position{Epoch: 1, Seq: 20}, storeState); err != nil {
				return err
			}
			if err := j.db.withWriteConn(ctx, func(tx *transaction) error { return tx.exec("PRAGMA wal_checkpoint(PASSIVE)") }); err != nil {
				return err
			}
		}
	}
	fmt.Println("filled")
	_, _ = os.Stdin.Read(make([]byte, 1)) // returns when the input ends
	return nil
}

// appendChained appends the chained records from index from on.
func appendChained(ctx context.Context, j *Journal, log journal.LogID, chained []journal.Record, from int) error {
	for i := from; i < len(chained); i++ {
		expect := journal.Genesis(log, 1)
		if i > 0 {
			expect.Seq, expect.Hash = chained[i-1].Seq, chained[i-1].Hash
		}
		if result, err := j.Append(ctx, log, expect, chained[i:i+1], time.Time{}); err != nil || result.Outcome != journal.Appended {
			return fmt.Errorf("record %d: %+v, %w", i+1, result, err)
		}
	}
	return nil
}

// filledStore returns the contents of the files of a store, by name. Its process was killed
// or has closed it.
func filledStore(t *testing.T, killed bool) map[string][]byte {
	t.Helper()
	dir := t.TempDir()
	c := startStepped(t, "fill store", dir)
	if !c.lines.Scan() {
		t.Fatal("the child could not fill the store")
	}
	if killed {
		if err := c.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	c.wait()
	contents := map[string][]byte{}
	for _, name := range []string{FileName, FileName + "-wal", MarkerName} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil && len(content) > 0 {
			contents[name] = content
		}
	}
	if _, wal := contents[FileName+"-wal"]; wal != killed {
		t.Fatalf("killed: %v, a write-ahead log: %v", killed, wal)
	}
	return contents
}

func TestBitFlips_AreReportedOrHarmless(t *testing.T) { flipBits(t, 50) }

func TestTortureBitFlips_AreReportedOrHarmless(t *testing.T) {
	torture(t)
	flipBits(t, 1000)
}

// flipBits flips n bits, one at a time, of the file and of the write-ahead log while no
// process has them open. For every bit, either damage is reported, or the stored records are
// read unchanged, no stored key is taken for a new one, and a record that is acknowledged
// afterwards is there when the file is opened again.
func flipBits(t *testing.T, n int) {
	seed := seedOf(t)
	rng := rand.New(rand.NewPCG(seed, 0))
	closed, killed := filledStore(t, false), filledStore(t, true)
	dir := filepath.Join(t.TempDir(), "damaged")
	verdicts := map[string]int{}
	for i := range n {
		contents, name := closed, FileName
		if i%2 == 1 {
			contents = killed
			if i%4 == 1 {
				name = FileName + "-wal"
			}
		}
		bit := rng.IntN(8 * len(contents[name]))
		what := fmt.Sprintf("seed %d, flip %d: bit %d of %s", seed, i, bit, name)
		writeDamaged(t, dir, contents, name, bit)
		err := useDamaged(t, dir, what)
		verdicts[name+": "+verdict(err)]++
	}
	t.Logf("seed %d, %d flipped bits: %v", seed, n, verdicts)
	if verdicts[FileName+": without effect"] == n {
		t.Error("no flipped bit was reported")
	}
}

// SQLite deletes a write-ahead log of which it can read nothing. A person may still want the
// records after the damage.
func TestOpen_KeepsADamagedWriteAheadLog(t *testing.T) {
	contents, wal := filledStore(t, true), FileName+"-wal"
	dir := t.TempDir()
	writeDamaged(t, filepath.Join(dir, "data"), contents, wal, 8*100)
	want, err := os.ReadFile(filepath.Join(dir, "data", wal))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := Open(filepath.Join(dir, "data")); !errors.Is(err, ErrMissing) {
			t.Errorf("Open: %v, want ErrMissing", err)
		}
		if got, err := os.ReadFile(filepath.Join(dir, "data", wal+".damaged")); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes of it are kept, want %d: %v", len(got), len(want), err)
		}
	}
}

func verdict(err error) string {
	switch {
	case err == nil:
		return "without effect"
	case errors.Is(err, journal.ErrCorrupt):
		return "reported as damage"
	case errors.Is(err, ErrMissing):
		return "reported as missing"
	}
	return "refused otherwise"
}

// seedOf returns MATCHFLOOR_SEED, or a random seed if it is not set.
func seedOf(t *testing.T) uint64 {
	t.Helper()
	seed := rand.Uint64N(1 << 32)
	if given := os.Getenv("MATCHFLOOR_SEED"); given != "" {
		var err error
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatalf("MATCHFLOOR_SEED: %v", err)
		}
	}
	t.Logf("seed %d", seed)
	return seed
}

func writeDamaged(t *testing.T, dir string, contents map[string][]byte, name string, bit int) {
	t.Helper()
	if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o700)); err != nil {
		t.Fatal(err)
	}
	for file, content := range contents {
		if file == name {
			content = bytes.Clone(content)
			content[bit/8] ^= 1 << (bit % 8)
		}
		if err := os.WriteFile(filepath.Join(dir, file), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// useDamaged reads the store, repeats a command, appends a new one, and reads again. It
// returns the errors that are reported, and fails the test if something is silently wrong.
func useDamaged(t *testing.T, dir, what string) error {
	t.Helper()
	var reported []error
	heads := map[journal.LogID][]journal.Position{} // the possible heads of each log
	for log := range storeSizes {
		_, head := storeRecords(log)
		heads[log] = []journal.Position{head}
	}
	for again := range 2 {
		j, err := Open(dir)
		if err != nil {
			return errors.Join(append(reported, err)...)
		}
		for log := range storeSizes {
			err := readLog(t, j, log, heads[log], what)
			if err == nil && again == 0 {
				var end journal.Position
				if end, err = repeatAndAdd(t, j, log, what); err != nil {
					heads[log] = append(heads[log], end) // it may have been stored
				} else {
					heads[log] = []journal.Position{end}
				}
			}
			reported = append(reported, err)
		}
		reported = append(reported, readSnapshot(t, j, what), j.Close())
	}
	return errors.Join(reported...)
}

func readLog(t *testing.T, j *Journal, log journal.LogID, want []journal.Position, what string) error {
	t.Helper()
	cursor := journal.NewCursor(log, journal.Position{})
	if _, err := cursor.CatchUp(t.Context(), j); err != nil {
		return err
	}
	if !slices.Contains(want, cursor.At()) {
		t.Errorf("%s: went unnoticed: %q is at %v, want one of %v", what, log, cursor.At(), want)
	}
	return nil
}

// repeatAndAdd repeats three stored commands, appends a new record, and returns the head
// after it.
func repeatAndAdd(t *testing.T, j *Journal, log journal.LogID, what string) (journal.Position, error) {
	t.Helper()
	all, head := storeRecords(log)
	for _, r := range []journal.Record{all[0], all[len(all)/3], all[len(all)-1]} {
		batch := []journal.Record{{Key: r.Key, Digest: r.Digest, Body: r.Body}}
		journal.Chain(head, batch)
		result, err := j.Append(t.Context(), log, head, batch, time.Time{})
		if err != nil {
			return head, err
		}
		if result.Outcome != journal.AlreadyKnown || result.Duplicates[0] != (journal.Duplicate{Key: r.Key, Seq: r.Seq, Digest: r.Digest}) {
			t.Errorf("%s: went unnoticed: the repeat of record %d of %q returns %+v", what, r.Seq, log, result)
		}
	}
	batch := []journal.Record{{Key: "new", Body: bytes.Repeat([]byte("new"), 2000)}}
	end := journal.Chain(head, batch)
	result, err := j.Append(t.Context(), log, head, batch, time.Time{})
	if err == nil && result.Outcome != journal.Appended {
		t.Errorf("%s: a new record of %q returns %+v", what, log, result)
	}
	return end, err
}

func readSnapshot(t *testing.T, j *Journal, what string) error {
	t.Helper()
	at, state, ok, err := j.Snapshot(t.Context(), theLog)
	if err == nil && ok && (at != journal.Position{Epoch: 1, Seq: 20} || !bytes.Equal(state, storeState)) {
		t.Errorf("%s: went unnoticed: the snapshot differs, at %v", what, at)
	}
	return err
}
