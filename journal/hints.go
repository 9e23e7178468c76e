package journal

import (
	"context"
	"sync"
	"time"
)

// Hints passes appended records to the watches of one process. It is the part of Watch that all
// journals share, for implementations of Journal: an append, or a subscription, posts records
// without blocking, and each Watch delivers them on its caller's goroutine.
//
// The backlog of a slow watch is bounded: beyond MaxPage records or MaxPageBytes it is replaced
// by a single empty hint.
//
// Hints has one lock and calls no other function while it is held, so a journal may call Post
// with its own lock held.
type Hints struct {
	closed chan struct{} // closed by Close, after reason is set
	reason error         // read only after closed is closed

	mu      sync.Mutex // guards watches, and all fields of every watch but wake
	watches map[LogID]map[*watch]struct{}
}

// watch is one caller of Watch.
type watch struct {
	wake     chan struct{} // one slot: there is something to deliver
	overflow bool          // deliver an empty hint, and no records
	pending  []Record
	bytes    int // of the bodies of pending
}

// NewHints returns Hints without a watch.
func NewHints() *Hints {
	return &Hints{closed: make(chan struct{}), watches: make(map[LogID]map[*watch]struct{})}
}

// Post passes records to every watch of log. Without records it posts an empty hint, which asks
// the watcher to read the log. It never blocks. The watches share the records, so nobody may
// change them afterwards.
func (h *Hints) Post(log LogID, records []Record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.watches[log] {
		w.add(records)
	}
}

// PostAll posts an empty hint to every watch of every log.
func (h *Hints) PostAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, watches := range h.watches {
		for w := range watches {
			w.add(nil)
		}
	}
}

// Close ends every watch, and every later one, with reason. Only the first call has an effect.
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

// Watch delivers what is posted for log to hint until ctx ends or Close is called, and returns
// the reason. joined, which may be nil, is called once the watch receives posts: the journal
// then posts the first, empty hint itself, because Watch does not. With every > 0 Watch also
// calls changed at that interval, and delivers an empty hint if it returns true.
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

// join adds a watch of log.
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

// leave removes a watch of log.
func (h *Hints) leave(log LogID, w *watch) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.watches[log], w)
	if len(h.watches[log]) == 0 {
		delete(h.watches, log)
	}
}

// collect removes and returns what w has to deliver; ok is false if that is nothing.
func (h *Hints) collect(w *watch) (records []Record, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	records, ok = w.pending, w.overflow || len(w.pending) > 0
	w.pending, w.bytes, w.overflow = nil, 0, false
	return records, ok
}

// add adds records to the backlog, or replaces it by an empty hint. Hints.mu must be held.
func (w *watch) add(records []Record) {
	if len(records) == 0 {
		w.overflow = true
	}
	for _, r := range records {
		w.bytes += len(r.Body)
	}
	if w.overflow || len(w.pending)+len(records) > MaxPage || w.bytes > MaxPageBytes {
		w.overflow, w.pending, w.bytes = true, nil, 0
	} else {
		w.pending = append(w.pending, records...)
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
}
