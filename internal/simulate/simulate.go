// Package simulate simulates the people of a forum: attendees with phones, interpreters, runners,
// and the moderators who lead the day. Each uses package client with a link of their own; package
// simulate uses none of the server's code.
//
// What a simulated person does depends only on their view, the event's clock and a seed: see
// planner. With a fast event clock they act fast.
package simulate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
)

// Link is one person's link, as `matchfloor links --json` prints it.
type Link struct {
	Role floor.Role `json:"role"`
	ID   string     `json:"id"`
	Name string     `json:"name"` // not used
	URL  string     `json:"url"`  // holds the secret
}

// Options say who takes part.
type Options struct {
	Links []Link
	// Attendees is the number of attendees: the first ones by id. All staff take part.
	Attendees int
	// SpareForHuman leaves the links of ForHuman to a human: nobody uses these links, and nobody
	// does what their owners should do.
	SpareForHuman bool
	// Seed determines every choice and delay.
	Seed uint64
	// Ramp is the wall time over which the connections are spread; 0 means 10 ms a person.
	Ramp time.Duration
	// Client has the options of the clients; its Event, Saved, Hidden and Observe are not
	// used.
	Client client.Options
	// Observe, if not nil, is called for each frame that changed a person's view, from
	// many goroutines at the same time: see client.Options.
	Observe func(floor.ActorID, client.ViewChange)
	// Stats, if not nil, counts what the people do.
	Stats *Stats
	// Log receives what an operator may want to know, without names; nil means nothing.
	Log *slog.Logger
}

// person is a simulated person.
type person struct {
	Link
	who    floor.ActorID
	behave behaviour
	// pause is the least wall time between two readings of the view: longer for staff, whose
	// views are large.
	pause time.Duration
}

// Run simulates the people until ctx ends, and returns nil when all clients have closed.
// It returns an error if no link names the event, or if the server has refused every
// person for good.
func Run(ctx context.Context, o Options) error {
	event, err := eventOf(o.Links)
	if err != nil {
		return err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Stats == nil {
		o.Stats = new(Stats)
	}
	people := o.people()
	if o.Ramp == 0 {
		o.Ramp = time.Duration(len(people)) * 10 * time.Millisecond
	}
	o.Log.Info("simulated people connect", "people", len(people))
	began := time.Now()
	var all sync.WaitGroup
	for _, p := range people {
		all.Go(func() { o.runPerson(ctx, event, began, p) })
	}
	all.Wait()
	o.Log.Info("simulated people have left", "tally", o.Stats)
	if ctx.Err() == nil && len(people) > 0 {
		return errors.New("simulate: the server refused every link; export the links again")
	}
	return nil
}

// eventOf returns the event that the links belong to.
func eventOf(links []Link) (floor.EventID, error) {
	for _, l := range links {
		if l.Role == floor.RoleOrganiser {
			continue
		}
		parsed, err := client.ParseLink(l.URL)
		if err != nil {
			return "", fmt.Errorf("simulate: the link of %s %s: %w", l.Role, l.ID, err)
		}
		return parsed.Event, nil
	}
	return "", errors.New("simulate: no link names an event; give at least one link other than an organiser's")
}

// ForHuman returns the links that Options.Spare leaves to a human: one attendee's, one
// interpreter's, one moderator's and one display's. The moderator is the first if there is
// an organiser's link to lead the day with, otherwise the last.
func ForHuman(links []Link) []Link {
	var chosen []Link
	for _, role := range []floor.Role{floor.RoleAttendee, floor.RoleInterpreter, floor.RoleModerator, floor.RoleDisplay} {
		all := linksOf(links, role)
		if len(all) == 0 {
			continue
		}
		pick := all[0]
		if role == floor.RoleModerator && len(linksOf(links, floor.RoleOrganiser)) == 0 {
			pick = all[len(all)-1]
		}
		chosen = append(chosen, pick)
	}
	return chosen
}

func linksOf(links []Link, role floor.Role) []Link {
	of := slices.DeleteFunc(slices.Clone(links), func(l Link) bool { return l.Role != role })
	slices.SortFunc(of, func(a, b Link) int { return cmp.Compare(a.ID, b.ID) })
	return of
}

// people returns who takes part, each with their behaviour.
func (o Options) people() (people []person) {
	var spared []Link
	if o.SpareForHuman {
		spared = ForHuman(o.Links)
	}
	free := slices.DeleteFunc(slices.Clone(o.Links), func(l Link) bool { return slices.Contains(spared, l) })
	human := sparedAttendees(spared)
	add := func(role floor.Role, most int, pause time.Duration, p behaviour) {
		links := linksOf(free, role)
		for _, l := range links[:min(most, len(links))] {
			people = append(people, person{l, floor.NewActorID(role, l.ID), p, pause})
		}
	}
	organisers := linksOf(free, floor.RoleOrganiser)
	leads := behaviours{releaseDraft, runItems, runRounds, announce}
	add(floor.RoleOrganiser, 1, 250*time.Millisecond, leads.intents)
	if len(organisers) > 0 {
		leads = nil
	}
	add(floor.RoleModerator, len(free), 250*time.Millisecond, behaviours{onlyLead(leads.intents), moveMeetings, undoMoves}.intents)
	add(floor.RoleRunner, len(free), 500*time.Millisecond, behaviours{human.checkInAtDesk, human.markPresence}.intents)
	add(floor.RoleInterpreter, len(free), 50*time.Millisecond, behaviours{changeDuty, serveRequests}.intents)
	add(floor.RoleAttendee, max(o.Attendees, 0), 50*time.Millisecond, behaviours{checkIn, acknowledgeNotices, takeSeat, requestInterpreter}.intents)
	return people
}

// runPerson simulates one person until ctx or the client ends.
func (o Options) runPerson(ctx context.Context, event floor.EventID, began time.Time, p person) {
	pl := newPlanner(o.Seed, began, p.who)
	t := time.NewTimer(time.Duration(pl.draw("connect") * float64(o.Ramp)))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
		return
	}
	changed := make(chan struct{}, 1)
	c, err := client.Dial(ctx, p.URL, o.clientOptions(event, p, pl, changed))
	if err != nil {
		if ctx.Err() == nil {
			o.Stats.turnedAway.Add(1)
			o.Log.Warn("a person was refused", "who", p.who, "err", err)
		}
		return
	}
	defer c.Close()
	o.Stats.online.Add(1)
	defer o.Stats.online.Add(-1)
	a := agent{client: c, person: p, planner: pl, changed: changed, tally: o.Stats, log: o.Log}
	a.run(ctx)
	if ctx.Err() == nil {
		o.Log.Warn("a person's session was ended", "who", p.who, "err", c.Err())
	}
}

func (o Options) clientOptions(event floor.EventID, p person, pl *planner, changed chan<- struct{}) client.Options {
	c := o.Client
	c.Event, c.Saved = "", nil
	if p.Role == floor.RoleOrganiser {
		c.Event = event
	}
	c.Hidden = p.Role == floor.RoleAttendee && pl.draw("in a pocket") < 0.3
	c.Observe = func(a client.ViewChange) {
		if o.Observe != nil {
			o.Observe(p.who, a)
		}
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	return c
}
