package history

import (
	"slices"

	"github.com/matchfloor/matchfloor/journal"
)

// The bounds of a RecentRecords. A forum's whole day is within them.
const (
	MaxRecent      = 16_384
	maxRecentBytes = 8 << 20
)

// recordOverhead is what a record takes besides its key and body, in bytes.
const recordOverhead = 128

func sizeOf(r journal.Record) int { return len(r.Key) + len(r.Body) + recordOverhead }

// RecentRecords holds the newest records of a log as they are stored, without a
// gap up to the newest version: what a node can append again if the log loses its
// tail, or, if the first record is among them, the whole log. It holds up to MaxRecent
// records, and up to 8 MiB of them. It is not safe for concurrent use.
type RecentRecords struct {
	base    journal.Position // of the record before the first one held
	records []journal.Record
	bytes   int
}

// Reset drops all records; the next one follows from at.
func (r *RecentRecords) Reset(at journal.Position) {
	*r = RecentRecords{base: at}
}

// Append adds the next record and drops the oldest ones beyond the bounds.
func (r *RecentRecords) Append(record journal.Record) {
	r.records = append(r.records, record)
	r.bytes += sizeOf(record)
	for len(r.records) > MaxRecent || r.bytes > maxRecentBytes {
		r.base = r.position(0)
		r.bytes -= sizeOf(r.records[0])
		r.records[0] = journal.Record{} // the array lives on; the body must not
		r.records = r.records[1:]
	}
}

// position returns the position of the ith record.
func (r *RecentRecords) position(i int) journal.Position {
	return journal.Position{Epoch: r.base.Epoch, Seq: r.records[i].Seq, Hash: r.records[i].Hash}
}

// Whole returns all records of the log, from the first one. ok is false if the first
// ones are not held. The slice is valid until the next call of another method.
func (r *RecentRecords) Whole() (records []journal.Record, ok bool) {
	return r.records, r.base.Seq == 0
}

// Room returns how many bytes older records may have, and the position that they must lead
// to, for Prepend; 0 if the first record is held or there is no room for all.
func (r *RecentRecords) Room() (bytes int, base journal.Position) {
	if r.base.Seq == 0 || uint64(len(r.records))+r.base.Seq > MaxRecent {
		return 0, r.base
	}
	return maxRecentBytes - r.bytes, r.base
}

// Prepend adds all records before those held, from the first of the log. It does nothing
// if they do not lead to the first one held, or if they are too many.
func (r *RecentRecords) Prepend(older OlderRecords) {
	bytes, base := r.Room()
	if older.At != base || older.Bytes > bytes {
		return
	}
	r.base = older.From
	r.records = append(older.Records, r.records...)
	r.bytes += older.Bytes
}

// OlderRecords are the records of a log from its start, which lead from one position to
// another.
type OlderRecords struct {
	From, At journal.Position
	Records  []journal.Record
	Bytes    int
}

// Add adds the records that follow.
func (o *OlderRecords) Add(records []journal.Record) {
	for _, r := range records {
		o.Bytes += sizeOf(r)
		o.At = journal.Position{Epoch: o.From.Epoch, Seq: r.Seq, Hash: r.Hash}
	}
	o.Records = append(o.Records, records...)
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
