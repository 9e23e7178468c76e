package sqlitejournal

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/archive"
)

// pageSize is SQLite's default, which this package uses.
const pageSize = 4096

// storedRecords says how many records indexedStore gives a log.
var storedRecords = map[journal.LogID]int{theLog: 700, "autumn-forum": 60}

// indexedStore returns the content of a file with two logs, large enough for indexes of several
// pages, and its marker.
func indexedStore(t *testing.T, first, second journal.LogID) (file, mark []byte) {
	t.Helper()
	dir := t.TempDir()
	j, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, log := range []journal.LogID{first, second} {
		at := journal.Genesis(log, 1)
		for n := storedRecords[log]; n > 0; {
			batch := make([]journal.Record, min(n, 100))
			for i := range batch {
				batch[i] = journal.Record{Key: journal.CommandKey(fmt.Sprint(log, "/attendee/", n-i)), Body: []byte("body")}
			}
			next := journal.Chain(at, batch)
			if result, err := j.Append(t.Context(), log, at, batch, time.Time{}); err != nil || result.Outcome != journal.Appended {
				t.Fatal(result, err)
			}
			at, n = next, n-len(batch)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return read(t, filepath.Join(dir, FileName)), read(t, filepath.Join(dir, MarkerName))
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// indexPages returns the offsets of the pages of a file that belong to indexes.
func indexPages(file []byte) (offsets []int) {
	for at := pageSize; at < len(file); at += pageSize { // the first page has the schema
		if kind := file[at]; kind == 0x02 || kind == 0x0a {
			offsets = append(offsets, at)
		}
	}
	return offsets
}

// checkAll opens a store and returns the first error of Open, of the check of the indexes, and of
// reading every record.
func checkAll(t *testing.T, dir string) error {
	t.Helper()
	j, err := Open(dir)
	if err != nil {
		return err
	}
	defer j.Close()
	err = j.CheckIndexes(t.Context(), theLog, "autumn-forum")
	for log, n := range storedRecords {
		l, readErr := archive.ReadLog(t.Context(), j, log)
		if readErr != nil || len(l.Records) != n {
			err = errors.Join(err, fmt.Errorf("%d records: %w", len(l.Records), readErr))
		}
	}
	return err
}

// Flipped bits in indexes are never reported as damaged records, and the repair makes the indexes
// again without a change of any record.
func TestRebuildIndexes_RepairsFlippedBits(t *testing.T) {
	t.Run("large log first", func(t *testing.T) { repairFlippedBits(t, theLog, "autumn-forum") })
	t.Run("small log first", func(t *testing.T) { repairFlippedBits(t, "autumn-forum", theLog) })
}

func repairFlippedBits(t *testing.T, first, second journal.LogID) {
	file, mark := indexedStore(t, first, second)
	pages := indexPages(file)
	if len(pages) < 10 {
		t.Fatalf("only %d pages of indexes", len(pages))
	}
	random := rand.New(rand.NewPCG(10, 2026))
	reported, unrepaired := 0, 0
	for i := range 120 {
		damaged := bytes.Clone(file)
		at := pages[random.IntN(len(pages))] + random.IntN(pageSize)
		if i%4 == 0 {
			at = pages[random.IntN(len(pages))] + random.IntN(16) // the header of a page
		}
		damaged[at] ^= 1 << random.IntN(8)
		dir := t.TempDir()
		for name, content := range map[string][]byte{FileName: damaged, MarkerName: mark} {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		err := checkAll(t, dir)
		if err == nil {
			continue // a byte that nothing is stored in
		}
		reported++
		if !errors.Is(err, journal.ErrIndex) {
			t.Errorf("byte %d (%d of its page): %v", at, at%pageSize, err)
		}
		if err := RebuildIndexes(t.Context(), dir); err != nil {
			unrepaired++
			t.Errorf("byte %d (%d of its page): the repair: %v", at, at%pageSize, err)
			continue
		}
		if err := checkAll(t, dir); err != nil {
			t.Errorf("byte %d (%d of its page): after the repair: %v", at, at%pageSize, err)
		}
	}
	if t.Logf("%d flipped bits reported, %d not repaired", reported, unrepaired); reported < 40 {
		t.Error("too few bits damaged an index")
	}
}
