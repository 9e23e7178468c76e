package hub

import (
	"slices"

	"github.com/matchfloor/matchfloor/journal"
)

// keptBytes is how much of a log's newest records a node keeps as they are stored.
const keptBytes = 8 << 20

// kept is the newest records of a log as they are stored, without a gap up to the
// fold's head: what a node can give back to a log that has lost its tail. It
// belongs to the fold's goroutine.
type kept struct {
	most    int
	base    journal.Position // before the first of records
	records []journal.Record
	bytes   int
}

// begin forgets everything and stands at a position.
func (k *kept) begin(at journal.Position) {
	*k = kept{most: k.most, base: at}
}

// add takes the record that follows, and lets go of the oldest.
func (k *kept) add(r journal.Record) {
	k.records = append(k.records, r)
	k.bytes += len(r.Body)
	for len(k.records) > k.most || k.bytes > keptBytes {
		k.base = k.at(0)
		k.bytes -= len(k.records[0].Body)
		k.records[0] = journal.Record{} // let the body go before the array does
		k.records = k.records[1:]
	}
}

// at answers the position of the ith record.
func (k *kept) at(i int) journal.Position {
	return journal.Position{Epoch: k.base.Epoch, Seq: k.records[i].Seq, Hash: k.records[i].Hash}
}

// after answers the records that follow a position; ok is false where that is none
// of those kept.
func (k *kept) after(p journal.Position) (records []journal.Record, ok bool) {
	if p == k.base {
		return k.records, true
	}
	if p.Seq <= k.base.Seq || p.Seq-k.base.Seq > uint64(len(k.records)) {
		return nil, false
	}
	n := int(p.Seq - k.base.Seq)
	return k.records[n:], k.at(n-1) == p
}

// since answers the records after the newest position that another history, of
// these positions, shares with this one; all of them where none is known.
func (k *kept) since(history []journal.Position) []journal.Record {
	for _, p := range slices.Backward(history) {
		if records, ok := k.after(p); ok {
			return records
		}
	}
	return k.records
}

// batchOf answers how many of records go into one append.
func batchOf(records []journal.Record) int {
	bytes := 0
	for i, r := range records[:min(len(records), journal.MaxBatch)] {
		if bytes += len(r.Body); bytes > journal.MaxBatchBytes {
			return i
		}
	}
	return min(len(records), journal.MaxBatch)
}
