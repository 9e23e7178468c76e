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

// siege is a venue under a steady load of commands while something breaks.
// Whoever gives commands has meetings and free tables of their own, so that
// every command can be accepted and what is refused is a fault.
type siege struct {
	*venue
	seed   uint64
	by     *doors
	givers []*giver
	views  *gallery // what everybody has shown
	began  time.Time
	took   time.Duration // of the load
	stop   context.CancelFunc
	giving sync.WaitGroup
}

// roundOf says who gives commands in which round, and from which zones' tables:
// nil for all. Runners only mark who is there.
var roundOf = []struct {
	name  string
	round floor.RoundID
	zones []floor.ZoneID
}{
	{"moderator:s1", "R1", nil}, {"moderator:s1", "R2", nil}, {"moderator:s1", "R3", nil}, {"moderator:s1", "R4", nil},
	{"moderator:s2", "R5", []floor.ZoneID{"A", "B"}}, {"moderator:s3", "R6", []floor.ZoneID{"B", "C"}},
	{"runner:r1", "R7", nil}, {"runner:r2", "R8", nil},
}

// besiege opens the forum, lets people in by the doors and starts the load of so
// many commands a second. Everybody keeps coming back by the doors.
func besiege(v *venue, seed uint64, by *doors, rate int, watching ...string) *siege {
	v.t.Helper()
	v.open()
	s := &siege{venue: v, seed: seed, by: by, views: newGallery()}
	s.comeIn("moderator:s1", "moderator:s1")
	v.people["moderator:s1"].does(floor.ReleaseSchedule{})
	forum, err := demo.Forum()
	if err != nil {
		v.t.Fatal(err)
	}
	for i, r := range roundOf {
		g := newGiver(forum, r.round, r.zones, chance(seed, uint64(i)))
		g.person = s.comeIn(fmt.Sprintf("%s in %s", r.name, r.round), r.name)
		g.every = time.Duration(len(roundOf)) * time.Second / time.Duration(rate)
		s.givers = append(s.givers, g)
	}
	for _, name := range watching {
		s.comeIn(name, name)
	}
	ctx, cancel := context.WithCancel(v.t.Context())
	s.began, s.stop = time.Now(), cancel
	for _, g := range s.givers {
		s.giving.Go(func() { g.give(ctx, s.began) })
	}
	v.t.Cleanup(cancel)
	return s
}

// comeIn signs somebody in by the doors; key tells several devices of one link apart.
func (s *siege) comeIn(key, name string) *person {
	s.t.Helper()
	p := &person{v: s.venue, name: name, base: s.nodes[0].url(), by: s.by, look: s.views.watch(floor.ActorID(name))}
	s.people[key] = p
	if p.dial(nil); s.t.Failed() {
		s.t.FailNow()
	}
	return p
}

// end ends the load, when every command has been answered.
func (s *siege) end() {
	s.t.Helper()
	s.stop()
	ended := make(chan struct{})
	go func() { s.giving.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		s.t.Fatal("a minute after the load, commands have no answer")
	}
	s.took = time.Since(s.began)
}

// watchers answers some phones, all walls and two interpreters.
func watchers(t *testing.T, phones int) []string {
	t.Helper()
	return append(attendees(t)[:phones], "display:d1", "display:d2", "display:d3", "display:d4", "interpreter:i01", "interpreter:i02")
}

// giver is one who gives commands, one after the other.
type giver struct {
	*person
	rng      *rand.Rand
	every    time.Duration
	meetings []floor.Meeting // its own, as its accepted commands have left them
	free     []floor.Table   // tables that nobody else uses in its round
	given    []given         // in order; read when the load has ended
}

// given is one command and what became of it.
type given struct {
	id   string
	body floor.Command
	seq  uint64 // accepted, and where it stands
	err  error
	took time.Duration
}

func newGiver(forum floor.Forum, round floor.RoundID, zones []floor.ZoneID, rng *rand.Rand) *giver {
	g := &giver{rng: rng}
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
			g.free = append(g.free, t)
		}
	}
	return g
}

// give gives commands until ctx ends. Who was held up gives the ones that are
// due at once, so that outages do not lighten the load.
func (g *giver) give(ctx context.Context, from time.Time) {
	for n := 0; ; n++ {
		if !lasting(ctx, time.Until(from.Add(time.Duration(n)*g.every))) {
			return
		}
		c := given{id: client.NewID(), body: g.draw()}
		began := time.Now()
		// An answer is waited for beyond the end of the load: none stays unknown.
		answer, err := g.Do(g.v.t.Context(), wire.Command{ID: c.id, Body: c.body})
		c.seq, c.err, c.took = answer.Seq, err, time.Since(began)
		g.given = append(g.given, c)
		if err == nil {
			g.note(c.body)
		}
	}
}

// draw draws a command that is lawful now.
func (g *giver) draw() floor.Command {
	i := g.rng.IntN(len(g.meetings))
	m := g.meetings[i]
	moderates := floor.ActorID(g.name).Role() == floor.RoleModerator
	switch n := g.rng.IntN(400); {
	case moderates && n == 0:
		return floor.Announce{Text: floor.Text{En: fmt.Sprintf("Nr %d from %s.", len(g.given), g.name)}, Minutes: 1}
	case moderates && n < 160:
		return floor.LockMeeting{Meeting: m.ID, Locked: !m.Locked}
	case moderates && n < 300:
		if to, ok := g.roomFor(m); ok {
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

// frameOverhead answers a free table that is large enough.
func (g *giver) roomFor(m floor.Meeting) (floor.TableID, bool) {
	for _, i := range g.rng.Perm(len(g.free)) {
		if g.free[i].Capacity >= len(m.Host.People)+len(m.Guest.People) {
			return g.free[i].ID, true
		}
	}
	return "", false
}

// note keeps what an accepted command has done.
func (g *giver) note(c floor.Command) {
	switch c := c.(type) {
	case floor.LockMeeting:
		g.own(c.Meeting).Locked = c.Locked
	case floor.MarkPresent:
		*g.presence(c.Meeting, c.Side) = floor.Present
	case floor.MarkNoShow:
		*g.presence(c.Meeting, c.Side) = floor.NoShow
	case floor.MoveMeeting:
		m := g.own(c.Meeting)
		i := slices.IndexFunc(g.free, func(t floor.Table) bool { return t.ID == c.Table })
		g.free[i] = tableOf(g.v.t, m.Place.Table)
		m.Place.Table = c.Table
	}
}

func (g *giver) own(id floor.MeetingID) *floor.Meeting {
	return &g.meetings[slices.IndexFunc(g.meetings, func(m floor.Meeting) bool { return m.ID == id })]
}

func (g *giver) presence(id floor.MeetingID, side floor.Side) *floor.Presence {
	if side == floor.Guest {
		return &g.own(id).Guest.Presence
	}
	return &g.own(id).Host.Presence
}

// sampleTables are the sample forum's tables, by id.
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
