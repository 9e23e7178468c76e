package hub

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/history"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

func (o Options) withDefaults() Options {
	if o.SnapshotPath == nil {
		o.SnapshotPath = snapshotPath
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Node == "" {
		o.Node = rand.Text()
	}
	for _, d := range []struct {
		field    *int
		standard int
	}{{&o.MaxEvents, 256}, {&o.MaxSessions, 20_000}, {&o.HistorySize, 2048}, {&o.QueueSize, 1024}, {&o.SnapshotEvery, 1000}} {
		if *d.field <= 0 {
			*d.field = d.standard
		}
	}
	if o.IdleTimeout <= 0 {
		o.IdleTimeout = 5 * time.Minute
	}
	return o
}

func snapshotPath(log journal.LogID, link floor.LinkID, seq uint64) string {
	return fmt.Sprintf("/api/v1/events/%s/snapshot?as=%s&seq=%d", url.PathEscape(string(log)), url.QueryEscape(string(link)), seq)
}

// open answers the fold of a log, loaded, with a reference that the caller gives
// back with release.
func (h *Hub) open(ctx context.Context, log journal.LogID) (*fold, error) {
	f, err := h.find(log)
	if err != nil {
		return nil, err
	}
	select {
	case <-f.ready:
	case <-ctx.Done():
		h.release(f)
		return nil, ctx.Err()
	}
	if f.failed != nil {
		h.release(f)
		return nil, f.failed
	}
	return f, nil
}

// find answers a log's fold, which may still be loading, and begins it where
// there is none.
func (h *Hub) find(log journal.LogID) (*fold, error) {
	if !log.Valid() {
		return nil, ErrNoEvent
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, ErrDraining
	}
	f, ok := h.folds[log]
	if !ok {
		if len(h.folds) >= h.options.MaxEvents {
			h.hurry()
			return nil, ErrOverloaded
		}
		f = newFold(h, log)
		h.folds[log] = f
		if log == journal.InstanceLog {
			h.instance.Store(f)
		}
		h.owned.Go(f.run)
	}
	f.refs++
	return f, nil
}

// hurry makes the folds that nobody needs close now, to make room; mu is held.
func (h *Hub) hurry() {
	for _, f := range h.folds {
		if f.refs == 0 {
			f.since = time.Time{}
			f.nudge()
		}
	}
}

// release gives a reference back. A log that turned out to hold nothing is closed
// at once, so that asking for names that are none fills nothing.
func (h *Hub) release(f *fold) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f.refs--; f.refs > 0 {
		return
	}
	f.since = time.Now()
	if f.history.Head().At.Seq == 0 {
		f.since = time.Time{}
		f.nudge()
	}
}

// retire reports whether the fold may end: nobody has needed it for a while. It is
// then forgotten, and the log opens anew for whoever comes.
func (h *Hub) retire(f *fold) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f.log == journal.InstanceLog || f.owes() || f.refs > 0 || time.Since(f.since) < h.options.IdleTimeout || f.queue.len() > 0 {
		return false
	}
	h.drop(f)
	return true
}

// forget lets go of a fold that could not be loaded.
func (h *Hub) forget(f *fold) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(f)
}

// drop takes a fold out; mu is held.
func (h *Hub) drop(f *fold) {
	if h.folds[f.log] == f {
		delete(h.folds, f.log)
	}
	h.instance.CompareAndSwap(f, nil)
}

// holdInstance keeps the instance's log open for as long as an organiser's
// credential is in use, because that is where its link stands.
func (h *Hub) holdInstance(ctx context.Context, who Credential) (letGo func(), err error) {
	if who.Who.Role() != floor.RoleOrganiser {
		return func() {}, nil
	}
	f, err := h.open(ctx, journal.InstanceLog)
	if err != nil {
		return nil, err
	}
	return func() { h.release(f) }, nil
}

// all answers the open folds that are loaded.
func (h *Hub) all() (folds []*fold) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range h.folds {
		select {
		case <-f.ready:
			folds = append(folds, f)
		default:
		}
	}
	return folds
}

// lookAt makes the sessions of links look around on every open log, or all
// organisers' for none.
func (h *Hub) lookAt(links []floor.LinkID) {
	for _, f := range h.all() {
		sessions := f.audience.everyone()
		if links != nil {
			sessions = f.audience.marked(history.Scope{Links: links})
		}
		for _, s := range sessions {
			s.look()
		}
	}
}

// noteOpening keeps why a log could not be opened, or nil that it could.
func (h *Hub) noteOpening(log journal.LogID, broken error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if broken == nil {
		delete(h.broken, log)
	} else {
		h.broken[log] = broken
	}
}

func (h *Hub) ready() error {
	if h.draining.Load() {
		return ErrDraining
	}
	if !h.reached.Load() {
		return ErrJournalUnreached
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, broken := range h.broken {
		return broken
	}
	return nil
}

// problemOf is why an order could not be submitted, as a problem of the wire where
// it is the hub's.
func problemOf(err error) error {
	for cause, code := range map[error]wire.Code{
		ErrNoEvent: wire.CodeNoSuchEvent, ErrUnauthenticated: wire.CodeSignedOut, ErrOverloaded: wire.CodeBusy,
		ErrDraining: wire.CodeDraining, ErrUnavailable: wire.CodeUnavailable,
	} {
		if errors.Is(err, cause) {
			return &wire.Problem{Code: code}
		}
	}
	return err
}

// seek makes the fold read the log, for a session that may be ahead of it.
func (f *fold) seek(s *Session) {
	f.audience.seek(s)
	f.readOn()
}

// readOn makes the fold read the log soon.
func (f *fold) readOn() {
	f.hints.put(nil)
	f.nudge()
}

func (h *Hub) picture(ctx context.Context, log journal.LogID, who Credential, atLeast uint64) (*EncodedView, error) {
	f, err := h.open(ctx, log)
	if err != nil {
		return nil, err
	}
	defer h.release(f)
	letGo, err := h.holdInstance(ctx, who)
	if err != nil {
		return nil, err
	}
	defer letGo()
	if err := f.reach(ctx, atLeast); err != nil {
		return nil, err
	}
	for {
		head := f.history.Head()
		subjects := head.State.Subjects(who.Who)
		switch {
		case head.At.Seq == 0 && log != journal.InstanceLog:
			return nil, ErrNoEvent
		case !f.good(who, head.State) || len(subjects) == 0:
			return nil, ErrUnauthenticated
		}
		m, _, p, _ := f.frames.picture(subjects)
		if m.At == head.At { // otherwise what this credential may see has to be asked again
			return p, nil
		}
	}
}

// reach waits until the fold stands at seq or later, and makes it read on.
func (f *fold) reach(ctx context.Context, seq uint64) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	for asked := false; ; asked = true {
		changed := f.history.Changed()
		if f.history.Head().At.Seq >= seq {
			return nil
		}
		if !asked {
			f.readOn()
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%w: this node stands at %d, not %d", ErrUnavailable, f.history.Head().At.Seq, seq)
		}
	}
}
