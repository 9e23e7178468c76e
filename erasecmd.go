package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/archive"
	"github.com/matchfloor/matchfloor/server/auth"
)

const (
	// eraseWithin is how long an erasure may take.
	eraseWithin = 30 * time.Minute
	// eraseTries is how often a log is read again that somebody has written to
	// meanwhile, or of whose replacement nobody has answered.
	eraseTries = 20
	// noticedWithin is how long a node may take to notice that a log was replaced: a look
	// at its head each second, of two at most.
	noticedWithin = 3 * time.Second
)

// erase takes a person, or everybody, out of a log: the log is replaced by one in a
// new epoch, and every node and screen starts anew from it. It works beside running
// servers. Doing it again does nothing, and completes what was broken off.
func erase(ctx context.Context, p *program, args []string) error {
	f := p.newFlags("erase", "(--data DIR | --redis URL) (--event ID (--person ROLE:ID | --everyone) | --person organiser:ID | --due)")
	where := f.journalFlags(false)
	event := f.String("event", "", "the event's `id`")
	person := f.String("person", "", "`who` is to be erased: attendee:ID, interpreter:ID, moderator:ID or runner:ID of the event, or organiser:ID of the instance")
	everyone := f.Bool("everyone", false, "erase everybody of the event, and what anybody has typed")
	due := f.Bool("due", false, "erase everybody of each event whose purge date has passed")
	if _, err := f.parse(args, 0); err != nil {
		return err
	}
	if err := where.check(); err != nil {
		return err
	}
	log, err := erasable(floor.EventID(*event), floor.ActorID(*person), *everyone, *due)
	if err != nil {
		return err
	}
	opened, err := where.openExisting()
	if err != nil {
		return err
	}
	defer opened.close()
	ctx, cancel := context.WithTimeout(ctx, eraseWithin)
	defer cancel()
	e := &erasing{p: p, opened: opened, noticed: noticedWithin}
	if *due {
		err = e.due(ctx, floor.Instant(time.Now().UnixMilli()))
	} else {
		err = e.log(ctx, log, floor.ActorID(*person))
	}
	if err := errors.Join(err, e.finish(ctx)); err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	return nil
}

// erasable answers the log in which a person stands, or everybody with none; with due
// none is named.
func erasable(event floor.EventID, who floor.ActorID, everyone, due bool) (journal.LogID, error) {
	asked := 0
	for _, given := range []bool{who != "", everyone, due} {
		if given {
			asked++
		}
	}
	ofEvent := []floor.Role{floor.RoleAttendee, floor.RoleInterpreter, floor.RoleModerator, floor.RoleRunner}
	switch {
	case asked != 1:
		return "", usageError("say who: one of --person ROLE:ID, --everyone and --due")
	case due && event != "":
		return "", usageError("--due is of every event")
	case due:
		return "", nil
	case who.Role() == floor.RoleOrganiser && floor.ValidID(who.ID()) && event == "":
		return journal.InstanceLog, nil
	case who != "" && (!slices.Contains(ofEvent, who.Role()) || !floor.ValidID(who.ID())):
		return "", usageError("%q names nobody of an event: attendee:ID, interpreter:ID, moderator:ID or runner:ID does; organiser:ID goes without --event", string(who))
	case event == "":
		return "", usageError("say of which event: --event ID")
	case !floor.ValidID(string(event)) || event == auth.InstanceEvent:
		return "", usageError("%q cannot be an event's id", string(event))
	}
	return journal.LogID(event), nil
}

// erasing is one run of the command.
type erasing struct {
	p       *program
	opened  *opened
	noticed time.Duration   // see noticedWithin
	touched []journal.LogID // logs that were erased from, now or before
	wait    bool            // one of them was replaced now
}

// due erases everybody of each event whose purge date has passed at a wall time. One
// that cannot be erased keeps it from no other.
func (e *erasing) due(ctx context.Context, now floor.Instant) error {
	instance, err := foldLog(ctx, e.opened.journal, journal.InstanceLog)
	if err != nil {
		return err
	}
	due, failed := 0, error(nil)
	for entry := range instance.Events() {
		state, err := foldLog(ctx, e.opened.journal, journal.LogID(entry.ID))
		if at := state.Event().PurgeAt; err == nil && at != 0 && at <= now {
			due++
			err = e.log(ctx, journal.LogID(entry.ID), "")
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("event %s: %w", entry.ID, err))
		}
	}
	if due == 0 && failed == nil {
		fmt.Fprintln(e.p.stdout, "no event's purge date has passed")
	}
	return failed
}

