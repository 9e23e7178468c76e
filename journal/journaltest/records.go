package journaltest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/matchfloor/matchfloor/journal"
)

const theLog journal.LogID = "spring-forum"

// record returns an unchained record with a key, and a body made from it.
func record(key string) journal.Record {
	return recordOf(key, []byte("body of "+key))
}

func recordOf(key string, body []byte) journal.Record {
	return journal.Record{Key: journal.CommandKey(key), Digest: sha256.Sum256(body), Body: body}
}

// numbered returns n unchained records with the keys prefix-0, prefix-1, …
func numbered(prefix string, n int) []journal.Record {
	records := make([]journal.Record, n)
	for i := range records {
		records[i] = record(fmt.Sprintf("%s-%d", prefix, i))
	}
	return records
}

// largest returns n unchained records of the largest size.
func largest(prefix string, n int) []journal.Record {
	records := numbered(prefix, n)
	for i := range records {
		records[i].Body = bytes.Repeat([]byte{byte(i)}, journal.MaxRecord)
	}
	return records
}

// chained chains records to the position at, and returns them.
func chained(at journal.Position, records ...journal.Record) []journal.Record {
	journal.Chain(at, records)
	return records
}

// erase returns the records as an erasure writes them: with other bodies and the same sequence
// numbers, keys and digests.
func erase(all []journal.Record) []journal.Record {
	erased := append([]journal.Record(nil), all...)
	for i := range erased {
		erased[i].Body = fmt.Appendf(nil, "blank %d", i)
	}
	return erased
}

// wantRecords fails the test unless got and want are the same records.
func wantRecords(t testing.TB, got, want []journal.Record) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i := range got {
		if !equal(got[i], want[i]) {
			t.Fatalf("record %d is %s, want %s", i, describe(got[i]), describe(want[i]))
		}
	}
}

func equal(a, b journal.Record) bool {
	return a.Seq == b.Seq && a.Key == b.Key && a.Digest == b.Digest && a.Hash == b.Hash && bytes.Equal(a.Body, b.Body)
}

func describe(r journal.Record) string {
	return fmt.Sprintf("{%d %q %d bytes %x}", r.Seq, string(r.Key), len(r.Body), r.Hash[:4])
}
