package journaltest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/benbjohnson/immutable"

	"github.com/matchfloor/matchfloor/journal"
)

// History keeps what concurrent callers asked of one log and were answered, and
// when. Check then tells whether the answers are those of a log that does one
// thing at a time, each at some moment between its question and its answer.
//
// A call that failed with ErrUnknown may have its effect at any time after it
// began, or never; one that failed otherwise had none. The log must be empty when
// the history begins, and must not be replaced. A history is safe for concurrent
// use and grows with each call.
type History struct {
	log   journal.LogID
	begun time.Time

	mu  sync.Mutex // guards what follows
	ops []porcupine.Operation
}

// NewHistory answers an empty history of log.
func NewHistory(log journal.LogID) *History { return &History{log: log, begun: time.Now()} }

// Record answers j, which keeps what it is asked about the log as one client's
// calls: one at a time, by one goroutine. The other logs pass it unseen.
func (h *History) Record(j journal.Journal, client int) journal.Journal {
	return &recorder{Journal: j, history: h, client: client, all: true}
}

// RecordDurable is Record for journals where a record may be seen before it is
// durable, and be lost: of the answers only those that promise durability are kept
// (appended, known, confirmed).
func (h *History) RecordDurable(j journal.Journal, client int) journal.Journal {
	return &recorder{Journal: j, history: h, client: client}
}

// Check fails the test unless one order explains all answers, and also if that
// cannot be told in the given time. It answers how many calls were checked.
func (h *History) Check(t testing.TB, within time.Duration) int {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	begun := time.Now()
	switch result := porcupine.CheckOperationsTimeout(model(h.log), h.ops, within); result {
	case porcupine.Ok:
	case porcupine.Unknown:
		t.Errorf("%d calls could not be checked in %v: nothing is proven", len(h.ops), within)
	default:
		t.Errorf("no order of %d calls explains what the log answered: %v", len(h.ops), result)
	}
	t.Logf("%d calls checked in %v", len(h.ops), time.Since(begun).Round(time.Millisecond))
	return len(h.ops)
}

// Settle tells the history what the whole log is once all calls have ended. Appends
// of unknown outcome that are not in it had no effect, and are dropped: without
// that, a checker has to consider each of them everywhere.
func (h *History) Settle(log []journal.Record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	stored := make(map[journal.Hash]bool, len(log))
	for _, r := range log {
		stored[r.Hash] = true
	}
	h.ops = slices.DeleteFunc(h.ops, func(op porcupine.Operation) bool {
		asked, ok := op.Input.(appending)
		return ok && op.Output == nil && !stored[asked.end.Hash]
	})
}

func (h *History) now() int64 { return int64(time.Since(h.begun)) }

// add keeps one call; a call without an answer goes on for ever.
func (h *History) add(client int, call int64, asked, answered any) {
	op := porcupine.Operation{ClientId: client, Input: asked, Output: answered, Call: call, Return: h.now()}
	if answered == nil {
		op.Return = math.MaxInt64
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, op)
}

// recorder is a journal whose calls go into a history.
type recorder struct {
	journal.Journal
	history *History
	client  int
	all     bool
}

// What is asked of a log, beside a Read, which is asked by the number that it
// follows, and a Confirm, by its position. Answers are journal.Result,
// journal.Page and whether the position was confirmed; nil where it is unknown.
type appending struct {
	expect, end journal.Position
	batch       []journal.Record
}

// Append implements journal.Journal.
func (r *recorder) Append(ctx context.Context, log journal.LogID, expect journal.Position, batch []journal.Record) (journal.Result, error) {
	call := r.history.now()
	result, err := r.Journal.Append(ctx, log, expect, batch)
	if log != r.history.log {
		return result, err
	}
	asked := appending{expect: expect, batch: append([]journal.Record(nil), batch...)}
	asked.end = journal.Chain(expect, asked.batch)
	switch {
	case errors.Is(err, journal.ErrUnknown):
		r.history.add(r.client, call, asked, nil)
	case err == nil && (r.all || result.Outcome != journal.Conflict):
		r.history.add(r.client, call, asked, result)
	}
	return result, err
}

// Read implements journal.Journal.
func (r *recorder) Read(ctx context.Context, log journal.LogID, after uint64, limit int) (journal.Page, error) {
	call := r.history.now()
	page, err := r.Journal.Read(ctx, log, after, limit)
	if log == r.history.log && err == nil && r.all {
		r.history.add(r.client, call, after, page)
	}
	return page, err
}

