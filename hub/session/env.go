package session

import (
	"context"
	"sync/atomic"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/history"
	"github.com/matchfloor/matchfloor/journal"
)

// Env is what the sessions of one node work with. All fields must be set, and must not
// be changed while there is a session.
type Env struct {
	Context  context.Context // ends when the node stops
	Go       func(func())    // starts a goroutine that the node waits for when it stops
	Writers  *WriterPool
	Counters *Counters
	Draining *atomic.Bool // set when the node is about to stop

	// SnapshotPath returns the path of a snapshot that is too large for a frame. The client fetches
	// from it the view at seq or later.
	SnapshotPath func(log journal.LogID, link floor.LinkID, seq uint64) string
	// InstanceHistory returns the history of the instance's log, or nil while that is
	// not open.
	InstanceHistory func() *history.History
	// SessionEnded is called once for each session, when it has ended.
	SessionEnded func(log journal.LogID, who Credential)
}
