package client

import (
	"encoding/json"
	"maps"
	"sync"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// state is what the goroutines of a client share, except for the outbox. Its
// mutex is held while the observers and the conditions of waiters run.
type state struct {
	observe       func(ViewChange)  // nil: no observer
	onlineChanged func(bool, error) // nil: no observer
	first         chan struct{}     // closed with the first snapshot or patch

	mu          sync.Mutex // guards the fields below
	replica     replica
	arriving    arrival // of the frame that the replica applies now
	subjects    string
	you         wire.You
	clock       clock
	status      wire.StatusFrame
	online      bool
	hidden      bool
	waiters     map[*waiter]struct{}
	lastFailure error // why the previous connection ended
	err         error // why the client ended
}

// arrival describes how a frame arrived.
type arrival struct {
	bytes    int
	received time.Time // when the last byte arrived
}

// waiter waits for a view.
type waiter struct {
	ready func(View) bool
	met   chan struct{} // closed when ready has returned true
}

func newState(o Options) *state {
	s := &state{
		observe: o.Observe, onlineChanged: o.OnlineChanged, first: make(chan struct{}),
		clock: clock{start: time.Now()}, hidden: o.Hidden,
		waiters: make(map[*waiter]struct{}),
	}
	if saved := o.Saved; saved != nil {
		s.subjects = saved.Subjects
		s.replica.load(saved.At, saved.Cards)
	}
	s.replica.onChange = s.viewChanged
	return s
}

// viewChanged is called by the replica, with mu held.
func (s *state) viewChanged(change ViewChange) {
	if text, ok := change.Set["clock/clock"]; ok { // a clock that was set counts at once, not with the next pong
		var card floor.ClockCard
		if json.Unmarshal(text, &card) == nil {
			s.clock.event = card.EventClock
		}
	}
	if s.observe != nil {
		change.Bytes, change.Received = s.arriving.bytes, s.arriving.received
		s.observe(change)
	}
	for w := range s.waiters {
		if w.ready(s.view()) {
			close(w.met)
			delete(s.waiters, w)
		}
	}
}

// view returns the view without copying its map. The caller must hold mu.
func (s *state) view() View { return View{s.replica.at, s.replica.cards} }

// read calls look with the view and mu held.
func (s *state) read(look func(View)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	look(s.view())
}

// position returns the position of the view.
func (s *state) position() journal.Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.replica.at
}

// save returns a copy of the view; nil if there is none.
func (s *state) save() *SavedView {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.replica.exists {
		return nil
	}
	return &SavedView{s.replica.at, s.subjects, maps.Clone(s.replica.cards)}
}

// addWaiter registers a waiter and returns it; nil if ready holds already. The
// caller must pass it to removeWaiter.
func (s *state) addWaiter(ready func(View) bool) *waiter {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.replica.exists && ready(s.view()) {
		return nil
	}
	w := &waiter{ready, make(chan struct{})}
	s.waiters[w] = struct{}{}
	return w
}

func (s *state) removeWaiter(w *waiter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waiters, w)
}

// beginConnection prepares the replica for a connection and returns its hello.
func (s *state) beginConnection() *wire.Hello {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replica.beginConnection()
	hello := &wire.Hello{Version: wire.Version, Hidden: s.hidden}
	if s.replica.exists {
		at := s.replica.at
		hello.Have, hello.Subjects = &at, s.subjects
	}
	return hello
}

// applyHello applies the server's answer to the hello that was sent at sent.
func (s *state) applyHello(h *wire.ServerHello, sent, received time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.you, s.subjects = h.You, h.Subjects
	s.clock.event = h.Clock
	s.clock.add(sent, received, h.Now)
}

func (s *state) applySnapshot(snapshot wire.Snapshot, a arrival) nextStep {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arriving = a
	return s.replica.applySnapshot(snapshot)
}

// applyPatch applies a patch. shown is false while patches are held for a snapshot;
// role is that of the client's link.
func (s *state) applyPatch(p wire.Patch, a arrival) (step nextStep, shown bool, role floor.Role) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arriving = a
	step = s.replica.applyPatch(p)
	return step, s.replica.wanted == nil, s.you.Who.Role()
}

// wants reports whether the snapshot frame at this position is still being fetched.
func (s *state) wants(at journal.Position) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.replica.wanted != nil && s.replica.wanted.At == at
}

// applyFetched applies the response to the fetch of the wanted snapshot.
func (s *state) applyFetched(snapshot wire.Snapshot, a arrival) nextStep {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arriving = a
	return s.replica.applyFetched(snapshot)
}

// applyPong applies a pong. timed reports whether it answers the ping that was sent
// at sent.
func (s *state) applyPong(p *wire.Pong, timed bool, sent, received time.Time) nextStep {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock.event = p.Clock
	if timed {
		s.clock.add(sent, received, p.Now)
	}
	return s.replica.checkPong(p.At)
}

// applyStatus replaces the status. journalBack reports whether the journal had not
// answered before and answers now.
func (s *state) applyStatus(status wire.StatusFrame) (journalBack bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	journalBack = s.status.StaleSince != 0 && status.StaleSince == 0
	s.status = status
	return journalBack
}

// fetching reports whether a snapshot is being fetched.
func (s *state) fetching() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.replica.wanted != nil
}

func (s *state) isHidden() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hidden
}

// setHidden reports whether it changed something.
func (s *state) setHidden(hidden bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := s.hidden != hidden
	s.hidden = hidden
	return changed
}

// markOnline notes that a snapshot or patch of this connection was applied.
func (s *state) markOnline() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setOnline(true, nil)
	select {
	case <-s.first:
	default:
		close(s.first)
	}
}

// setOnline calls the observer if it changes something. The caller must hold mu.
func (s *state) setOnline(online bool, reason error) {
	if s.online == online {
		return
	}
	s.online = online
	if s.onlineChanged != nil {
		s.onlineChanged(online, reason)
	}
}

// markOffline notes that the connection ended, and why if err is not nil.
func (s *state) markOffline(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setOnline(false, err)
	s.status = wire.StatusFrame{}
	if err != nil {
		s.lastFailure = err
	}
}

// discardView drops the view: the session that saw it is over.
func (s *state) discardView() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replica.clear()
	s.subjects = ""
}

// end sets the client's error; the first one counts.
func (s *state) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.online = false
	if s.err == nil {
		s.err = err
	}
}
