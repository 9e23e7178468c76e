package e2e_test

import (
	"slices"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/floor"
)

// audit compares the results of all commands with the log after the load has ended. Every
// accepted command must be in the log once, at the returned sequence number and with its
// effect. No rejected command, and no command that nobody sent, may be there. The shown views
// must match the log.
func (s *loadRun) audit() {
	s.t.Helper()
	s.logState()
	at := map[floor.CommandKey]uint64{}
	for i, r := range s.records {
		if first, twice := at[r.Key]; twice {
			s.t.Errorf("TWICE: the command %s is record %d and record %d", r.Key, first, i+1)
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
	s.t.Logf("%d commands in %v (%.0f a second), %d accepted: each once in the log of %d records; results after p50 %v, p99 %v, at most %v",
		len(times), s.lasted.Round(time.Second), float64(len(times))/s.lasted.Seconds(), accepted, len(s.records),
		percentile(times, 50), percentile(times, 99), percentile(times, 100))
	s.checkShownViews(s.shown)
}

// auditCommander checks the commands of one commander and returns how many were accepted. It
// deletes their keys from at.
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
			s.t.Errorf("LOST: %s received the result that %s is record %d", g.name, key, c.seq)
			continue
		case seq != c.seq, seq <= last:
			s.t.Errorf("%s received the result that %s is record %d, after %d; it is record %d", g.name, key, c.seq, last, seq)
		case !hasEffect(s.records[seq-1], g.name, c.body):
			s.t.Errorf("%s sent %+v, the log has %+v", g.name, c.body, s.records[seq-1])
		}
		last = seq
		accepted++
	}
	return accepted
}

// checkNothingElse checks the keys that are left: of the import, the release, the export of
// the links, and of what falls due.
func (s *loadRun) checkNothingElse(at map[floor.CommandKey]uint64) {
	s.t.Helper()
	for key, seq := range at {
		r := s.records[seq-1]
		switch r.Kind {
		case "importForum", "release", "recordExport":
		default:
			if r.By != floor.Clock {
				s.t.Errorf("NOT SENT: %s by %s is record %d: %s", key, r.By, seq, r.Kind)
			}
		}
	}
}

// hasEffect reports whether a record is the result of a person's command.
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

// percentile returns the p-th percentile, or 0 if there are no values.
func percentile(times []time.Duration, p int) time.Duration {
	if len(times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(times))
	return sorted[(len(sorted)-1)*p/100].Round(10 * time.Microsecond)
}

func TestHasEffect_RejectsOtherRecords(t *testing.T) {
	lock := floor.LockMeeting{Meeting: "m001", Locked: true}
	good := floor.Record{Kind: "lockMeeting", By: "moderator:s1", Changes: []floor.Change{floor.MeetingLocked{Meeting: "m001", Locked: true}}}
	if !hasEffect(good, "moderator:s1", lock) {
		t.Error("the record of the command itself is rejected")
	}
	for name, change := range map[string]func(*floor.Record){
		"kind":   func(r *floor.Record) { r.Kind = "moveMeeting" },
		"sender": func(r *floor.Record) { r.By = "moderator:s2" },
		"value":  func(r *floor.Record) { r.Changes = []floor.Change{floor.MeetingLocked{Meeting: "m001"}} },
		"thing":  func(r *floor.Record) { r.Changes = []floor.Change{floor.MeetingLocked{Meeting: "m002", Locked: true}} },
		"none":   func(r *floor.Record) { r.Changes = nil },
	} {
		r := good
		if change(&r); hasEffect(r, "moderator:s1", lock) {
			t.Errorf("a record with another %s passes", name)
		}
	}
}
