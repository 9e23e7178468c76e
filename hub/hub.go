// Package hub is one node's live side: it folds the logs of open events, decides
// commands on them one batch at a time, and keeps every session's view level.
//
// An open event has one goroutine, its fold, which alone moves the state forward.
// Everything else reads published states, which never change. A session is a
// position in the log: there is no queue per connection, and whoever has been
// away or slow is sent one frame with the difference. The package knows no
// transport; see [Outlet].
package hub

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/presence"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// Why a hub does not take a session or answer a read. Compare with errors.Is.
var (
	ErrNoEvent         = errors.New("hub: no such event")                      // close 4103, status 404
	ErrUnauthenticated = errors.New("hub: the link is unknown or was rotated") // close 4102, status 401
	ErrOverloaded      = errors.New("hub: no room for another session")        // close 4001, status 503
	ErrDraining        = errors.New("hub: this node goes away")                // close 1012, status 503
	ErrUnavailable     = errors.New("hub: the journal cannot be reached")      // close 1011, status 503

	// ErrJournalUnreached is why a node that has just started is not ready.
	ErrJournalUnreached = errors.New("hub: the journal has not been reached yet")
)

// Options say how a hub behaves. The zero value of each field is its default.
type Options struct {
	// SnapshotPath answers the path from which a session may fetch a snapshot of
	// at least this sequence that is too large for a frame. The default answers
	// the path of docs/PROTOCOL.md.
	SnapshotPath func(log journal.LogID, link floor.LinkID, seq uint64) string
	// Presence tells nodes who is connected to the others; the default knows only
	// this node.
	Presence presence.Store
	// Node names this node to the others; the default is random.
	Node string
	// Logger takes what an operator should know: no names, no payloads. The
	// default is slog.Default().
	Logger *slog.Logger

	MaxEvents     int           // logs folded at a time, "_" included; 256
	MaxSessions   int           // sessions of all events together; 20,000
	HistorySize   int           // states kept of each event, to make patches from; 2,048
	QueueSize     int           // commands that may wait at one event; 1,024
	IdleTimeout   time.Duration // an event without sessions is closed after this; 5 min
	SnapshotEvery int           // records between two stored snapshots, at least; 1,000
}

// Hub is a node's live side. All methods are safe for concurrent use.
type Hub struct {
	journal   journal.Journal
	snapshots journal.Snapshots
	options   Options
	log       *slog.Logger
	counters  counters
	post      *post
	decode    func([]byte) (floor.Record, error) // floor.DecodeRecord, but in tests of other versions
	clock     steady

	ctx      context.Context // ends with Close; every goroutine of the hub watches it
	stop     context.CancelFunc
	owned    sync.WaitGroup // every goroutine of the hub
	draining atomic.Bool
	sessions atomic.Int64
	instance atomic.Pointer[fold] // of the instance's log, while that is open
	reached  atomic.Bool          // a log has been folded: the journal was there
	left     chan struct{}        // one slot: a session or batch has ended, for whoever drains

	mu     sync.Mutex // guards what follows
	folds  map[journal.LogID]*fold
	broken map[journal.LogID]error // why logs could not be opened, the last time
	closed bool
}

// New answers a running hub over a journal and the snapshots beside it. The
// caller closes it; the journal stays the caller's.
func New(j journal.Journal, s journal.Snapshots, o Options) *Hub {
	ctx, stop := context.WithCancel(context.Background())
	h := &Hub{
		journal: j, snapshots: s, options: o.withDefaults(), decode: floor.DecodeRecord, clock: newSteady(),
		post: newPost(), ctx: ctx, stop: stop, left: make(chan struct{}, 1), folds: make(map[journal.LogID]*fold),
		broken: make(map[journal.LogID]error),
	}
	h.log = h.options.Logger
	for range writers() {
		h.owned.Go(h.post.run)
	}
	h.owned.Go(h.sweep)
	h.owned.Go(h.exchangePresence)
	return h
}

// Result is what became of an accepted command.
type Result struct {
	Seq   uint64         // the record that holds its changes
	Notes []*floor.Error // soft collisions that it made; only where this node decided it
}

