package archive_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/archive"
	"github.com/matchfloor/matchfloor/journal/faultyjournal"
)

// logOf returns a log of n records.
func logOf(id journal.LogID, epoch uint64, n int) archive.Log {
	l := archive.Log{ID: id, Epoch: epoch, Records: make([]journal.Record, n)}
	for i := range l.Records {
		l.Records[i] = journal.Record{Key: journal.CommandKey(fmt.Sprint(id, i)), Digest: journal.Digest{byte(i)}, Body: bytes.Repeat([]byte{byte(i)}, i)}
	}
	journal.Chain(journal.Genesis(id, epoch), l.Records)
	return l
}

func written(t *testing.T, logs ...archive.Log) []byte {
	t.Helper()
	var out bytes.Buffer
	w := archive.NewWriter(&out)
	for _, l := range logs {
		if err := w.Put(l); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func readAll(data []byte) (logs []archive.Log, err error) {
	err = archive.Read(bytes.NewReader(data), func(l archive.Log) error { logs = append(logs, l); return nil })
	return logs, err
}

func same(a, b archive.Log) bool {
	return a.ID == b.ID && a.Epoch == b.Epoch && slices.EqualFunc(a.Records, b.Records, func(x, y journal.Record) bool {
		return x.Seq == y.Seq && x.Key == y.Key && x.Digest == y.Digest && x.Hash == y.Hash && bytes.Equal(x.Body, y.Body)
	})
}

func TestRead_ReturnsWhatWasPut(t *testing.T) {
	for _, logs := range [][]archive.Log{nil, {logOf("a", 1, 0)}, {logOf("a", 1, 300), logOf("b", 7, 2), logOf("_", 2, 5)}} {
		got, err := readAll(written(t, logs...))
		if err != nil || !slices.EqualFunc(got, logs, same) {
			t.Errorf("%d logs were put, %d read: %v", len(logs), len(got), err)
		}
	}
}

func TestWriter_RefusesABrokenChain(t *testing.T) {
	l := logOf("a", 1, 3)
	l.Records[1].Body = []byte("other")
	if err := archive.NewWriter(&bytes.Buffer{}).Put(l); !errors.Is(err, journal.ErrCorrupt) {
		t.Errorf("Put: %v, want ErrCorrupt", err)
	}
}

// Every flipped bit and every cut is reported.
func TestRead_ReportsDamage(t *testing.T) {
	complete := written(t, logOf("spring", 1, 4), logOf("_", 1, 2))
	for bit := range 8 * len(complete) {
		damaged := bytes.Clone(complete)
		damaged[bit/8] ^= 1 << (bit % 8)
		if _, err := readAll(damaged); !errors.Is(err, archive.ErrDamaged) {
			t.Errorf("bit %d of byte %d flipped: %v", bit%8, bit/8, err)
		}
	}
	for n := range complete {
		if _, err := readAll(complete[:n]); !errors.Is(err, archive.ErrDamaged) {
			t.Errorf("%d of %d bytes: %v", n, len(complete), err)
		}
	}
	if _, err := readAll(append(bytes.Clone(complete), 0)); !errors.Is(err, archive.ErrDamaged) {
		t.Errorf("an extra byte: %v", err)
	}
	t.Logf("%d flipped bits and %d cuts, all reported", 8*len(complete), len(complete))
}

// A record that was changed together with the sum is detected by its hash.
func TestRead_ReportsAForgedRecord(t *testing.T) {
	forged := written(t, logOf("spring", 1, 4))
	body := forged[:len(forged)-sha256.Size]
	body[bytes.LastIndexByte(body, 3)] = 4 // the last byte of the last record, before the end's tag
	sum := sha256.Sum256(body)
	if _, err := readAll(append(body, sum[:]...)); !errors.Is(err, archive.ErrDamaged) || !strings.Contains(err.Error(), "record 4") {
		t.Errorf("%v, want record 4 named", err)
	}
}

// An archive in a later format is told from a damaged one, by its sum, whatever stands in it.
func TestRead_NamesALaterFormat(t *testing.T) {
	for _, format := range []int{2, 9, 10, 4711} {
		later := fmt.Appendf(nil, "matchfloor.archive.%d\nnobody knows yet what follows", format)
		sum := sha256.Sum256(later)
		newer, ok := errors.AsType[*archive.NewerError](errorOfRead(append(bytes.Clone(later), sum[:]...)))
		if !ok || newer.Format != format || !strings.Contains(newer.Error(), "made by a newer version") {
			t.Errorf("format %d: %v", format, newer)
		}
		if err := errorOfRead(append(later, sum[1:]...)); !errors.Is(err, archive.ErrDamaged) {
			t.Errorf("format %d, cut short: %v", format, err)
		}
	}
}

func errorOfRead(data []byte) error {
	_, err := readAll(data)
	return err
}

func FuzzRead(f *testing.F) {
	var out bytes.Buffer
	w := archive.NewWriter(&out)
	if err := errors.Join(w.Put(logOf("a", 1, 3)), w.Close()); err != nil {
		f.Fatal(err)
	}
	f.Add(out.Bytes())
	f.Add([]byte("matchfloor.archive.1\nE"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := readAll(data)
		if _, newer := errors.AsType[*archive.NewerError](err); err != nil && !newer && !errors.Is(err, archive.ErrDamaged) {
			t.Errorf("%v does not wrap ErrDamaged", err)
		}
	})
}

func TestRestore_WritesTheLogInTheNextEpoch(t *testing.T) {
	for _, epoch := range []uint64{1, 4} {
		j := journal.NewMemory(time.Now)
		l := logOf("spring", epoch, 40)
		for range 2 { // the second time there is nothing to do
			at, err := archive.Restore(t.Context(), j, l)
			if err != nil || at.Epoch != epoch+1 || at.Seq != 40 || at.Hash == l.Head().Hash {
				t.Fatalf("epoch %d: restored at %v, %v", epoch, at, err)
			}
		}
		back, err := archive.ReadLog(t.Context(), j, "spring")
		if err != nil || len(back.Records) != 40 || back.Records[7].Key != l.Records[7].Key || !bytes.Equal(back.Records[7].Body, l.Records[7].Body) {
			t.Errorf("epoch %d: read back %d records, %v", epoch, len(back.Records), err)
		}
		// The old head is not in the history of the restored log.
		batch := []journal.Record{{Key: "next"}}
		journal.Chain(l.Head(), batch)
		if result, err := j.Append(t.Context(), "spring", l.Head(), batch, time.Time{}); err != nil || result.Outcome != journal.Conflict || !result.Diverged {
			t.Errorf("epoch %d: an append at the old head: %+v, %v", epoch, result, err)
		}
	}
}

func TestRestore_OverwritesNothing(t *testing.T) {
	j, l := journal.NewMemory(time.Now), logOf("spring", 1, 3)
	other := []journal.Record{{Key: "other"}}
	at := journal.Genesis("spring", 1)
	journal.Chain(at, other)
	if _, err := j.Append(t.Context(), "spring", at, other, time.Time{}); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"Check":   archive.Check(t.Context(), j, l),
		"Restore": errorOf(archive.Restore(t.Context(), j, l)),
	} {
		if !errors.Is(err, archive.ErrNotEmpty) {
			t.Errorf("%s: %v, want ErrNotEmpty", name, err)
		}
	}
	if page, err := j.Read(t.Context(), "spring", 0, 10); err != nil || page.Head.Epoch != 1 || len(page.Records) != 1 {
		t.Errorf("the log is %+v, %v", page.Head, err)
	}
}

func errorOf(_ journal.Position, err error) error { return err }

// A restore that fails at any point is completed by calling it again.
func TestRestore_CanBeRepeated(t *testing.T) {
	for seed := range uint64(50) {
		inner := journal.NewMemory(time.Now)
		j := faultyjournal.Wrap(inner, seed, faultyjournal.Odds{Persisted: 0.3, Lost: 0.3, Unavailable: 0.2, ReadFails: 0.2})
		l := logOf("spring", 5, 9)
		want, err := archive.Restored(l)
		if err != nil {
			t.Fatal(err)
		}
		var at journal.Position
		for range 200 {
			if at, err = archive.Restore(t.Context(), j, l); err == nil {
				break
			}
		}
		if page, readErr := inner.Read(t.Context(), "spring", 0, 0); err != nil || at != want || readErr != nil || page.Head != want {
			t.Errorf("seed %d: %v, %v; the log is at %v, want %v", seed, at, err, page.Head, want)
		}
	}
}

func TestCheck_BoundsTheEpoch(t *testing.T) {
	for _, epoch := range []uint64{0, 1 << 40} {
		if err := archive.Check(t.Context(), journal.NewMemory(time.Now), logOf("a", epoch, 1)); !errors.Is(err, archive.ErrDamaged) {
			t.Errorf("epoch %d: %v", epoch, err)
		}
	}
}
