// Package hub is one node's live side: it opens the logs of events, takes commands and
// connections for them, and closes them when nothing needs them.
//
// The work is done in the packages below it. [replica.Replica] applies and decides, with
// one goroutine for each open log. [session.Session] keeps one client's view in step with
// the log. [history.History] is what they share: published versions, which never change.
// Package presence knows who is connected. The hub connects them, and knows no sockets.
//
// Lock order: registry.mu comes before the locks of the packages below. It is held while
// an event is made, but not while a package below calls back. sharedReads.mu is held with
// no other lock.
package hub

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/history"
	"github.com/matchfloor/matchfloor/hub/presence"
	"github.com/matchfloor/matchfloor/hub/replica"
	"github.com/matchfloor/matchfloor/hub/session"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// Hub is a node's live side. All methods are safe for concurrent use.
type Hub struct {
	journal journal.Journal
	options Options
	events  *registry

	replicaCounters replica.Counters
	sessionCounters session.Counters
	presenceErrors  atomic.Uint64

	ctx      context.Context // ends with Close; every goroutine of the hub watches it
	stop     context.CancelFunc
	owned    sync.WaitGroup // every goroutine of the hub
	writers  *session.WriterPool
	draining atomic.Bool
	sessions atomic.Int64
	ended    chan struct{} // one slot: a session or batch has ended, for Drain
}

// New returns a running hub over a journal and its snapshots. The caller must close the
// hub; the journal is closed by the caller, after the hub.
func New(j journal.Journal, s journal.Snapshots, o Options) *Hub {
	ctx, stop := context.WithCancel(context.Background())
	h := &Hub{journal: j, options: o.withDefaults(), ctx: ctx, stop: stop, ended: make(chan struct{}, 1)}
	h.writers = session.NewWriterPool(h.owned.Go)
	h.events = newRegistry(h.options, h.startEvents(s))
	h.owned.Go(func() { h.events.sweep(ctx) })
	exchange := &presence.Exchange{Store: h.options.Presence, Node: h.options.Node, Errors: &h.presenceErrors}
	h.owned.Go(func() { h.events.exchangePresence(ctx, exchange) })
	return h
}

// startEvents returns what starts the events of the hub.
func (h *Hub) startEvents(s journal.Snapshots) func(journal.LogID) *event {
	instance := func() *history.History { return h.events.instanceHistory() }
	replicas := &replica.Env{
		Context: h.ctx, Go: h.owned.Go, Journal: h.journal, Snapshots: s, Decode: h.options.DecodeRecord,
		Clock: replica.NewClock(), Logger: h.options.Logger, Counters: &h.replicaCounters,
		HistorySize: h.options.HistorySize, QueueSize: h.options.QueueSize, SnapshotEvery: h.options.SnapshotEvery,
		Draining: &h.draining, Sessions: &h.sessions, InstanceHistory: instance,
		LinksChanged: func(links []floor.LinkID) { h.events.notifyLinks(links) },
		LogReadable:  func(log journal.LogID, err error) { h.events.opened(log, err) },
		LogFailed:    func(log journal.LogID) { h.events.forget(log) },
		MayClose:     func(log journal.LogID) bool { return h.events.mayClose(log) },
		BatchDone:    h.signal,
	}
	sessions := &session.Env{
		Context: h.ctx, Go: h.owned.Go, Writers: h.writers, Counters: &h.sessionCounters, Draining: &h.draining,
		SnapshotPath: h.options.SnapshotPath, InstanceHistory: instance, SessionEnded: h.released,
	}
	return func(log journal.LogID) *event {
		r := replica.New(replicas, log)
		e := &event{replica: r, sessions: session.NewEvent(sessions, r)}
		e.reads = sharedReads{ctx: h.ctx, run: h.startGoroutine, read: func() error { return h.readToHead(r) }}
		h.owned.Go(func() { r.Run(e.sessions) })
		return e
	}
}

// startGoroutine starts a goroutine of the hub. It returns false if the hub is closed.
func (h *Hub) startGoroutine(f func()) bool {
	return h.events.unlessClosed(func() { h.owned.Go(f) })
}

