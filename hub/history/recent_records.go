package history

import (
	"slices"

	"github.com/matchfloor/matchfloor/journal"
)

// recentBytes bounds the record bodies that a RecentRecords holds.
const recentBytes = 8 << 20

// RecentRecords holds the newest records of a log as they are stored, without a
// gap up to the newest version: what a node can append again if the log loses its
// tail. It is not safe for concurrent use.
type RecentRecords struct {
	size    int
	base    journal.Position // of the record before the first one held
	records []journal.Record
	bytes   int
}

// NewRecentRecords returns a RecentRecords that holds up to size records, and up
// to 8 MiB of them.
func NewRecentRecords(size int) *RecentRecords { return &RecentRecords{size: size} }

// Reset drops all records; the next one follows from at.
func (r *RecentRecords) Reset(at journal.Position) {
	*r = RecentRecords{size: r.size, base: at}
}

// Append adds the next record and drops the oldest ones beyond the bounds.
func (r *RecentRecords) Append(record journal.Record) {
	r.records = append(r.records, record)
	r.bytes += len(record.Body)
	for len(r.records) > r.size || r.bytes > recentBytes {
		r.base = r.position(0)
		r.bytes -= len(r.records[0].Body)
		r.records[0] = journal.Record{} // the array lives on; the body must not
		r.records = r.records[1:]
	}
}

// position returns the position of the ith record.
func (r *RecentRecords) position(i int) journal.Position {
	return journal.Position{Epoch: r.base.Epoch, Seq: r.records[i].Seq, Hash: r.records[i].Hash}
}

// Epoch returns the epoch of the log that the records are of.
func (r *RecentRecords) Epoch() uint64 { return r.base.Epoch }

// After returns the records that follow a position. ok is false if the position
// is not one of those held. The slice is valid until the next call of Append or
// Reset.
func (r *RecentRecords) After(p journal.Position) (records []journal.Record, ok bool) {
	if p == r.base {
		return r.records, true
	}
	if p.Seq <= r.base.Seq || p.Seq-r.base.Seq > uint64(len(r.records)) {
		return nil, false
	}
	n := int(p.Seq - r.base.Seq)
	return r.records[n:], r.position(n-1) == p
}

// SinceCommon compares the positions of another history, given oldest first, with those held here.
// It returns the records after the newest position that both have, or all records if they share
// none.
func (r *RecentRecords) SinceCommon(history []journal.Position) []journal.Record {
	for _, p := range slices.Backward(history) {
		if records, ok := r.After(p); ok {
			return records
		}
	}
	return r.records
}

// BatchLen returns how many of the records, from the first, fit into one append.
func BatchLen(records []journal.Record) int {
	bytes := 0
	for i, r := range records[:min(len(records), journal.MaxBatch)] {
		if bytes += len(r.Body); bytes > journal.MaxBatchBytes {
			return i
		}
	}
	return min(len(records), journal.MaxBatch)
}
