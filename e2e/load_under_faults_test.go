package e2e_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// loadRun is a venue under a steady load of commands while something fails. Each commander has
// its own meetings and free tables, so that every command can be accepted and every refusal is
// a fault.
type loadRun struct {
	*venue
	seed       uint64
	faultRand  *rand.Rand // for the faults of the test
	balancer   *clientBalancer
	commanders []*commander
	shown      *viewLog // all views that screens have shown
	began      time.Time
	lasted     time.Duration // of the load
	stop       context.CancelFunc
	running    sync.WaitGroup
}

// commanderRounds lists who submits commands, in which round, and about tables of which zones;
// nil means all. Runners only mark people as present or absent.
var commanderRounds = []struct {
	name  string
	round floor.RoundID
	zones []floor.ZoneID
}{
	{"moderator:s1", "R1", nil}, {"moderator:s1", "R2", nil}, {"moderator:s1", "R3", nil}, {"moderator:s1", "R4", nil},
	{"moderator:s2", "R5", []floor.ZoneID{"A", "B"}}, {"moderator:s3", "R6", []floor.ZoneID{"B", "C"}},
	{"runner:r1", "R7", nil}, {"runner:r2", "R8", nil},
}

// startLoad imports the forum, signs people in through the balancer and starts to submit a
// number of commands per second. All clients reconnect through the balancer.
func startLoad(v *venue, balancer *clientBalancer, rate int, watching ...string) *loadRun {
	v.t.Helper()
	seed := testSeed(v.t)
	v.importSample()
	s := &loadRun{venue: v, seed: seed, faultRand: newRand(seed, 100), balancer: balancer, shown: newViewLog()}
	s.signInByBalancer("moderator:s1", "moderator:s1")
	v.people["moderator:s1"].mustSubmit(floor.ReleaseSchedule{})
	forum, err := demo.Forum()
	if err != nil {
		v.t.Fatal(err)
	}
	for i, r := range commanderRounds {
		g := newCommander(forum, r.round, r.zones, newRand(seed, uint64(i)))
		g.person = s.signInByBalancer(fmt.Sprintf("%s in %s", r.name, r.round), r.name)
		g.interval = time.Duration(len(commanderRounds)) * time.Second / time.Duration(rate)
		s.commanders = append(s.commanders, g)
	}
	for _, name := range watching {
		s.signInByBalancer(name, name)
	}
	ctx, cancel := context.WithCancel(v.t.Context())
	s.began, s.stop = time.Now(), cancel
	for _, g := range s.commanders {
		s.running.Go(func() { g.run(ctx, s.began) })
	}
	v.t.Cleanup(cancel)
	return s
}

// signInByBalancer signs a person in through the balancer. The key distinguishes several
// devices of one link.
func (s *loadRun) signInByBalancer(key, name string) *person {
	s.t.Helper()
	p := &person{v: s.venue, name: name, base: s.nodes[0].url(), balancer: s.balancer, observer: s.shown.observe(floor.ActorID(name))}
	s.people[key] = p
	if p.dial(nil); s.t.Failed() {
		s.t.FailNow()
	}
	return p
}

// end ends the load and waits until every command has a result.
func (s *loadRun) end() {
	s.t.Helper()
	s.stop()
	ended := make(chan struct{})
	go func() { s.running.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		s.t.Fatal("a minute after the load, commands have no result")
	}
	s.lasted = time.Since(s.began)
}

// finish ends the load, checks that all screens have converged, and audits the log.
func (s *loadRun) finish() {
	s.t.Helper()
	s.end()
	s.checkConverged()
	s.audit()
}

// onlookers returns a number of attendees, all displays and two interpreters.
func onlookers(t *testing.T, phones int) []string {
	t.Helper()
	return append(attendees(t)[:phones], "display:d1", "display:d2", "display:d3", "display:d4", "interpreter:i01", "interpreter:i02")
}

// commander submits commands, one after the other.
type commander struct {
	*person
	rng        *rand.Rand
	interval   time.Duration
	meetings   []floor.Meeting // its own, after its accepted commands
	freeTables []floor.Table   // tables that no other commander uses in the round
	sent       []sentCommand   // in order; read when the load has ended
}

// sentCommand is a command with its result.
type sentCommand struct {
	id   string
	body floor.Command
	seq  uint64 // of its record, if accepted
	err  error
	took time.Duration
}

