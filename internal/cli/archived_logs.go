package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/archive"
)

// checkArchive returns nil if an archive is undamaged, complete, and can be read and restored by
// this version. It calls each with every log that is. It needs no journal, so that a restore that
// is refused leaves nothing.
func checkArchive(file *os.File, each func(archive.Log)) error {
	complete := false
	err := readArchive(file, func(l archive.Log) error {
		complete = l.ID == journal.InstanceLog
		err := errors.Join(l.CheckEpoch(), checkReadable(l))
		if err == nil {
			each(l)
		}
		return err
	})
	if err == nil && !complete {
		err = errors.New("the archive does not end with an instance's log")
	}
	return err
}

// checkReadable returns an error that names a newer version if the log holds records that this
// version does not know: a node could not serve it.
func checkReadable(l archive.Log) error {
	for _, r := range l.Records {
		record, err := floor.DecodeRecord(r.Body)
		if _, unknown := errors.AsType[*floor.UnknownChangeError](err); unknown {
			return fmt.Errorf("the archive was made by a newer version of matchfloor; use that version: record %d of log %q: %w", r.Seq, l.ID, err)
		}
		if err != nil {
			return fmt.Errorf("record %d of log %q cannot be read: %w", r.Seq, l.ID, err)
		}
		for _, c := range record.Changes {
			if raised, ok := c.(floor.VersionRaised); ok && raised.Version > floor.FormatVersion {
				return fmt.Errorf("the archive was made by a newer version of matchfloor; use that version: log %q has records of version %d, this one reads up to version %d",
					l.ID, raised.Version, floor.FormatVersion)
			}
		}
	}
	return nil
}

// eventsOf returns the logs of the events that an instance's log lists.
func eventsOf(instance archive.Log) (events []journal.LogID, err error) {
	state := floor.New()
	for _, r := range instance.Records {
		record, err := floor.DecodeRecord(r.Body)
		if err != nil {
			return nil, fmt.Errorf("record %d of the instance's log: %w", r.Seq, err)
		}
		state, _ = state.Apply(record)
	}
	for e := range state.Events() {
		events = append(events, journal.LogID(e.ID))
	}
	return events, nil
}

// printLog prints a line about a log that was read or written completely.
func printLog(p *commandline.Program, log journal.LogID, head journal.Position) {
	fmt.Fprintf(p.Stdout, "log %s: %d records, at %v\n", log, head.Seq, head)
}