// CheckHead implements journal.Journal.
func (r *recorder) CheckHead(ctx context.Context, log journal.LogID, at journal.Position) (time.Time, error) {
	call := r.history.now()
	clock, err := r.Journal.CheckHead(ctx, log, at)
	if log == r.history.log && (err == nil || r.all && errors.Is(err, journal.ErrPositionMismatch)) {
		r.history.add(r.client, call, at, err == nil)
	}
	return clock, err
}

// Replace implements journal.Journal: it is none of what can be checked.
func (r *recorder) Replace(ctx context.Context, log journal.LogID, expect journal.Position, records []journal.Record) (journal.Position, error) {
	if log == r.history.log {
		return journal.Position{}, fmt.Errorf("%w: a recorded log cannot be replaced", journal.ErrMalformed)
	}
	return r.Journal.Replace(ctx, log, expect, records)
}

// modelled is a log as the model holds it: never changed, and told from another by
// its head, whose hash stands for all of it.
type modelled struct {
	head   journal.Position
	hashes *immutable.List[journal.Hash] // by number, with the empty log's as 0
	known  *immutable.Map[journal.CommandKey, journal.Duplicate]
}

func emptyModel(log journal.LogID) *modelled {
	head := journal.Genesis(log, 1)
	return &modelled{
		head:   head,
		hashes: immutable.NewList(head.Hash),
		known:  immutable.NewMap[journal.CommandKey, journal.Duplicate](nil),
	}
}

// with answers the log after a batch.
func (m *modelled) with(batch []journal.Record, end journal.Position) *modelled {
	next := &modelled{head: end, hashes: m.hashes, known: m.known}
	for _, r := range batch {
		next.hashes = next.hashes.Append(r.Hash)
		next.known = next.known.Set(r.Key, journal.Duplicate{Key: r.Key, Seq: r.Seq, Digest: r.Digest})
	}
	return next
}

// model is the log as a register that is compared and set.
func model(log journal.LogID) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return emptyModel(log) },
		Step: func(state, asked, answered any) (bool, any) {
			m := state.(*modelled)
			switch asked := asked.(type) {
			case appending:
				return m.append(asked, answered)
			case uint64:
				return m.reads(asked, answered.(journal.Page)), m
			default:
				return answered.(bool) == (asked.(journal.Position) == m.head), m
			}
		},
		Equal: func(a, b any) bool { return a.(*modelled).head == b.(*modelled).head },
		Hash: func(state any) uint64 {
			hash := state.(*modelled).head.Hash
			return binary.LittleEndian.Uint64(hash[:])
		},
	}
}

// append answers whether the log may answer so, and the log afterwards.
func (m *modelled) append(asked appending, answered any) (bool, *modelled) {
	known := m.knownOf(asked.batch)
	next := m
	if len(known) == 0 && asked.expect == m.head {
		next = m.with(asked.batch, asked.end)
	}
	result, ok := answered.(journal.Result)
	switch {
	case !ok: // nobody knows
		return true, next
	case result.Outcome == journal.Appended:
		return next != m && result.Head == next.head, next
	case result.Outcome == journal.AlreadyKnown:
		return next == m && sameKnown(known, result.Duplicates), m
	default:
		return next == m && len(known) == 0 && result.Head == m.head && m.missed(asked.expect, result), m
	}
}

func (m *modelled) knownOf(batch []journal.Record) (known []journal.Duplicate) {
	for _, r := range batch {
		if k, ok := m.known.Get(r.Key); ok {
			known = append(known, k)
		}
	}
	return known
}

func sameKnown(a, b []journal.Duplicate) bool {
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

// missed reports whether a conflict's answer says rightly what followed expect.
func (m *modelled) missed(expect journal.Position, result journal.Result) bool {
	if expect.Epoch != m.head.Epoch || expect.Seq >= uint64(m.hashes.Len()) || m.hashes.Get(int(expect.Seq)) != expect.Hash {
		return result.Diverged && len(result.Missed) == 0
	}
	return !result.Diverged && len(result.Missed) > 0 && m.follows(expect.Seq, result.Missed)
}

// reads reports whether page is what follows a number.
func (m *modelled) reads(after uint64, page journal.Page) bool {
	return page.Head == m.head && m.follows(after, page.Records)
}

// follows reports whether records are those after a number, or the first of them.
func (m *modelled) follows(after uint64, records []journal.Record) bool {
	for i, r := range records {
		at := after + uint64(i) + 1
		if r.Seq != at || at >= uint64(m.hashes.Len()) || m.hashes.Get(int(at)) != r.Hash {
			return false
		}
	}
	return true
}
