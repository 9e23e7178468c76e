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

	// SnapshotPath returns the path from which a client may fetch a snapshot of at
	// least this sequence number that is too large for a frame.
	SnapshotPath func(log journal.LogID, link floor.LinkID, seq uint64) string
	// InstanceHistory returns the history of the instance's log, or nil while that is
	// not open.
	InstanceHistory func() *history.History
	// Released is called once for each session, when it has ended.
	Released func(log journal.LogID, who Credential)
}