func newCommander(forum floor.Forum, round floor.RoundID, zones []floor.ZoneID, rng *rand.Rand) *commander {
	g := &commander{rng: rng}
	mine := map[floor.TableID]bool{}
	taken := map[floor.TableID]bool{}
	for _, t := range forum.Tables {
		mine[t.ID] = zones == nil || slices.Contains(zones, t.Zone)
	}
	for _, m := range forum.Meetings {
		if m.Place.Round == round {
			taken[m.Place.Table] = true
			if mine[m.Place.Table] {
				g.meetings = append(g.meetings, m)
			}
		}
	}
	for _, t := range forum.Tables {
		if mine[t.ID] && !taken[t.ID] && !t.Closed {
			g.freeTables = append(g.freeTables, t)
		}
	}
	return g
}

// run submits commands until ctx ends. After a delay it submits all commands that are due
// without pauses, so that outages do not lower the load.
func (g *commander) run(ctx context.Context, from time.Time) {
	for n := 0; ; n++ {
		if !sleep(ctx, time.Until(from.Add(time.Duration(n)*g.interval))) {
			return
		}
		c := sentCommand{id: client.NewID(), body: g.nextCommand()}
		began := time.Now()
		// Waits for the result also after the end of the load, so that no outcome stays
		// unknown.
		answer, err := g.Do(g.v.t.Context(), wire.Command{ID: c.id, Body: c.body})
		c.seq, c.err, c.took = answer.Seq, err, time.Since(began)
		g.sent = append(g.sent, c)
		if err == nil {
			g.apply(c.body)
		}
	}
}

// nextCommand returns a random command that is valid now.
func (g *commander) nextCommand() floor.Command {
	i := g.rng.IntN(len(g.meetings))
	m := g.meetings[i]
	moderates := floor.ActorID(g.name).Role() == floor.RoleModerator
	switch n := g.rng.IntN(400); {
	case moderates && n == 0:
		return floor.Announce{Text: floor.Text{En: fmt.Sprintf("Nr %d from %s.", len(g.sent), g.name)}, Minutes: 1}
	case moderates && n < 160:
		return floor.LockMeeting{Meeting: m.ID, Locked: !m.Locked}
	case moderates && n < 300:
		if to, ok := g.freeTableFor(m); ok {
			return floor.MoveMeeting{Meeting: m.ID, Table: to, Override: true}
		}
	}
	side, party := floor.Host, m.Host
	if g.rng.IntN(2) == 0 {
		side, party = floor.Guest, m.Guest
	}
	if party.Presence == floor.Present {
		return floor.MarkNoShow{Meeting: m.ID, Side: side}
	}
	return floor.MarkPresent{Meeting: m.ID, Side: side}
}

// freeTableFor returns a free table that is large enough.
func (g *commander) freeTableFor(m floor.Meeting) (floor.TableID, bool) {
	for _, i := range g.rng.Perm(len(g.freeTables)) {
		if g.freeTables[i].Capacity >= len(m.Host.People)+len(m.Guest.People) {
			return g.freeTables[i].ID, true
		}
	}
	return "", false
}

// apply records the effect of an accepted command.
func (g *commander) apply(c floor.Command) {
	switch c := c.(type) {
	case floor.LockMeeting:
		g.meeting(c.Meeting).Locked = c.Locked
	case floor.MarkPresent:
		*g.presence(c.Meeting, c.Side) = floor.Present
	case floor.MarkNoShow:
		*g.presence(c.Meeting, c.Side) = floor.NoShow
	case floor.MoveMeeting:
		m := g.meeting(c.Meeting)
		i := slices.IndexFunc(g.freeTables, func(t floor.Table) bool { return t.ID == c.Table })
		g.freeTables[i] = tableOf(g.v.t, m.Place.Table)
		m.Place.Table = c.Table
	}
}

func (g *commander) meeting(id floor.MeetingID) *floor.Meeting {
	return &g.meetings[slices.IndexFunc(g.meetings, func(m floor.Meeting) bool { return m.ID == id })]
}

func (g *commander) presence(id floor.MeetingID, side floor.Side) *floor.Presence {
	if side == floor.Guest {
		return &g.meeting(id).Guest.Presence
	}
	return &g.meeting(id).Host.Presence
}

// sampleTables returns the sample forum's tables by id.
var sampleTables = sync.OnceValues(func() (map[floor.TableID]floor.Table, error) {
	forum, err := demo.Forum()
	tables := map[floor.TableID]floor.Table{}
	for _, t := range forum.Tables {
		tables[t.ID] = t
	}
	return tables, err
})

func tableOf(t *testing.T, id floor.TableID) floor.Table {
	tables, err := sampleTables()
	if err != nil {
		t.Error(err)
	}
	return tables[id]
}
