package simulate

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

const (
	patience    = 30 * time.Second // wall time for a command's answer
	maxWait     = 2 * time.Second  // wall time: the event's clock may have been set
	maxAttempts = 3                // of an errand that is refused and still seems to be one
	retryAfter  = minute           // event time
)

// agent is a person who is there.
type agent struct {
	person
	client   *client.Client
	planner  *planner
	changed  <-chan struct{} // the view has changed since it was last looked at
	tally    *Tally
	log      *slog.Logger
	attempts map[string]attempt
}

// attempt is how often an errand was tried.
type attempt struct {
	count     int
	notBefore floor.Instant
	done      bool
}

// run does errands until ctx or the client ends.
func (a *agent) run(ctx context.Context) {
	you := a.client.You()
	a.planner.lead, a.planner.zones, a.planner.joined = you.Lead, you.Zones, a.client.Now()
	a.attempts = make(map[string]attempt)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		due, next := a.dueIntents()
		for _, e := range due {
			a.do(ctx, e)
		}
		timer.Reset(a.wallWait(next))
		select {
		case <-ctx.Done():
			return
		case <-a.client.Done():
			return
		case <-timer.C:
		case <-a.changed:
			if !sleep(ctx, a.pause) {
				return
			}
		}
	}
}

// dueIntents answers what is to be done now, the longest due first, and when the next
// thing will be; 0: nothing is known of.
func (a *agent) dueIntents() (due []intent, next floor.Instant) {
	now := a.client.Now()
	var errands []intent
	a.client.Read(func(v client.View) { errands = a.planner.think(a.behave, v, now) })
	open := make(map[string]bool, len(errands))
	for _, e := range errands {
		open[e.key] = true
		t := a.attempts[e.key]
		at := max(e.at, t.notBefore)
		switch {
		case t.done || t.count >= maxAttempts:
		case at <= now:
			due = append(due, e)
		case next == 0 || at < next:
			next = at
		}
	}
	for key := range a.attempts {
		if !open[key] {
			delete(a.attempts, key)
		}
	}
	slices.SortStableFunc(due, func(x, y intent) int { return cmp.Compare(x.at, y.at) })
	return due, next
}

// wallWait answers the wall time until an event time, at most maxWait.
func (a *agent) wallWait(next floor.Instant) time.Duration {
	if next == 0 {
		return maxWait
	}
	rate := floor.Instant(max(a.client.Clock().Rate, 1))
	wait := (next - a.client.Now() + rate - 1) / rate
	return min(max(time.Duration(wait)*time.Millisecond, time.Millisecond), maxWait)
}

// do gives an errand's command.
func (a *agent) do(ctx context.Context, e intent) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	t := a.attempts[e.key]
	t.count++
	command := wire.Command{ID: a.planner.id(e.key, t.count), Body: e.body}
	if e.based {
		command.Base = a.client.Base()
	}
	_, err := a.client.Do(ctx, command)
	refused, isRefused := errors.AsType[*wire.Rejected](err)
	switch {
	case err == nil:
		t.done = true
		a.tally.addAccepted(floor.KindOf(e.body))
	case isRefused:
		a.tally.addRefused(refused.Code)
		a.log.Debug("refused", "who", a.who, "command", floor.KindOf(e.body), "code", refused.Code)
	}
	t.notBefore = a.client.Now() + retryAfter
	a.attempts[e.key] = t
}

// sleep waits for d, and reports whether ctx let it.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
