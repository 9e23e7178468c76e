package replica

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/history"
	"github.com/matchfloor/matchfloor/journal"
)

// Env is what the replicas of one node work with. All fields must be set, and must
// not be changed while a replica runs. The functions are called from the goroutines
// of replicas; they must not block.
type Env struct {
	Context   context.Context // ends when the node stops
	Go        func(func())    // starts a goroutine that the node waits for when it stops
	Journal   journal.Journal
	Snapshots journal.Snapshots
	Decode    func(body []byte) (floor.Record, error) // floor.DecodeRecord, but in tests of other versions
	Clock     Clock
	Logger    *slog.Logger
	Counters  *Counters

	HistorySize   int // versions held of each log
	QueueSize     int // commands that may wait at one log
	SnapshotEvery int // records between two snapshots, at least

	Draining *atomic.Bool  // set when the node takes no new commands
	Sessions *atomic.Int64 // sessions on this node, of all logs

	// InstanceHistory returns the history of the instance's log, or nil while that
	// is not open.
	InstanceHistory func() *history.History
	// LinksChanged is called after the instance's log has changed what the given
	// links permit; nil means all links.
	LinksChanged func(links []floor.LinkID)
	// LogReadable is called when a log has been loaded, with nil, and when it was found
	// to hold what this version cannot apply, with the reason.
	LogReadable func(log journal.LogID, err error)
	// LogFailed is called when a log could not be loaded. Its replica ends.
	LogFailed func(log journal.LogID)
	// MayClose reports whether a replica that has nothing to do may end now. If it
	// returns true, the replica ends, and the node must have forgotten it.
	MayClose func(log journal.LogID) bool
	// BatchDone is called each time a replica has completed a batch of commands.
	BatchDone func()
}

// callContext returns the context of one call of the journal.
func (e *Env) callContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(e.Context, CallTimeout)
}

// Subscriber is what a replica notifies of: the sessions on its log. The methods are
// called from the replica's goroutine and must not block on a client.
type Subscriber interface {
	// Published is called after versions were added that concern the clients in scope.
	Published(scope history.Scope)
	// Replaced is called after the history was replaced by a different one.
	Replaced()
	// CaughtUp is called after the log was read to its head; see
	// [Replica.NextCatchUp].
	CaughtUp()
	// StatusChanged is called when the journal begins or ceases to answer.
	StatusChanged()
}

// Counters count what the replicas of a node have done since its start.
type Counters struct {
	Accepted, Duplicates, Refused, Unavailable atomic.Uint64
	Batches, Conflicts, Unknowns, Outages      atomic.Uint64
	Records, Divergences, Losses               atomic.Uint64
	Reappended, Lost                           atomic.Uint64
	Appends, AppendNanos                       atomic.Uint64
	Snapshots                                  atomic.Uint64
}

func (c *Counters) appended(took time.Duration) {
	c.Appends.Add(1)
	c.AppendNanos.Add(uint64(took))
}
