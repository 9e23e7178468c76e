package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/internal/cli/commandline"
	"github.com/matchfloor/matchfloor/internal/node"
	"github.com/matchfloor/matchfloor/internal/simulate"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/sqlitejournal"
	"github.com/matchfloor/matchfloor/server/auth"
)

// The first port that the demo tries, and how many ports it tries.
const (
	demoPort  = 8080
	demoPorts = 20
)

// demoSeed makes every demo the same.
const demoSeed = 1

// demoFlags are the flags of demo.
type demoFlags struct {
	*commandline.Flags
	addr, from   *string
	speed, crowd *int
	clock        time.Time // of from, after check
}

func newDemoFlags(p *commandline.Program) *demoFlags {
	f := &demoFlags{Flags: commandline.NewFlags(p, "demo", "[--from HH:MM] [--speed N] [--crowd N] [--addr HOST:PORT]",
		"matchfloor demo",
		"matchfloor demo --from 09:10 --speed 10")}
	f.from = f.String("from", "13:18", "the `time` of the event's day at which to begin")
	f.speed = f.Int("speed", 1, "how many times as fast as the wall clock the event's clock runs, 1 to 60")
	f.crowd = f.Int("crowd", -1, "how many `people` are simulated; negative means everyone, 0 means nobody, so that no round is called or started for you")
	f.addr = f.String("addr", "", "the `host:port` to listen on; by default this machine's private address on the local network, or 127.0.0.1 if it has none")
	return f
}

// playDemo serves the sample forum, moved to today, with simulated people, until ctx
// ends. It leaves nothing behind.
func playDemo(ctx context.Context, p *commandline.Program, args []string) error {
	f := newDemoFlags(p)
	if _, err := f.ParseArgs(args, 0); err != nil {
		return err
	}
	if err := f.check(); err != nil {
		return err
	}
	fmt.Fprintln(p.Stderr, "Preparing the sample forum; its links follow in some seconds.")
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
	return errors.Join(playDay(ctx, p, day, listener, dir), os.RemoveAll(dir))
}

// listen listens on the address of --addr. Without it, listen takes the first free port of
// an address at which people may sign in over plain HTTP: see signInAddress.
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

// check validates the parsed flags.
func (f *demoFlags) check() error {
	if *f.speed < 1 || *f.speed > 60 {
		return commandline.UsageError("--speed must be from 1 to 60")
	}
	clock, err := time.Parse("15:04", *f.from)
	if err != nil {
		return commandline.UsageError("--from must be a time such as 13:18, not %q", *f.from)
	}
	f.clock = clock
	return nil
}

// day returns the sample forum's day, moved to today.
func (f *demoFlags) day(today time.Time) (*demoDay, error) {
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
	from := time.Date(y, m, d, f.clock.Hour(), f.clock.Minute(), 0, 0, zone)
	return &demoDay{forum: forum, from: floor.Instant(from.UnixMilli()), speed: *f.speed, crowd: *f.crowd}, nil
}

// playDay serves a day from a journal in dir until ctx ends.
func playDay(ctx context.Context, p *commandline.Program, day *demoDay, listener net.Listener, dir string) error {
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
	log, url := p.Logger(slog.LevelWarn), ownURL(listener.Addr(), false)
	n, err := node.New(node.Options{
		Store: &node.Store{Journal: j, Snapshots: j, Failed: j.Failed(), Close: j.Close},
		Keys:  keys, Listener: listener, OwnURL: url, Log: log,
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	var crowd sync.WaitGroup
	defer crowd.Wait()
	return n.Run(ctx, func(ctx context.Context) error {
		if _, err := n.SetUp(ctx, url); err != nil {
			return err
		}
		if err := day.prepare(ctx, n); err != nil {
			return err
		}
		links, err := demoLinks(ctx, j, keys, day.forum.Event.ID)
		if err != nil {
			return err
		}
		crowd.Go(func() { day.simulate(ctx, links, log) })
		fmt.Fprintf(p.Stdout, "matchfloor plays the sample forum at %s, from %s, speed %d. Ctrl-C ends it.\n\n", url, day.clockText(), day.speed)
		return printDemoLinks(p, url, links)
	})
}

// demoLinks returns all links of the sample forum.
func demoLinks(ctx context.Context, j journal.Journal, keys auth.Keys, event floor.EventID) ([]simulate.Link, error) {
	links, err := allLinks(ctx, j, keys, event)
	all := make([]simulate.Link, len(links))
	for i, l := range links {
		all[i] = simulate.Link(l)
	}
	return all, err
}

// simulate plays the people until ctx ends.
func (d *demoDay) simulate(ctx context.Context, links []simulate.Link, log *slog.Logger) {
	if d.crowd == 0 {
		return
	}
	people := d.crowd
	if people < 0 {
		people = len(d.forum.Attendees)
	}
	if err := simulate.Run(ctx, simulate.Options{Links: links, Attendees: people, SpareForHuman: true, Seed: demoSeed, Log: log}); err != nil {
		log.Error("the simulated people have stopped", "err", err)
	}
}

// clockText returns the time of day at which the demo begins.
func (d *demoDay) clockText() string {
	zone, err := time.LoadLocation(d.forum.Event.TimeZone)
	if err != nil {
		return strconv.FormatInt(int64(d.from), 10)
	}
	return time.UnixMilli(int64(d.from)).In(zone).Format("15:04")
}

// printDemoLinks prints one link for each role, of people who are not simulated, and the
// attendee's link as a QR code, unless no phone can open it.
func printDemoLinks(p *commandline.Program, url string, links []simulate.Link) error {
	shown := simulate.ForHuman(links)
	for _, l := range links {
		if l.Role == floor.RoleOrganiser {
			shown = append(shown, l)
		}
	}
	for _, l := range shown {
		fmt.Fprintf(p.Stdout, "%-12s %s\n             %s\n", l.Role, l.Name, l.URL)
	}
	if ip, ok := node.AddressIn(url); ok && ip.IsLoopback() {
		fmt.Fprintf(p.Stdout, "\nThere is no QR code, because only this machine can open %s: connect it to the phones' Wi-Fi and start the demo again, or name its address with --addr HOST:PORT.\n", url)
		return nil
	}
	for _, l := range shown {
		if l.Role == floor.RoleAttendee {
			fmt.Fprintln(p.Stdout, "\nThe attendee's page, for a phone on the same network:")
			return printQR(p.Stdout, l.URL)
		}
	}
	return nil
}
