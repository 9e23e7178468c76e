package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/internal/node"
	"github.com/matchfloor/matchfloor/journal"
)

// checkedInOf132 is how many of the 132 attendees have checked in before the afternoon.
const checkedInOf132 = 118

// demoDay is a day of the sample forum.
type demoDay struct {
	forum floor.Forum
	from  floor.Instant // event time at which the demo begins
	speed int
	crowd int
}

// prepare imports the forum into a node and brings it to the state at which the demo
// begins.
func (d *demoDay) prepare(ctx context.Context, n *node.Node) error {
	if err := n.Import(ctx, d.forum); err != nil {
		return err
	}
	if err := d.release(ctx, n); err != nil {
		return err
	}
	if err := d.catchUp(ctx, n); err != nil {
		return err
	}
	return d.setClock(ctx, n, d.from, d.speed)
}

// release releases the schedule at eight in the morning.
func (d *demoDay) release(ctx context.Context, n *node.Node) error {
	zone, err := time.LoadLocation(d.forum.Event.TimeZone)
	if err != nil {
		return err
	}
	y, m, day := time.UnixMilli(int64(d.from)).In(zone).Date()
	morning := floor.Instant(time.Date(y, m, day, 8, 0, 0, 0, zone).UnixMilli())
	return d.submitAt(ctx, n, min(morning, d.from), floor.ReleaseSchedule{})
}

// plannedSlot is a round or an agenda item with its planned time.
type plannedSlot struct {
	ref  floor.SlotRef
	plan floor.Span
}

// slots returns the slots that the staff start and end, in the order of their planned
// starts.
func (d *demoDay) slots() []plannedSlot {
	var all []plannedSlot
	for _, i := range d.forum.Items {
		if i.Kind != floor.ItemMatching {
			all = append(all, plannedSlot{floor.SlotRef{Item: i.ID}, i.Plan})
		}
	}
	for _, r := range d.forum.Rounds {
		all = append(all, plannedSlot{floor.SlotRef{Round: r.ID}, r.Plan})
	}
	slices.SortStableFunc(all, func(a, b plannedSlot) int { return int(a.plan.Start - b.plan.Start) })
	return all
}

// catchUp submits, at their planned times, the commands that the staff would have given
// before the demo begins.
func (d *demoDay) catchUp(ctx context.Context, n *node.Node) error {
	slots := d.slots()
	if opening := slots[0].plan.Start - 10*floor.Minute; opening <= d.from {
		if err := d.setClock(ctx, n, opening, 1); err != nil {
			return err
		}
		for _, a := range d.forum.Attendees[:checkedInOf132] {
			if err := d.submit(ctx, n, floor.CheckIn{Attendee: a.ID}); err != nil {
				return err
			}
		}
	}
	for _, s := range slots {
		if s.plan.Start >= d.from {
			continue
		}
		if err := d.submitAt(ctx, n, s.plan.Start, floor.StartSlot{SlotRef: s.ref}); err != nil {
			return err
		}
		if s.plan.End <= d.from {
			if err := d.submitAt(ctx, n, s.plan.End, floor.EndSlot{SlotRef: s.ref}); err != nil {
				return err
			}
		}
	}
	return nil
}

// submitAt sets the event's clock and submits a command.
func (d *demoDay) submitAt(ctx context.Context, n *node.Node, at floor.Instant, command floor.Command) error {
	if err := d.setClock(ctx, n, at, 1); err != nil {
		return err
	}
	return d.submit(ctx, n, command)
}

func (d *demoDay) setClock(ctx context.Context, n *node.Node, to floor.Instant, rate int) error {
	return d.submit(ctx, n, floor.SetClock{Event: to, Rate: rate})
}

// submit submits a command of the organiser to the event.
func (d *demoDay) submit(ctx context.Context, n *node.Node, command floor.Command) error {
	by := floor.NewActorID(floor.RoleOrganiser, node.FirstOrganiser)
	err := n.Submit(ctx, journal.LogID(d.forum.Event.ID), floor.Envelope{
		Key: floor.CommandKey(string(by.Link()) + "/" + rand.Text()), By: by, Unconditional: true, Command: command,
	})
	if err != nil {
		return fmt.Errorf("%s: %w", floor.KindOf(command), err)
	}
	return nil
}
