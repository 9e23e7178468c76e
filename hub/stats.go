package hub

import (
	"slices"
	"strings"
	"time"

	"github.com/matchfloor/matchfloor/journal"
)

// LostLog is an open log that the journal has lost: see [replica.LostLog].
type LostLog struct {
	Log journal.LogID
	Why string        // "empty", "foreign" or "older"
	For time.Duration // since it was noticed
}

// Stats is what a node has done since its start, and how it stands.
type Stats struct {
	Sessions       int           // connected now
	Events         int           // logs open now, the instance's included
	Waiting        int           // commands in queues now
	LogsAway       int           // open logs whose journal does not answer now
	AwayFor        time.Duration // since when, of the one that has not answered for longest; 0 if all answer
	LostLogs       []LostLog     // open logs that the journal has lost, by name
	JournalReached bool          // the journal has answered this node once
	Corrupt        int           // open logs that this version cannot apply any further

	Accepted    uint64 // commands made durable here
	Duplicates  uint64 // commands that were in the log already, and got their original result
	Refused     uint64 // commands refused for good
	Unavailable uint64 // commands refused for now: journal not answering, busy, draining

	Batches     uint64        // decided
	Conflicts   uint64        // batches decided again because the log had moved
	Unknowns    uint64        // appends with an unknown outcome, sent again
	Outages     uint64        // times that the journal was found not to answer, by log
	Losses      uint64        // times that a log was found to be lost
	Divergences uint64        // times that a log had diverged and was loaded again
	Reappended  uint64        // records that a log had lost and this node appended again
	Lost        uint64        // commands that this node held and a log had lost for good
	Records     uint64        // applied, of this node and of others
	Appends     uint64        // calls
	AppendTime  time.Duration // that they took together

	Frames         uint64 // sent
	FrameBytes     uint64
	PatchesEncoded uint64 // made; the others were shared
	ViewsEncoded   uint64
	Snapshots      uint64 // states stored
	WriteErrors    uint64
	PresenceErrors uint64

	ClosedSilent     uint64 // 4000
	ClosedOver       uint64 // 4102
	ClosedTooMany    uint64 // 4001
	ClosedForRestart uint64 // 1012
}

// Stats returns the node's counters and gauges.
func (h *Hub) Stats() Stats {
	r, s := &h.replicaCounters, &h.sessionCounters
	stats := Stats{
		Sessions: int(h.sessions.Load()), JournalReached: h.events.reached.Load(),
		Accepted: r.Accepted.Load(), Duplicates: r.Duplicates.Load(), Refused: r.Refused.Load(), Unavailable: r.Unavailable.Load(),
		Batches: r.Batches.Load(), Conflicts: r.Conflicts.Load(), Unknowns: r.Unknowns.Load(), Outages: r.Outages.Load(),
		Losses: r.Losses.Load(), Divergences: r.Divergences.Load(), Reappended: r.Reappended.Load(), Lost: r.Lost.Load(), Records: r.Records.Load(),
		Appends: r.Appends.Load(), AppendTime: time.Duration(r.AppendNanos.Load()), Snapshots: r.Snapshots.Load(),
		Frames: s.Frames.Load(), FrameBytes: s.FrameBytes.Load(), WriteErrors: s.WriteErrors.Load(),
		PatchesEncoded: s.Patches.Load(), ViewsEncoded: s.FullViews.Load(), PresenceErrors: h.presenceErrors.Load(),
		ClosedSilent: s.ClosedSilent.Load(), ClosedOver: s.ClosedOver.Load(),
		ClosedTooMany: s.ClosedTooMany.Load(), ClosedForRestart: s.ClosedForRestart.Load(),
	}
	for _, e := range h.events.loaded() {
		stats.Events++
		stats.Waiting += e.replica.Waiting()
		since, lost := e.replica.UnavailableSince(), e.replica.Lost()
		switch {
		case lost != nil:
			stats.LostLogs = append(stats.LostLogs, LostLog{e.replica.Log(), string(lost.Why), e.replica.Now().Sub(lost.Since)})
		case e.replica.Corrupt(): // which clients are shown as if the journal did not answer
			stats.Corrupt++
		case since != 0:
			stats.LogsAway++
			stats.AwayFor = max(stats.AwayFor, e.replica.Now().Sub(time.UnixMilli(int64(since))))
		}
	}
	slices.SortFunc(stats.LostLogs, func(a, b LostLog) int { return strings.Compare(string(a.Log), string(b.Log)) })
	return stats
}