// log erases who, or everybody where that is "", from a log, and says so.
func (e *erasing) log(ctx context.Context, log journal.LogID, who floor.ActorID) error {
	done, at, err := eraseFrom(ctx, e.opened.journal, log, who)
	if err != nil {
		return err
	}
	e.touched = append(e.touched, log)
	if len(done.Changed) == 0 {
		fmt.Fprintf(e.p.stdout, "log %s: nothing to erase; people who stand there as ids: %d\n", log, done.Known)
		return nil
	}
	e.wait = true
	fmt.Fprintf(e.p.stdout, "log %s: people erased: %d; typed texts taken out: %d; in %d of %d records; at %v\n",
		log, done.People, done.Texts, len(done.Changed), len(done.Records), at)
	if done.Left > 0 {
		fmt.Fprintf(e.p.stdout, "log %s: typed texts that still hold a name that was erased: %d; --everyone takes them out\n", log, done.Left)
	}
	return nil
}

// eraseFrom replaces a log by itself without who, or without anybody where that is "",
// and answers what that came to and where the log stands. It reads the log again when
// somebody has written to it meanwhile, and to find out what became of a replacement
// that was not answered.
func eraseFrom(ctx context.Context, j journal.Journal, log journal.LogID, who floor.ActorID) (done floor.Erased, at journal.Position, err error) {
	for range eraseTries {
		l, records, readErr := decodedLog(ctx, j, log)
		if errors.Is(readErr, journal.ErrDiverged) {
			continue
		}
		if readErr != nil {
			return done, at, errors.Join(err, readErr)
		}
		now := floor.EraseEveryone(records)
		if who != "" {
			now = floor.ErasePerson(records, who)
		}
		if who != "" && now.Known == 0 {
			return done, at, fmt.Errorf("there is no %s in the log %q", who, log)
		}
		if len(now.Changed) == 0 {
			done.Known = now.Known
			return done, l.Head(), nil
		}
		done = now
		if err := recode(l.Records, now); err != nil {
			return done, at, err
		}
		at, err = j.Replace(ctx, log, l.Head(), l.Records)
		if !errors.Is(err, journal.ErrPositionMismatch) && !errors.Is(err, journal.ErrUnknown) {
			return done, at, err
		}
	}
	return done, at, fmt.Errorf("after %d attempts at the log %q; try it again when the floor is calmer: %w", eraseTries, log, err)
}

// decodedLog reads a log that must not be empty.
func decodedLog(ctx context.Context, j journal.Journal, log journal.LogID) (archive.Log, []floor.Record, error) {
	l, err := archive.ReadLog(ctx, j, log)
	if err != nil {
		return l, nil, err
	}
	if len(l.Records) == 0 {
		return l, nil, fmt.Errorf("there is no event %q here: its log is empty", log)
	}
	records := make([]floor.Record, len(l.Records))
	for i, r := range l.Records {
		if records[i], err = floor.DecodeRecord(r.Body); err != nil {
			return l, nil, fmt.Errorf("record %d of log %q: %w", r.Seq, log, err)
		}
	}
	return l, records, nil
}

// recode gives the records of a log that say less now their new bodies; all others
// keep theirs to the byte.
func recode(records []journal.Record, now floor.Erased) (err error) {
	for _, i := range now.Changed {
		if records[i].Body, err = floor.EncodeRecord(now.Records[i]); err != nil {
			return fmt.Errorf("record %d: %w", records[i].Seq, err)
		}
	}
	return nil
}

// scrubber is a journal in whose files what was replaced stands until they are scrubbed.
type scrubber interface {
	// Scrub overwrites it.
	Scrub(context.Context) error
}

// finish waits until every node must have noticed, so that no screen shows what was
// erased when the command ends, and takes away what is stored of before: since the log
// was replaced the journal takes no such state any more.
func (e *erasing) finish(ctx context.Context) error {
	if len(e.touched) == 0 {
		return nil
	}
	if e.wait {
		notice := time.NewTimer(e.noticed)
		defer notice.Stop()
		select {
		case <-notice.C:
		case <-ctx.Done():
		}
	}
	err := ctx.Err()
	for _, log := range e.touched {
		err = errors.Join(err, e.opened.snapshots.DropSnapshot(ctx, log))
	}
	if s, ok := e.opened.journal.(scrubber); ok && err == nil {
		err = s.Scrub(ctx)
	}
	if err != nil {
		return fmt.Errorf("the logs are erased, but copies of what stood there may be left; give the command again: %w", err)
	}
	return nil
}
