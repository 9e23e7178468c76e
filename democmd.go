package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/internal/simulate"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/sqlitejournal"
	"github.com/matchfloor/matchfloor/server/auth"
)

// The port of the demonstration, and how many after it are tried if it is taken.
const (
	demoPort  = 8080
	demoPorts = 20
)

// demoSeed makes every demonstration the same one.
const demoSeed = 1

// checkedInOf132 is how many have come by the time that the afternoon begins.
const checkedInOf132 = 118

// demoFlags are what demo is told.
type demoFlags struct {
	*flags
	addr, from   *string
	speed, crowd *int
}

func (p *program) demoFlags() *demoFlags {
	f := &demoFlags{flags: p.newFlags("demo", "[--from HH:MM] [--speed N] [--crowd N] [--addr HOST:PORT]")}
	f.from = f.String("from", "13:18", "the `time` of the event's day at which to begin")
	f.speed = f.Int("speed", 1, "how many times as fast as the wall clock the day passes, 1 to 60")
	f.crowd = f.Int("crowd", -1, "how many `people` are played; negative: everyone")
	f.addr = f.String("addr", "", "the `host:port` to listen on; by default this machine's private address on the local network, or 127.0.0.1 where it has none")
	return f
}

// playDemo serves the sample forum, moved to today, with a simulated crowd, until
// ctx ends. Nothing is left behind.
func playDemo(ctx context.Context, p *program, args []string) error {
	f := p.demoFlags()
	if _, err := f.parse(args, 0); err != nil {
		return err
	}
	day, err := f.day(time.Now())
	if err != nil {
		return err
	}
	listener, err := f.listen(ctx)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "matchfloor-demo-")
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	return errors.Join(day.play(ctx, p, listener, dir), os.RemoveAll(dir))
}

// listen takes the named address, or the first free port of the local network's, or
// of the machine itself where that is a public one, to which nobody may sign in.
func (f *demoFlags) listen(ctx context.Context) (net.Listener, error) {
	var config net.ListenConfig
	if *f.addr != "" {
		return config.Listen(ctx, "tcp", *f.addr)
	}
	var last error
	for port := demoPort; port < demoPort+demoPorts; port++ {
		listener, err := config.Listen(ctx, "tcp", netip.AddrPortFrom(signInAddress(), uint16(port)).String())
		if err == nil {
			return listener, nil
		}
		last = err
	}
	return nil, last
}

// demoDay is a day to be played.
type demoDay struct {
	forum floor.Forum
	from  floor.Instant // event time at which it begins
	speed int
	crowd int
}

// day moves the sample forum to today.
func (f *demoFlags) day(today time.Time) (*demoDay, error) {
	if *f.speed < 1 || *f.speed > 60 {
		return nil, usageError("--speed: 1 to 60")
	}
	clock, err := time.Parse("15:04", *f.from)
	if err != nil {
		return nil, usageError("--from: a time such as 13:18, not %q", *f.from)
	}
	forum, err := demo.Forum()
	if err != nil {
		return nil, err
	}
	if forum, err = demo.OnDay(forum, today); err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(forum.Event.TimeZone)
	if err != nil {
		return nil, err
	}
	y, m, d := today.In(zone).Date()
	from := time.Date(y, m, d, clock.Hour(), clock.Minute(), 0, 0, zone)
	return &demoDay{forum: forum, from: floor.Instant(from.UnixMilli()), speed: *f.speed, crowd: *f.crowd}, nil
}

