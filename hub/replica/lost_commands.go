package replica

import (
	"slices"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/history"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// lostCommands holds the commands that the log has lost, until it is known that the
// log reports them.
type lostCommands struct {
	*core
	unreported []lostCommand
}

// lostCommand is a lost command as it is to be reported. Every node that held its
// record makes the same report under the same key.
type lostCommand struct {
	key    floor.CommandKey
	report floor.ReportLost
}

func (l *lostCommands) add(lost []lostCommand) { l.unreported = append(l.unreported, lost...) }

// pending reports whether there is something to report.
func (l *lostCommands) pending() bool {
	return len(l.unreported) > 0 && l.history.Head().State.CanWrite("commandLost")
}

// find returns the commands among the recent records that a log as it was read does
// not hold. A log that was emptied in another epoch was emptied on purpose: nothing
// counts as lost.
func (l *lostCommands) find(loaded *loadedLog, recent *history.RecentRecords) (lost []lostCommand, err error) {
	now := loaded.cursor.At()
	if now.Epoch != recent.Epoch() && now.Seq == 0 {
		return nil, nil
	}
	for rest := l.withVersion(recent.SinceCommon(loaded.positions())); len(rest) > 0; {
		n := history.BatchLen(rest)
		known, err := l.lookupDuplicates(rest[:n])
		if err != nil {
			return nil, err
		}
		for _, r := range rest[:n] {
			if c, ok := l.reportOf(r); ok && known[r.Key].Seq == 0 {
				lost = append(lost, c)
			}
		}
		rest = rest[n:]
	}
	return lost, nil
}

// withVersion returns those of the records, oldest first, whose versions are held: a loss
// is reported as it looks in the state after the record.
func (l *lostCommands) withVersion(records []journal.Record) []journal.Record {
	n := slices.IndexFunc(records, func(r journal.Record) bool {
		_, ok := l.history.Find(r.Seq)
		return ok
	})
	if n < 0 {
		return nil
	}
	return records[n:]
}

// reportOf returns how the loss of a record is reported; ok is false if it is not.
func (l *lostCommands) reportOf(r journal.Record) (c lostCommand, ok bool) {
	record, err := floor.DecodeRecord(r.Body)
	if err != nil {
		return lostCommand{}, false // it was applied, so this cannot be
	}
	if report, again := record.LostReport(); again {
		return lostCommand{record.Key, report}, true
	}
	v, _ := l.history.Find(r.Seq)
	report, ok := v.State.LostReport(record)
	return lostCommand{floor.CommandKey("clock/lost-" + r.Hash.String()[:32]), report}, ok
}

// reports returns up to most commands that report what is still to be reported.
func (l *lostCommands) reports(most int) (commands []*Command) {
	if !l.pending() {
		return nil
	}
	for _, c := range l.unreported[:min(len(l.unreported), most)] {
		commands = append(commands, &Command{
			Envelope: floor.Envelope{Key: c.key, By: floor.Clock, Unconditional: true, Command: c.report},
			digest:   wire.PayloadDigest(c.report),
			Done: func(v Verdict) {
				if v.Refused == nil || !wire.Retry(v.Refused.Code) {
					l.remove(c.key)
				}
			},
		})
	}
	return commands
}

// remove removes a lost command that the log reports, or that is none any more.
func (l *lostCommands) remove(key floor.CommandKey) {
	l.unreported = slices.DeleteFunc(l.unreported, func(c lostCommand) bool { return c.key == key })
}
