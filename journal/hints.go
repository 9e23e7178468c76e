package journal

import (
	"context"
	"sync"
	"time"
)

// Hints hands appended records to the watches of one process. It is the part of
// Watch that all journals share, for those who implement one: whatever learns of
// records (the own append, a subscription) posts them here, never blocking, and
// each Watch delivers them from its caller's goroutine.
//
// A watch that is slower than the posts does not grow: beyond MaxPage records or
// MaxPageBytes its backlog is dropped for a single empty hint.
type Hints struct {
	closed chan struct{} // closed by Close, after reason is set
	reason error         // read only after closed

	mu      sync.Mutex // guards what follows, and the fields of every watch
	watches map[LogID]map[*watch]struct{}
}

// watch is one caller of Watch.
type watch struct {
	wake    chan struct{} // one slot: there is something to deliver
	look    bool          // deliver an empty hint, and no records
	pending []Record
	bytes   int
}

// NewHints answers an empty board.
func NewHints() *Hints {
	return &Hints{closed: make(chan struct{}), watches: make(map[LogID]map[*watch]struct{})}
}

// Post hands records to every watch of log; none says "look for yourself". It
// never blocks. The records are shared: nobody may change them any more.
func (h *Hints) Post(log LogID, records []Record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.watches[log] {
		w.add(records)
	}
}

// PostAll says "look for yourself" to every watch of every log.
func (h *Hints) PostAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, watches := range h.watches {
		for w := range watches {
			w.add(nil)
		}
	}
}

// Close ends every watch, now and to come, with reason. Only the first call counts.
func (h *Hints) Close(reason error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-h.closed:
	default:
		h.reason = reason
		close(h.closed)
	}
}

// Watch delivers what is posted for log to hint until ctx ends or Close is
// called, and answers why. With every > 0 it also calls changed at that pace and
// delivers an empty hint when that is true. It delivers nothing of its own
// accord: the caller posts the empty hint of the start when the watch stands.
// joined, which may be nil, is called once the watch receives posts.
func (h *Hints) Watch(ctx context.Context, log LogID, joined func(), every time.Duration, changed func() bool, hint func([]Record)) error {
	w := h.join(log)
	defer h.leave(log, w)
	if joined != nil {
		joined()
	}
	var tick <-chan time.Time
	if every > 0 {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		tick = ticker.C
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-h.closed:
			return h.reason
		case <-tick:
			if changed() {
				hint(nil)
			}
		case <-w.wake:
			if records, ok := h.collect(w); ok {
				hint(records)
			}
		}
	}
}

func (h *Hints) join(log LogID) *watch {
	w := &watch{wake: make(chan struct{}, 1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watches[log] == nil {
		h.watches[log] = make(map[*watch]struct{})
	}
	h.watches[log][w] = struct{}{}
	return w
}

func (h *Hints) leave(log LogID, w *watch) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.watches[log], w)
	if len(h.watches[log]) == 0 {
		delete(h.watches, log)
	}
}

// collect empties w; ok is false where there is nothing to say.
func (h *Hints) collect(w *watch) (records []Record, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	records, ok = w.pending, w.look || len(w.pending) > 0
	w.pending, w.bytes, w.look = nil, 0, false
	return records, ok
}

// add is called with Hints.mu held.
func (w *watch) add(records []Record) {
	if len(records) == 0 {
		w.look = true
	}
	for _, r := range records {
		w.bytes += len(r.Body)
	}
	if w.look || len(w.pending)+len(records) > MaxPage || w.bytes > MaxPageBytes {
		w.look, w.pending, w.bytes = true, nil, 0
	} else {
		w.pending = append(w.pending, records...)
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
}