// Submit gives an order to the event's fold and blocks until it is durable or
// refused. The caller vouches for who gives it, order.By, and leaves order.Wall
// alone. Sending the same key again is always safe and gets the original answer.
//
// A refusal is a *wire.Problem, with a code of floor or of wire; wire.Retry tells
// the passing ones. If ctx ends first its error is answered, and the order may
// still be applied: send it again to learn.
func (h *Hub) Submit(ctx context.Context, log journal.LogID, order floor.Envelope) (Result, error) {
	return h.submit(ctx, log, order, nil)
}

// SubmitAs is Submit for the holder of a credential, as by POST. A link that is unknown
// or rotated is refused as signed_out, also where that happens while the command
// waits.
func (h *Hub) SubmitAs(ctx context.Context, log journal.LogID, who Credential, command wire.Command) (Result, error) {
	return h.submit(ctx, log, orderOf(who, command), &who)
}

func (h *Hub) submit(ctx context.Context, log journal.LogID, order floor.Envelope, who *Credential) (Result, error) {
	if h.draining.Load() {
		return Result{}, &wire.Problem{Code: wire.CodeDraining}
	}
	f, err := h.open(ctx, log)
	if err != nil {
		return Result{}, problemOf(err)
	}
	defer h.release(f)
	if _, first := order.Command.(floor.ImportForum); first && log != journal.InstanceLog {
		instance, err := h.open(ctx, journal.InstanceLog) // its version is a new event's too
		if err != nil {
			return Result{}, problemOf(err)
		}
		defer h.release(instance)
	}
	if who != nil {
		letGo, err := h.holdInstance(ctx, *who)
		if err != nil {
			return Result{}, problemOf(err)
		}
		defer letGo()
	}
	answered := make(chan verdict, 1)
	p := &pending{order: order, who: who, answer: func(v verdict) { answered <- v }}
	if refused := f.enqueue(p); refused != nil {
		return Result{}, refused
	}
	select {
	case v := <-answered:
		if v.refused != nil {
			return Result{}, v.refused
		}
		return v.Result, nil
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
}

// State answers a log's newest state here and its position, opening the log where
// needed: of an event, or of [journal.InstanceLog]. A log that holds nothing is
// ErrNoEvent, but for the instance's. While the journal is away the state is the
// last one known; if there is none the error is ErrUnavailable.
func (h *Hub) State(ctx context.Context, log journal.LogID) (floor.State, journal.Position, error) {
	f, err := h.open(ctx, log)
	if err != nil {
		return floor.State{}, journal.Position{}, err
	}
	defer h.release(f)
	m := f.history.Head()
	if m.State.Seq() == 0 && log != journal.InstanceLog {
		return floor.State{}, journal.Position{}, ErrNoEvent
	}
	return m.State, m.At, nil
}

// Attach begins a session of who on log, opening the log where needed (it blocks
// for that, and so reads the journal). outlet is the session's from now on: see
// [Outlet]. The transport then passes what it reads to [Session.Receive] and
// calls [Session.Closed] when it has ended. Errors: ErrNoEvent, ErrUnauthenticated,
// ErrOverloaded, ErrDraining, ErrUnavailable; the outlet is then untouched.
func (h *Hub) Attach(ctx context.Context, log journal.LogID, who Credential, outlet Transport) (*Session, error) {
	if h.draining.Load() {
		return nil, ErrDraining
	}
	if h.sessions.Add(1) > int64(h.options.MaxSessions) {
		h.sessions.Add(-1)
		return nil, ErrOverloaded
	}
	s, err := h.attach(ctx, log, who, outlet)
	if err != nil {
		h.sessions.Add(-1)
	}
	return s, err
}

// Drain makes the node leave in good order: it takes no new session or command
// (draining), finishes the commands under way, tells the sessions, closes them
// with 1012 and waits until the last has gone. It answers ctx's error if that
// ends first; what is left is then broken off by Close. Drain at most 10 s.
func (h *Hub) Drain(ctx context.Context) error { return h.drain(ctx) }

// Close ends everything at once: sessions are broken off, folds stop and put
// their snapshots (within 5 s), and every goroutine of the hub has ended when it
// returns. Commands under way may or may not be in the log.
func (h *Hub) Close() error { return h.close() }

// Ready answers nil while the node can serve: it has reached the journal once, it is
// not draining, and it has met no log that holds what this version cannot read. The
// journal being away afterwards is no reason.
func (h *Hub) Ready() error { return h.ready() }

// Stats answers the node's counters and gauges.
func (h *Hub) Stats() Stats { return h.stats() }