// play serves the day from a journal in dir.
func (d *demoDay) play(ctx context.Context, p *program, listener net.Listener, dir string) error {
	j, err := sqlitejournal.Open(dir)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer j.Close()
	var instanceKey [auth.MinKey]byte
	rand.Read(instanceKey[:]) // it never fails
	keys, err := auth.NewKeys(instanceKey[:])
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	n, err := newNode(nodeOptions{
		opened: &opened{journal: j, snapshots: j, failed: j.Failed(), close: j.Close},
		keys:   keys, listener: listener, log: p.logger(slog.LevelWarn),
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	var crowding sync.WaitGroup
	defer crowding.Wait()
	return n.run(ctx, func(ctx context.Context) error {
		links, err := d.begin(ctx, n)
		if err != nil {
			return err
		}
		crowding.Go(func() { d.come(ctx, links, n.log) })
		return d.tell(p, n, links)
	})
}

// begin sets the stage, the forum as it is at the time that the day begins at,
// and answers all links.
func (d *demoDay) begin(ctx context.Context, n *node) ([]simulate.Link, error) {
	if _, err := n.setUp(ctx, n.url()); err != nil {
		return nil, err
	}
	if err := hub.ImportForum(ctx, n.hub, floor.Operator, operatorLink, d.forum); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context, *node) error{d.release, d.catchUp} {
		if err := step(ctx, n); err != nil {
			return nil, err
		}
	}
	if err := d.setClock(ctx, n, d.from, d.speed); err != nil {
		return nil, err
	}
	links, err := allLinks(ctx, n.opened.journal, n.keys, d.forum.Event.ID)
	if err != nil {
		return nil, err
	}
	all := make([]simulate.Link, len(links))
	for i, l := range links {
		all[i] = simulate.Link(l)
	}
	return all, nil
}

// release publishes the schedule at eight in the morning.
func (d *demoDay) release(ctx context.Context, n *node) error {
	zone, err := time.LoadLocation(d.forum.Event.TimeZone)
	if err != nil {
		return err
	}
	y, m, day := time.UnixMilli(int64(d.from)).In(zone).Date()
	morning := floor.Instant(time.Date(y, m, day, 8, 0, 0, 0, zone).UnixMilli())
	if err := d.setClock(ctx, n, min(morning, d.from), 1); err != nil {
		return err
	}
	return d.give(ctx, n, floor.ReleaseSchedule{})
}

// slotOfDay is a round or an agenda item as it is planned.
type slotOfDay struct {
	ref  floor.SlotRef
	plan floor.Span
}

// slots answers what is started and ended by hand, in the order of the plan.
func (d *demoDay) slots() []slotOfDay {
	var all []slotOfDay
	for _, i := range d.forum.Items {
		if i.Kind != floor.ItemMatching {
			all = append(all, slotOfDay{floor.SlotRef{Item: i.ID}, i.Plan})
		}
	}
	for _, r := range d.forum.Rounds {
		all = append(all, slotOfDay{floor.SlotRef{Round: r.ID}, r.Plan})
	}
	slices.SortStableFunc(all, func(a, b slotOfDay) int { return int(a.plan.Start - b.plan.Start) })
	return all
}

// catchUp does, at its planned times, what the staff would have done before the
// day begins to be played.
func (d *demoDay) catchUp(ctx context.Context, n *node) error {
	slots := d.slots()
	if doors := slots[0].plan.Start - 10*floor.Minute; doors <= d.from {
		if err := d.setClock(ctx, n, doors, 1); err != nil {
			return err
		}
		for _, a := range d.forum.Attendees[:checkedInOf132] {
			if err := d.give(ctx, n, floor.CheckIn{Attendee: a.ID}); err != nil {
				return err
			}
		}
	}
	for _, s := range slots {
		if s.plan.Start >= d.from {
			continue
		}
		if err := d.at(ctx, n, s.plan.Start, floor.StartSlot{SlotRef: s.ref}); err != nil {
			return err
		}
		if s.plan.End <= d.from {
			if err := d.at(ctx, n, s.plan.End, floor.EndSlot{SlotRef: s.ref}); err != nil {
				return err
			}
		}
	}
	return nil
}

// at gives a command when the event's clock shows a time.
func (d *demoDay) at(ctx context.Context, n *node, when floor.Instant, command floor.Command) error {
	if err := d.setClock(ctx, n, when, 1); err != nil {
		return err
	}
	return d.give(ctx, n, command)
}

func (d *demoDay) setClock(ctx context.Context, n *node, to floor.Instant, rate int) error {
	return d.give(ctx, n, floor.SetClock{Event: to, Rate: rate})
}

// give submits a command of the organiser's to the event.
func (d *demoDay) give(ctx context.Context, n *node, command floor.Command) error {
	by := floor.NewActorID(floor.RoleOrganiser, firstOrganiser)
	_, err := n.hub.Submit(ctx, journal.LogID(d.forum.Event.ID), floor.Envelope{
		Key: floor.CommandKey(string(by.Link()) + "/" + rand.Text()), By: by, Unconditional: true, Command: command,
	})
	if err != nil {
		return fmt.Errorf("%s: %w", floor.KindOf(command), err)
	}
	return nil
}

// tell prints where to go, one link for each screen: those that the crowd spares.
func (d *demoDay) tell(p *program, n *node, links []simulate.Link) error {
	fmt.Fprintf(p.stdout, "matchfloor plays the sample forum at %s, from %s, speed %d. Ctrl-C ends it.\n\n",
		n.url(), d.clockText(), d.speed)
	shown := simulate.ForHuman(links)
	for _, l := range links {
		if l.Role == floor.RoleOrganiser {
			shown = append(shown, l)
		}
	}
	for _, l := range shown {
		fmt.Fprintf(p.stdout, "%-12s %s\n             %s\n", l.Role, l.Name, l.URL)
	}
	for _, l := range shown {
		if l.Role == floor.RoleAttendee {
			fmt.Fprintln(p.stdout, "\nThe attendee's page, for a phone on the same network:")
			return printQR(p.stdout, l.URL)
		}
	}
	return nil
}

// come lets the crowd play until ctx ends.
func (d *demoDay) come(ctx context.Context, links []simulate.Link, log *slog.Logger) {
	if d.crowd == 0 {
		return
	}
	people := d.crowd
	if people < 0 {
		people = len(d.forum.Attendees)
	}
	if err := simulate.Run(ctx, simulate.Options{Links: links, N: people, Spare: true, Seed: demoSeed, Log: log}); err != nil {
		log.Error("the crowd has gone", "err", err)
	}
}

func (d *demoDay) clockText() string {
	zone, err := time.LoadLocation(d.forum.Event.TimeZone)
	if err != nil {
		return strconv.FormatInt(int64(d.from), 10)
	}
	return time.UnixMilli(int64(d.from)).In(zone).Format("15:04")
}
