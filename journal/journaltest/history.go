package journaltest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/matchfloor/matchfloor/journal"
)

// History records the calls of concurrent clients on one log: arguments, results and times.
// Check then tells whether the results are linearizable: whether a log that executes one call
// at a time, each at some moment between its start and its end, returns the same.
//
// A call that failed with ErrUnknown may have its effect at any time after it began, or never;
// a call that failed otherwise had none. The log must be empty when the history begins, and
// must not be replaced. A history is safe for concurrent use and grows with each call.
type History struct {
	log   journal.LogID
	begun time.Time

	mu  sync.Mutex // guards ops
	ops []porcupine.Operation
}

// NewHistory returns an empty history of log.
func NewHistory(log journal.LogID) *History { return &History{log: log, begun: time.Now()} }

// Wrap returns j with a recorder: calls on the history's log are recorded as those of the given
// client, which must make one call at a time. Calls on other logs are not recorded.
func (h *History) Wrap(j journal.Journal, client int) journal.Journal {
	return &recorder{Journal: j, history: h, client: client, all: true}
}

// WrapDurable is Wrap for journals where a record may be read before it is durable, and may be
// lost then. Only the results that promise durability are recorded: appended, already known,
// and a confirmed head.
func (h *History) WrapDurable(j journal.Journal, client int) journal.Journal {
	return &recorder{Journal: j, history: h, client: client}
}

// Check fails the test unless one order of the calls explains all results, and also if that
// cannot be decided within the given time. It returns the number of checked calls.
func (h *History) Check(t testing.TB, within time.Duration) int {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	begun := time.Now()
	switch result := porcupine.CheckOperationsTimeout(model(h.log), h.ops, within); result {
	case porcupine.Ok:
	case porcupine.Unknown:
		t.Errorf("%d calls could not be checked within %v", len(h.ops), within)
	default:
		t.Errorf("no order of %d calls explains their results: %v", len(h.ops), result)
	}
	t.Logf("%d calls checked in %v", len(h.ops), time.Since(begun).Round(time.Millisecond))
	return len(h.ops)
}

// DropUnstored removes the appends of unknown outcome that are not in log, which must be the
// whole log after the last call has ended: they had no effect. Otherwise Check would have to
// try each of them at every place, which takes too long for more than a few.
func (h *History) DropUnstored(log []journal.Record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	stored := make(map[journal.Hash]bool, len(log))
	for _, r := range log {
		stored[r.Hash] = true
	}
	h.ops = slices.DeleteFunc(h.ops, func(op porcupine.Operation) bool {
		input, ok := op.Input.(appendInput)
		return ok && op.Output == nil && !stored[input.end.Hash]
	})
}

func (h *History) now() int64 { return int64(time.Since(h.begun)) }

// add records one call that has just ended; one without a result never ends.
func (h *History) add(client int, call int64, input, output any) {
	op := porcupine.Operation{ClientId: client, Input: input, Output: output, Call: call, Return: h.now()}
	if output == nil {
		op.Return = math.MaxInt64
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, op)
}

// recorder is a journal whose calls are recorded in a history.
type recorder struct {
	journal.Journal
	history *History
	client  int
	all     bool // also results that promise no durability
}

// Append implements journal.Journal.
func (r *recorder) Append(ctx context.Context, log journal.LogID, expect journal.Position, batch []journal.Record, notAfter time.Time) (journal.Result, error) {
	call := r.history.now()
	result, err := r.Journal.Append(ctx, log, expect, batch, notAfter)
	if log != r.history.log {
		return result, err
	}
	input := appendInput{expect: expect, batch: append([]journal.Record(nil), batch...), notAfter: notAfter}
	input.end = journal.Chain(expect, input.batch)
	switch {
	case errors.Is(err, journal.ErrUnknown):
		r.history.add(r.client, call, input, nil)
	case err == nil && (r.all || result.Outcome != journal.Conflict):
		r.history.add(r.client, call, input, result)
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

// Replace implements journal.Journal. It refuses the recorded log, because the model does not
// know Replace.
func (r *recorder) Replace(ctx context.Context, log journal.LogID, expect journal.Position, records []journal.Record) (journal.Position, error) {
	if log == r.history.log {
		return journal.Position{}, fmt.Errorf("%w: a recorded log cannot be replaced", journal.ErrMalformed)
	}
	return r.Journal.Replace(ctx, log, expect, records)
}