// open returns the event of a log, loaded. It blocks until the log has been read. The
// caller must give the event back to h.events.release.
func (h *Hub) open(ctx context.Context, log journal.LogID) (*event, error) {
	e, err := h.events.acquire(log)
	if err != nil {
		return nil, err
	}
	select {
	case <-e.replica.Ready():
	case <-ctx.Done():
		h.events.release(e)
		return nil, ctx.Err()
	}
	if err := e.replica.Err(); err != nil {
		h.events.release(e)
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return e, nil
}

// openInstance keeps the instance's log open while an organiser's credential is in use,
// because that is where its link is. For anybody else it does nothing.
func (h *Hub) openInstance(ctx context.Context, who floor.ActorID) (release func(), err error) {
	if who.Role() != floor.RoleOrganiser {
		return func() {}, nil
	}
	instance, err := h.open(ctx, journal.InstanceLog)
	if err != nil {
		return nil, err
	}
	return func() { h.events.release(instance) }, nil
}

// Result is the outcome of an accepted command.
type Result struct {
	Seq   uint64         // the record that holds its changes
	Notes []*floor.Error // soft collisions that it made; only if this node decided it
}

// Submit submits a command to the event's replica, and blocks until it is durable or
// refused. The caller vouches for who gives it, Envelope.By, and must not set
// Envelope.ReceivedAt. To send the same key again is always safe, and returns the
// original result.
//
// A refusal is a *wire.Problem, with a code of floor or of wire; wire.Retry says which
// ones are worth another try. If ctx ends first, its error is returned, and the command
// may still be applied: send it again to learn the outcome.
func (h *Hub) Submit(ctx context.Context, log journal.LogID, envelope floor.Envelope) (Result, error) {
	return h.submit(ctx, log, &replica.Command{Envelope: envelope})
}

// SubmitAs is Submit for the holder of a credential, as by POST. A link that is unknown or
// rotated is refused as signed_out, also if that happens while the command waits.
func (h *Hub) SubmitAs(ctx context.Context, log journal.LogID, who session.Credential, command wire.Command) (Result, error) {
	return h.submit(ctx, log, who.Command(command))
}

func (h *Hub) submit(ctx context.Context, log journal.LogID, command *replica.Command) (Result, error) {
	if h.draining.Load() {
		return Result{}, &wire.Problem{Code: wire.CodeDraining}
	}
	e, err := h.open(ctx, log)
	if err != nil {
		return Result{}, asProblem(err)
	}
	defer h.events.release(e)
	if _, first := command.Envelope.Command.(floor.ImportForum); first && log != journal.InstanceLog {
		instance, err := h.open(ctx, journal.InstanceLog) // its version is a new event's too
		if err != nil {
			return Result{}, asProblem(err)
		}
		defer h.events.release(instance)
	}
	if command.CheckLink {
		release, err := h.openInstance(ctx, command.Envelope.By)
		if err != nil {
			return Result{}, asProblem(err)
		}
		defer release()
	}
	done := make(chan replica.Verdict, 1)
	command.Done = func(v replica.Verdict) { done <- v }
	if refused := e.replica.Submit(command); refused != nil {
		return Result{}, refused
	}
	select {
	case v := <-done:
		if v.Refused != nil {
			return Result{}, v.Refused
		}
		return Result{Seq: v.Seq, Notes: v.Notes}, nil
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
}

// Attach begins a session of who on a log. It blocks until the log has been read. The
// session owns the transport from now on: see [session.Transport]. The caller passes what
// it reads to [session.Session.Handle], and calls [session.Session.Detach] when the
// connection has ended. Errors: ErrNoEvent, ErrUnauthenticated, ErrOverloaded, ErrDraining,
// ErrUnavailable; the transport is then untouched.
func (h *Hub) Attach(ctx context.Context, log journal.LogID, who session.Credential, transport session.Transport) (*session.Session, error) {
	if h.draining.Load() {
		return nil, ErrDraining
	}
	if h.sessions.Add(1) > int64(h.options.MaxSessions) {
		h.sessions.Add(-1)
		return nil, ErrOverloaded
	}
	s, err := h.attach(ctx, log, who, transport)
	if err != nil {
		h.sessions.Add(-1)
	}
	return s, err
}

func (h *Hub) attach(ctx context.Context, log journal.LogID, who session.Credential, transport session.Transport) (*session.Session, error) {
	e, err := h.open(ctx, log)
	if err != nil {
		return nil, err
	}
	release, err := h.openInstance(ctx, who.Actor)
	if err != nil {
		h.events.release(e)
		return nil, err
	}
	s, err := h.begin(ctx, e, who, transport)
	if err != nil {
		release()
		h.events.release(e)
	}
	return s, err // released gives both back
}

// begin begins a session if the credential is valid.
func (h *Hub) begin(ctx context.Context, e *event, who session.Credential, transport session.Transport) (*session.Session, error) {
	head, _ := e.replica.History().HeadAndLineage()
	if _, err := h.subjectsOf(ctx, e, who, head); err != nil {
		return nil, err
	}
	s, ok := session.New(e.sessions, who, transport)
	switch {
	case ok:
		return s, nil
	case h.draining.Load():
		return nil, ErrDraining
	}
	return nil, ErrOverloaded
}

// subjectsOf returns what a credential may see in a version of a log. It returns
// ErrNoEvent if there is no event, ErrLost if its log is empty, and ErrUnauthenticated if
// the credential is not valid.
func (h *Hub) subjectsOf(ctx context.Context, e *event, who session.Credential, at *history.Version) ([]floor.Subject, error) {
	if log := e.replica.Log(); at.At.Seq == 0 && log != journal.InstanceLog {
		return nil, h.whyEmpty(ctx, log)
	}
	subjects := at.State.Subjects(who.Actor)
	if !e.sessions.LinkValid(who, &at.State) || len(subjects) == 0 {
		return nil, ErrUnauthenticated
	}
	return subjects, nil
}

// released gives back what attach has acquired for a session.
func (h *Hub) released(log journal.LogID, who session.Credential) {
	h.sessions.Add(-1)
	if who.Actor.Role() == floor.RoleOrganiser {
		h.events.releaseLog(journal.InstanceLog)
	}
	h.events.releaseLog(log)
	h.signal()
}

// signal wakes Drain.
func (h *Hub) signal() {
	select {
	case h.ended <- struct{}{}:
	default:
	}
}
