package hub

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/history"
	"github.com/matchfloor/matchfloor/hub/replica"
	"github.com/matchfloor/matchfloor/hub/session"
	"github.com/matchfloor/matchfloor/journal"
)

// event is an open log.
type event struct {
	replica  *replica.Replica
	sessions *session.Event
	reads    sharedReads

	refs      int       // sessions and calls that need it; guarded by registry.mu
	idleSince time.Time // when refs became 0; guarded by registry.mu
}

// registry holds the open events of a hub, and why logs could not be opened.
type registry struct {
	start       func(log journal.LogID) *event // returns an event whose replica has just begun to load
	maxEvents   int
	idleTimeout time.Duration
	instance    atomic.Pointer[event] // of the instance's log, while that is open
	reached     atomic.Bool           // a log has been loaded: the journal was there

	mu         sync.Mutex // guards the fields below
	events     map[journal.LogID]*event
	unreadable map[journal.LogID]error // why logs could not be opened, the last time
	closed     bool
}

func newRegistry(o Options, start func(log journal.LogID) *event) *registry {
	return &registry{
		start: start, maxEvents: o.MaxEvents, idleTimeout: o.IdleTimeout,
		events: make(map[journal.LogID]*event), unreadable: make(map[journal.LogID]error),
	}
}

// acquire returns a log's event, which may still be loading, and begins it if there is
// none. The caller must call release.
func (r *registry) acquire(log journal.LogID) (*event, error) {
	if !log.Valid() {
		return nil, ErrNoEvent
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, ErrDraining
	}
	e, ok := r.events[log]
	if !ok {
		if len(r.events) >= r.maxEvents {
			r.evictIdle()
			return nil, ErrOverloaded
		}
		e = r.start(log)
		r.events[log] = e
		if log == journal.InstanceLog {
			r.instance.Store(e)
		}
	}
	e.refs++
	return e, nil
}

// evictIdle makes the events that nothing needs close soon, to make room; mu is held.
func (r *registry) evictIdle() {
	for _, e := range r.events {
		if e.refs == 0 {
			e.closeSoon()
		}
	}
}

// closeSoon makes an event close without waiting for the idle timeout; registry.mu is
// held.
func (e *event) closeSoon() {
	e.idleSince = time.Time{}
	e.replica.WakeUp()
}

// release takes back one acquire. A log that turned out to hold nothing is closed at once,
// so that asking for names that do not exist fills nothing.
func (r *registry) release(e *event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.refs--; e.refs > 0 {
		return
	}
	e.idleSince = time.Now()
	if head, _ := e.replica.History().HeadAndLineage(); head.At.Seq == 0 && e.replica.Lost() == nil {
		e.closeSoon()
	}
}

// releaseLog is release by the name of an event that was acquired.
func (r *registry) releaseLog(log journal.LogID) {
	r.mu.Lock()
	e := r.events[log]
	r.mu.Unlock()
	r.release(e)
}

// mayClose reports whether the replica of a log may end: nothing has needed it for a
// while. If so, the event is forgotten; the next acquire opens the log again.
func (r *registry) mayClose(log journal.LogID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.events[log]
	if log == journal.InstanceLog || e.refs > 0 || time.Since(e.idleSince) < r.idleTimeout || e.replica.Waiting() > 0 {
		return false
	}
	delete(r.events, log)
	return true
}

// forget removes an event whose log could not be loaded.
func (r *registry) forget(log journal.LogID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.instance.Load() == r.events[log] {
		r.instance.Store(nil)
	}
	delete(r.events, log)
}

// opened notes that a log could be opened, or why it could not.
func (r *registry) opened(log journal.LogID, err error) {
	if err == nil {
		r.reached.Store(true)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		delete(r.unreadable, log)
	} else {
		r.unreadable[log] = err
	}
}

// whyUnreadable returns why one of the logs could not be opened, or nil if all could.
func (r *registry) whyUnreadable() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, err := range r.unreadable {
		return err
	}
	return nil
}

// reopenUnreadable begins to open the logs that could not be opened: they may have been
// repaired.
func (r *registry) reopenUnreadable() {
	r.mu.Lock()
	logs := slices.Collect(maps.Keys(r.unreadable))
	r.mu.Unlock()
	for _, log := range logs {
		if e, err := r.acquire(log); err == nil {
			r.release(e)
		}
	}
}

// loaded returns the events whose logs are loaded.
func (r *registry) loaded() (events []*event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		select {
		case <-e.replica.Ready():
			events = append(events, e)
		default:
		}
	}
	return events
}

// instanceHistory returns the history of the instance's log, or nil while that is not
// open.
func (r *registry) instanceHistory() *history.History {
	if e := r.instance.Load(); e != nil {
		return e.replica.History()
	}
	return nil
}

// notifyLinks wakes the sessions of the given links on every open log, so that they send or close
// as needed; nil means all sessions.
func (r *registry) notifyLinks(links []floor.LinkID) {
	for _, e := range r.loaded() {
		if links == nil {
			e.sessions.Notify()
		} else {
			e.sessions.NotifyLinks(links)
		}
	}
}

// unlessClosed calls start, which starts a goroutine of the hub, unless the registry is
// closed. It reports whether it did.
func (r *registry) unlessClosed(start func()) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		start()
	}
	return !r.closed
}

// close makes acquire fail from now on.
func (r *registry) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
}
