package e2e_test

import (
	"slices"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/floor"
)

// audit holds what was answered against the log, when the load has ended: every
// accepted command stands in it once, where the answer said and with its effect;
// no refused one does; nothing does that nobody gave; and what the screens have
// shown is what it says.
func (s *loadRun) audit() {
	s.t.Helper()
	s.logState()
	at := map[floor.CommandKey]uint64{}
	for i, r := range s.records {
		if first, twice := at[r.Key]; twice {
			s.t.Errorf("TWICE: the command %s stands at %d and %d", r.Key, first, i+1)
		}
		at[r.Key] = uint64(i + 1)
	}
	var times []time.Duration
	accepted := 0
	for _, g := range s.commanders {
		accepted += s.auditCommander(g, at)
		for _, c := range g.sent {
			times = append(times, c.took)
		}
	}
	s.checkNothingElse(at)
	s.t.Logf("%d commands in %v (%.0f a second), %d accepted: each once in the log of %d records; answered p50 %v, p99 %v, at most %v",
		len(times), s.lasted.Round(time.Second), float64(len(times))/s.lasted.Seconds(), accepted, len(s.records),
		percentile(times, 50), percentile(times, 99), percentile(times, 100))
	s.checkShownViews(s.shown)
}

// auditCommander holds the commands of one giver, and answers how many were accepted.
// They are taken out of the keys at.
func (s *loadRun) auditCommander(g *commander, at map[floor.CommandKey]uint64) (accepted int) {
	s.t.Helper()
	last := uint64(0)
	for _, c := range g.sent {
		key := floor.CommandKey(string(g.You().Link) + "/" + c.id)
		seq, there := at[key]
		delete(at, key)
		switch {
		case c.err != nil:
			s.t.Errorf("%s: %T was not accepted: %v (in the log: %v)", g.name, c.body, c.err, there)
			continue
		case !there:
			s.t.Errorf("LOST: %s was told that %s stands at %d", g.name, key, c.seq)
			continue
		case seq != c.seq, seq <= last:
			s.t.Errorf("%s was told that %s stands at %d, after %d; it stands at %d", g.name, key, c.seq, last, seq)
		case !hasEffect(s.records[seq-1], g.name, c.body):
			s.t.Errorf("%s gave %+v, the log has %+v", g.name, c.body, s.records[seq-1])
		}
		last = seq
		accepted++
	}
	return accepted
}

// checkNothingElse holds what is left of the log's keys: what opened the forum, that
// its links were taken, and what time brought about.
func (s *loadRun) checkNothingElse(at map[floor.CommandKey]uint64) {
	s.t.Helper()
	for key, seq := range at {
		r := s.records[seq-1]
		switch r.Kind {
		case "importForum", "release", "recordExport":
		default:
			if r.By != floor.Clock {
				s.t.Errorf("FROM NOWHERE: %s by %s at %d: %s", key, r.By, seq, r.Kind)
			}
		}
	}
}

// hasEffect reports whether a record is what a command of somebody asks for.
func hasEffect(r floor.Record, by string, c floor.Command) bool {
	if r.Kind != floor.KindOf(c) || string(r.By) != by {
		return false
	}
	return slices.ContainsFunc(r.Changes, func(change floor.Change) bool {
		switch c := c.(type) {
		case floor.LockMeeting:
			did, ok := change.(floor.MeetingLocked)
			return ok && did.Meeting == c.Meeting && did.Locked == c.Locked
		case floor.MoveMeeting:
			did, ok := change.(floor.MeetingMoved)
			return ok && did.Meeting == c.Meeting && did.To.Table == c.Table
		case floor.MarkPresent:
			did, ok := change.(floor.SideMarked)
			return ok && did.Meeting == c.Meeting && did.Side == c.Side && did.To == floor.Present
		case floor.MarkNoShow:
			did, ok := change.(floor.SideMarked)
			return ok && did.Meeting == c.Meeting && did.Side == c.Side && did.To == floor.NoShow
		case floor.Announce:
			did, ok := change.(floor.Announced)
			return ok && did.Announcement.Text == c.Text
		}
		return false
	})
}

// percentile answers the p-th percentile; of none it is zero.
func percentile(times []time.Duration, p int) time.Duration {
	if len(times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(times))
	return sorted[(len(sorted)-1)*p/100].Round(10 * time.Microsecond)
}

// TestHasEffect_RejectsOtherRecords breaks an audited log in each way that it is to find.
func TestHasEffect_RejectsOtherRecords(t *testing.T) {
	lock := floor.LockMeeting{Meeting: "m001", Locked: true}
	good := floor.Record{Kind: "lockMeeting", By: "moderator:s1", Changes: []floor.Change{floor.MeetingLocked{Meeting: "m001", Locked: true}}}
	if !hasEffect(good, "moderator:s1", lock) {
		t.Error("a command's own record is not recognised")
	}
	for name, break1 := range map[string]func(*floor.Record){
		"kind":   func(r *floor.Record) { r.Kind = "moveMeeting" },
		"sender": func(r *floor.Record) { r.By = "moderator:s2" },
		"value":  func(r *floor.Record) { r.Changes = []floor.Change{floor.MeetingLocked{Meeting: "m001"}} },
		"thing":  func(r *floor.Record) { r.Changes = []floor.Change{floor.MeetingLocked{Meeting: "m002", Locked: true}} },
		"none":   func(r *floor.Record) { r.Changes = nil },
	} {
		r := good
		if break1(&r); hasEffect(r, "moderator:s1", lock) {
			t.Errorf("a record with another %s passes", name)
		}
	}
}
