package replica

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/matchfloor/matchfloor/hub/history"
)

// snapshotTimeout bounds the storing of one snapshot, also the last one of a log that
// is closed.
const snapshotTimeout = 5 * time.Second

// maxSnapshotFactor limits the records between two snapshots to this multiple of Env.SnapshotEvery,
// even if the log is large and written fast. Applying that many records again takes about half a
// second.
const maxSnapshotFactor = 4

// snapshotProgress is what has happened since the last snapshot of a log.
type snapshotProgress struct {
	seq   uint64 // sequence number of that snapshot, also if it is still being stored or has failed
	bytes int    // of the records applied after it
}

// snapshots stores a snapshot of a log now and then. At most one is being stored at a
// time, by a goroutine of its own.
type snapshots struct {
	*core
	progress snapshotProgress
	storing  chan struct{} // one slot, taken while a snapshot is being stored
	size     atomic.Int64  // bytes of the last one; 0 if none is known
	failed   atomic.Bool   // the last attempt, if there was one, stored nothing
}

func newSnapshots(c *core) *snapshots { return &snapshots{core: c, storing: make(chan struct{}, 1)} }

// due reports whether enough was applied since the last snapshot for another: as many
// bytes as that one has, so that snapshots write no more than the log does, and
// bounded both ways by numbers of records.
func (s *snapshots) due(head uint64) bool {
	every, records := uint64(s.SnapshotEvery), head-min(s.progress.seq, head)
	enough := s.failed.Load() || int64(s.progress.bytes) >= s.size.Load()
	return records >= maxSnapshotFactor*every || records >= every && enough
}

// storeIfDue begins to store a snapshot if one is due and none is being stored.
func (s *snapshots) storeIfDue() {
	head := s.history.Head()
	if !s.due(head.At.Seq) {
		return
	}
	select {
	case s.storing <- struct{}{}:
	default:
		return
	}
	s.progress = snapshotProgress{seq: head.At.Seq}
	s.Go(func() {
		defer func() { <-s.storing }()
		ctx, cancel := context.WithTimeout(s.Context, snapshotTimeout)
		defer cancel()
		s.store(ctx, head)
	})
}

// storeLast stores a snapshot as the log is closed, after one that is still being
// stored: an older one must not be the last.
func (s *snapshots) storeLast() {
	s.storing <- struct{}{}
	head := s.history.Head()
	if head.At.Seq == s.progress.seq && !s.failed.Load() || !s.available() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), snapshotTimeout)
	defer cancel()
	s.store(ctx, head)
}

func (s *snapshots) store(ctx context.Context, v history.Version) {
	data, err := v.State.Encode()
	if err == nil {
		err = s.Snapshots.PutSnapshot(ctx, s.log, v.At, data)
	}
	if s.failed.Store(err != nil); err != nil {
		s.Logger.Warn("no snapshot was stored; the next start takes longer", "log", s.log, "at", v.At, "err", err)
		return
	}
	s.size.Store(int64(len(data)))
	s.Counters.Snapshots.Add(1)
}
