package journal

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"
)

// Memory is a journal in memory, for tests and rehearsals. It is as durable as the process, and
// all users of one pointer share its logs. It knows the keys of all records, not only of the
// last Window.
//
// Hints are posted with mu held, so that they are in the order of the log. Lock order: mu →
// the lock of Hints.
type Memory struct {
	clock func() time.Time
	hints *Hints

	mu   sync.Mutex // guards logs and everything in them
	logs map[LogID]*memoryLog
}

type memoryLog struct {
	head     Position
	genesis  Position // of the epoch that head is in
	records  []Record // with the sequence numbers 1 to head.Seq
	keys     map[CommandKey]Duplicate
	snapshot *memorySnapshot // nil if there is none
}

type memorySnapshot struct {
	at    Position
	state []byte
}

var (
	_ Journal   = (*Memory)(nil)
	_ Snapshots = (*Memory)(nil)
)

// NewMemory returns an empty journal that takes its time from clock
// (time.Now, also under testing/synctest).
func NewMemory(clock func() time.Time) *Memory {
	return &Memory{clock: clock, hints: NewHints(), logs: make(map[LogID]*memoryLog)}
}

// Append implements Journal.
func (m *Memory) Append(ctx context.Context, log LogID, expect Position, batch []Record, notAfter time.Time) (Result, error) {
	if err := CheckBatch(log, expect, batch); err != nil {
		return Result{}, err
	}
	if err := checkContext(ctx); err != nil {
		return Result{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.at(log)
	result := Result{Head: l.head, Clock: m.clock()}
	if result.Duplicates = l.duplicatesOf(batch); len(result.Duplicates) > 0 {
		result.Outcome = AlreadyKnown
		return result, nil
	}
	if l.head != expect {
		result.Outcome, result.Diverged = Conflict, !l.holds(expect)
		if result.Diverged {
			return result, nil
		}
		var err error
		result.Missed, err = l.page(log, expect.Seq, MaxPage)
		return result, err
	}
	if !notAfter.IsZero() && result.Clock.After(notAfter) {
		result.Outcome = Expired
		return result, nil
	}
	stored := cloneBodies(batch)
	l.store(stored)
	m.logs[log] = l
	m.hints.Post(log, stored)
	result.Outcome, result.Head = Appended, l.head
	return result, nil
}

// Read implements Journal.
func (m *Memory) Read(ctx context.Context, log LogID, after uint64, limit int) (Page, error) {
	if err := checkCall(ctx, log); err != nil {
		return Page{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.at(log)
	records, err := l.page(log, after, limit)
	return Page{Records: records, Head: l.head}, err
}

// Watch implements Journal.
func (m *Memory) Watch(ctx context.Context, log LogID, hint func([]Record)) error {
	if err := log.Check(); err != nil {
		return err
	}
	return m.hints.Watch(ctx, log, func() { m.hints.Post(log, nil) }, 0, nil, hint)
}

// CheckHead implements Journal.
func (m *Memory) CheckHead(ctx context.Context, log LogID, at Position) (time.Time, error) {
	if err := checkCall(ctx, log); err != nil {
		return time.Time{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if l := m.at(log); l.head != at {
		return time.Time{}, fmt.Errorf("%w: at %v, not %v", ErrPositionMismatch, l.head, at)
	}
	return m.clock(), nil
}

// Replace implements Journal.
func (m *Memory) Replace(ctx context.Context, log LogID, expect Position, records []Record) (Position, error) {
	chained, _, err := Rechain(log, expect, records)
	if err != nil {
		return Position{}, err
	}
	if err := checkContext(ctx); err != nil {
		return Position{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if l := m.at(log); l.head != expect {
		return Position{}, fmt.Errorf("%w: at %v, not %v", ErrPositionMismatch, l.head, expect)
	}
	l := newMemoryLog(log, expect.Epoch+1)
	l.store(cloneBodies(chained))
	m.logs[log] = l // without the snapshot of the old epoch
	m.hints.Post(log, nil)
	return l.head, nil
}

// PutSnapshot implements Snapshots.
func (m *Memory) PutSnapshot(ctx context.Context, log LogID, at Position, state []byte) error {
	if err := checkCall(ctx, log); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.at(log)
	if at.Epoch != l.head.Epoch {
		return fmt.Errorf("%w: at %v, the snapshot is of %v", ErrPositionMismatch, l.head, at)
	}
	l.snapshot = &memorySnapshot{at: at, state: bytes.Clone(state)}
	m.logs[log] = l
	return nil
}

// Snapshot implements Snapshots.
func (m *Memory) Snapshot(ctx context.Context, log LogID) (Position, []byte, bool, error) {
	if err := checkCall(ctx, log); err != nil {
		return Position{}, nil, false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.at(log).snapshot
	if s == nil {
		return Position{}, nil, false, nil
	}
	return s.at, bytes.Clone(s.state), true, nil
}

// DropSnapshot implements Snapshots.
func (m *Memory) DropSnapshot(ctx context.Context, log LogID) error {
	if err := checkCall(ctx, log); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at(log).snapshot = nil
	return nil
}

// at returns the log, or an empty one that the caller adds to logs when it stores something:
// a read must not grow the journal.
func (m *Memory) at(log LogID) *memoryLog {
	if l, ok := m.logs[log]; ok {
		return l
	}
	return newMemoryLog(log, 1)
}

func newMemoryLog(log LogID, epoch uint64) *memoryLog {
	genesis := Genesis(log, epoch)
	return &memoryLog{head: genesis, genesis: genesis, keys: make(map[CommandKey]Duplicate)}
}

// store appends chained records.
func (l *memoryLog) store(chained []Record) {
	for _, r := range chained {
		l.records = append(l.records, r)
		l.keys[r.Key] = Duplicate{Key: r.Key, Seq: r.Seq, Digest: r.Digest}
		l.head = Position{Epoch: l.head.Epoch, Seq: r.Seq, Hash: r.Hash}
	}
}

// duplicatesOf returns the keys of batch that are in the log.
func (l *memoryLog) duplicatesOf(batch []Record) (duplicates []Duplicate) {
	for _, r := range batch {
		if d, ok := l.keys[r.Key]; ok {
			duplicates = append(duplicates, d)
		}
	}
	return duplicates
}

// position returns the position after the record seq, as it is stored.
func (l *memoryLog) position(seq uint64) Position {
	if seq == 0 {
		return l.genesis
	}
	return Position{Epoch: l.head.Epoch, Seq: seq, Hash: l.records[seq-1].Hash}
}

// holds reports whether p is a position of this log.
func (l *memoryLog) holds(p Position) bool {
	return p.Seq <= l.head.Seq && p == l.position(p.Seq)
}

// page returns the verified records after sequence number after.
func (l *memoryLog) page(log LogID, after uint64, limit int) ([]Record, error) {
	if after >= l.head.Seq || limit <= 0 {
		return nil, nil
	}
	rest := l.records[after:]
	rest = rest[:pageEnd(rest, limit)]
	end, err := Verify(log, l.position(after), rest)
	if err == nil && end.Seq == l.head.Seq && end != l.head {
		err = &CorruptError{Log: log, Seq: end.Seq}
	}
	if err != nil {
		return nil, err
	}
	return append([]Record(nil), rest...), nil
}

// pageEnd returns how many of records make one page: at most limit and MaxPage, and up to the
// one that takes the bodies past MaxPageBytes.
func pageEnd(records []Record, limit int) int {
	most := min(len(records), max(limit, 0), MaxPage)
	size := 0
	for i, r := range records[:most] {
		if size += len(r.Body); size > MaxPageBytes {
			return i + 1
		}
	}
	return most
}

// checkCall returns the error of the log's id, or that of an ended context.
func checkCall(ctx context.Context, log LogID) error {
	if err := log.Check(); err != nil {
		return err
	}
	return checkContext(ctx)
}

// checkContext returns nil while ctx lasts, and afterwards its error wrapped in ErrUnavailable.
func checkContext(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return nil
}

// cloneBodies copies records with their bodies, which the caller of Append may change.
func cloneBodies(records []Record) []Record {
	cloned := append([]Record(nil), records...)
	for i := range cloned {
		cloned[i].Body = bytes.Clone(cloned[i].Body)
	}
	return cloned
}
