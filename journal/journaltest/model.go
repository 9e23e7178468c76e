package journaltest

import (
	"encoding/binary"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/benbjohnson/immutable"

	"github.com/matchfloor/matchfloor/journal"
)

// appendInput is the recorded input of an Append. The input of a Read is the sequence number that
// it reads after; that of a CheckHead is a position. The outputs are a journal.Result, a
// journal.Page and a bool (head confirmed), or nil if unknown.
type appendInput struct {
	expect, end journal.Position
	batch       []journal.Record
	notAfter    time.Time
}

// logState is a log as the model sees it. It is immutable; two states are equal if their heads
// are, because the hash of the head covers all records.
type logState struct {
	head   journal.Position
	hashes *immutable.List[journal.Hash] // by sequence number; that of the genesis is 0
	keys   *immutable.Map[journal.CommandKey, journal.Duplicate]
}

func emptyLogState(log journal.LogID) *logState {
	head := journal.Genesis(log, 1)
	return &logState{
		head:   head,
		hashes: immutable.NewList(head.Hash),
		keys:   immutable.NewMap[journal.CommandKey, journal.Duplicate](nil),
	}
}

// with returns the log after a batch, whose last position is end.
func (m *logState) with(batch []journal.Record, end journal.Position) *logState {
	next := &logState{head: end, hashes: m.hashes, keys: m.keys}
	for _, r := range batch {
		next.hashes = next.hashes.Append(r.Hash)
		next.keys = next.keys.Set(r.Key, journal.Duplicate{Key: r.Key, Seq: r.Seq, Digest: r.Digest})
	}
	return next
}

// model is the specification of a log: a register with compare-and-set.
func model(log journal.LogID) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return emptyLogState(log) },
		Step: func(state, input, output any) (bool, any) {
			m := state.(*logState)
			switch input := input.(type) {
			case appendInput:
				return m.append(input, output)
			case uint64:
				return m.reads(input, output.(journal.Page)), m
			default:
				return output.(bool) == (input.(journal.Position) == m.head), m
			}
		},
		Equal: func(a, b any) bool { return a.(*logState).head == b.(*logState).head },
		Hash: func(state any) uint64 {
			hash := state.(*logState).head.Hash
			return binary.LittleEndian.Uint64(hash[:])
		},
	}
}

// append reports whether an append may have this output, and returns the log after it.
func (m *logState) append(input appendInput, output any) (bool, *logState) {
	duplicates := m.duplicatesOf(input.batch)
	next := m
	if len(duplicates) == 0 && input.expect == m.head {
		next = m.with(input.batch, input.end)
	}
	result, ok := output.(journal.Result)
	switch {
	case !ok: // the outcome is unknown
		return true, next
	case result.Outcome == journal.Appended:
		return next != m && result.Head == next.head, next
	case result.Outcome == journal.Expired: // the batch would have been stored otherwise
		late := !input.notAfter.IsZero() && result.Clock.After(input.notAfter)
		return late && next != m && result.Head == m.head, m
	case result.Outcome == journal.AlreadyKnown:
		return next == m && equalDuplicates(duplicates, result.Duplicates), m
	default:
		return next == m && len(duplicates) == 0 && result.Head == m.head && m.missed(input.expect, result), m
	}
}

func (m *logState) duplicatesOf(batch []journal.Record) (duplicates []journal.Duplicate) {
	for _, r := range batch {
		if d, ok := m.keys.Get(r.Key); ok {
			duplicates = append(duplicates, d)
		}
	}
	return duplicates
}

// equalDuplicates reports whether a and b are equal and not empty.
func equalDuplicates(a, b []journal.Duplicate) bool {
	if len(a) == 0 || len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// missed reports whether the result of a conflict has the records after expect, or says that
// expect diverged.
func (m *logState) missed(expect journal.Position, result journal.Result) bool {
	if expect.Epoch != m.head.Epoch || expect.Seq >= uint64(m.hashes.Len()) || m.hashes.Get(int(expect.Seq)) != expect.Hash {
		return result.Diverged && len(result.Missed) == 0
	}
	return !result.Diverged && len(result.Missed) > 0 && m.follows(expect.Seq, result.Missed)
}

// reads reports whether page may be read after a sequence number.
func (m *logState) reads(after uint64, page journal.Page) bool {
	return page.Head == m.head && m.follows(after, page.Records)
}

// follows reports whether records are those after a sequence number, or the first of them.
func (m *logState) follows(after uint64, records []journal.Record) bool {
	for i, r := range records {
		at := after + uint64(i) + 1
		if r.Seq != at || at >= uint64(m.hashes.Len()) || m.hashes.Get(int(at)) != r.Hash {
			return false
		}
	}
	return true
}
