package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/internal/cli/access"
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/internal/node"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/server/auth"
)

const (
	// eraseTimeout is how long an erasure may take.
	eraseTimeout = 30 * time.Minute
	// noticeDelay is how long a node may need to notice that a log was replaced: it
	// reads the head every second, and this allows for two reads and a slow one.
	noticeDelay = 3 * time.Second
)

// erase removes the personal data of one person, or of everyone, from a log: it replaces
// the log by one in a new epoch, and every node and screen reloads its view. Servers may
// be running. To repeat the command changes nothing, and completes an erasure that was
// interrupted.
func erase(ctx context.Context, p *commandline.Program, args []string) error {
	f := commandline.NewFlags(p, "erase", "(--data DIR | --redis URL) (--event ID (--person ROLE:ID | --everyone) | --person organiser:ID | --due)",
		"matchfloor erase --data ./data --event green-2026 --person attendee:k01a",
		"matchfloor erase --data ./data --due")
	where := access.NewFlags(f, false)
	event := f.String("event", "", "the event's `id`")
	person := f.String("person", "", "`who` to erase: attendee:ID, interpreter:ID, moderator:ID or runner:ID of the event, or organiser:ID of the instance")
	everyone := f.Bool("everyone", false, "erase everyone in the event, and all texts that people have typed")
	due := f.Bool("due", false, "erase everyone in each event whose purge date has passed")
	if _, err := f.ParseArgs(args, 0); err != nil {
		return err
	}
	if err := where.Check(); err != nil {
		return err
	}
	log, err := erasedLog(floor.EventID(*event), floor.ActorID(*person), *everyone, *due)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, eraseTimeout)
	defer cancel()
	store, err := where.OpenExisting(ctx)
	if err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	defer store.Close()
	e := &erasure{p: p, store: store, noticeDelay: noticeDelay}
	if *due {
		err = e.eraseDue(ctx, floor.Instant(time.Now().UnixMilli()))
	} else {
		err = e.eraseLog(ctx, log, floor.ActorID(*person))
	}
	if err := errors.Join(err, e.finish(ctx)); err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	return nil
}

// erasedLog returns the log that holds the person, or everyone, to erase. It returns ""
// for due, which concerns all logs.
func erasedLog(event floor.EventID, who floor.ActorID, everyone, due bool) (journal.LogID, error) {
	modes := 0
	for _, given := range []bool{who != "", everyone, due} {
		if given {
			modes++
		}
	}
	ofEvent := []floor.Role{floor.RoleAttendee, floor.RoleInterpreter, floor.RoleModerator, floor.RoleRunner}
	switch {
	case modes != 1:
		return "", commandline.UsageError("say who to erase: one of --person ROLE:ID, --everyone and --due")
	case due && event != "":
		return "", commandline.UsageError("--due concerns every event: leave out --event")
	case due:
		return "", nil
	case who.Role() == floor.RoleOrganiser && floor.ValidID(who.ID()) && event == "":
		return journal.InstanceLog, nil
	case who != "" && (!slices.Contains(ofEvent, who.Role()) || !floor.ValidID(who.ID())):
		return "", commandline.UsageError("--person %q is not a person of an event: use attendee:ID, interpreter:ID, moderator:ID or runner:ID, or organiser:ID without --event", string(who))
	case event == "":
		return "", commandline.UsageError("name the event: --event ID")
	case !floor.ValidID(string(event)) || event == auth.InstanceEvent:
		return "", commandline.UsageError("%q cannot be an event's id", string(event))
	}
	return journal.LogID(event), nil
}

// erasure is one run of the command.
type erasure struct {
	p           *commandline.Program
	store       *node.Store
	noticeDelay time.Duration
	logs        []journal.LogID // that hold no more of what is to be erased, in this run or an earlier one
	replaced    bool            // one of them was replaced in this run
}

// eraseDue erases everyone in each event whose purge date has passed at a wall time. It
// continues after an event that cannot be erased.
func (e *erasure) eraseDue(ctx context.Context, now floor.Instant) error {
	instance, err := access.State(ctx, e.store.Journal, journal.InstanceLog)
	if err != nil {
		return err
	}
	due, failed := 0, error(nil)
	for entry := range instance.Events() {
		state, err := access.State(ctx, e.store.Journal, journal.LogID(entry.ID))
		if at := state.Event().PurgeAt; err == nil && at != 0 && at <= now {
			due++
			err = e.eraseLog(ctx, journal.LogID(entry.ID), "")
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("event %s: %w", entry.ID, err))
		}
	}
	if due == 0 && failed == nil {
		fmt.Fprintln(e.p.Stdout, "no event's purge date has passed")
	}
	return failed
}

// eraseLog erases one person, or everyone if who is "", from a log, and prints the
// result.
func (e *erasure) eraseLog(ctx context.Context, log journal.LogID, who floor.ActorID) error {
	erased, at, err := eraseFrom(ctx, e.store.Journal, log, who)
	if err != nil {
		return err
	}
	e.logs = append(e.logs, log)
	if len(erased.Changed) == 0 {
		fmt.Fprintf(e.p.Stdout, "log %s: nothing to erase; people who appear only as ids: %d\n", log, erased.Known)
		return nil
	}
	e.replaced = true
	fmt.Fprintf(e.p.Stdout, "log %s: people erased: %d; typed texts removed: %d; in %d of %d records; at %v\n",
		log, erased.People, erased.Texts, len(erased.Changed), len(erased.Records), at)
	if erased.Left > 0 {
		fmt.Fprintf(e.p.Stdout, "log %s: typed texts that still contain an erased name: %d; --everyone removes them\n", log, erased.Left)
	}
	return nil
}

// scrubber is a journal whose files contain replaced data until they are scrubbed.
type scrubber interface {
	// Scrub overwrites the replaced data.
	Scrub(context.Context) error
}

// finish waits until every node must have noticed the replaced logs, so that no screen
// shows erased data when the command ends. Then it drops the snapshots: the journal
// rejects new ones of the former epoch since the log was replaced. It scrubs the files
// last.
func (e *erasure) finish(ctx context.Context) error {
	if len(e.logs) == 0 {
		return nil
	}
	if e.replaced {
		notice := time.NewTimer(e.noticeDelay)
		defer notice.Stop()
		select {
		case <-notice.C:
		case <-ctx.Done():
		}
	}
	err := ctx.Err()
	for _, log := range e.logs {
		err = errors.Join(err, e.store.Snapshots.DropSnapshot(ctx, log))
	}
	if s, ok := e.store.Journal.(scrubber); ok && err == nil {
		err = s.Scrub(ctx)
	}
	if err != nil {
		return fmt.Errorf("the logs are erased, but copies of the data may be left; run the command again: %w", err)
	}
	return nil
}
