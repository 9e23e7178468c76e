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
	maxAttempts = 3                // of an intent that is refused and remains
	retryAfter  = minute           // event time
)

// agent is a connected person.
type agent struct {
	person
	client   *client.Client
	planner  *planner
	changed  <-chan struct{} // holds a value if the view has changed since it was last read
	tally    *Stats
	log      *slog.Logger
	attempts map[string]attempt
}

// attempt records how often an intent was tried.
type attempt struct {
	count     int
	notBefore floor.Instant
	done      bool
}

// run carries out intents until ctx or the client ends.
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

// dueIntents returns what to do now, the longest due first, and the event time of the next
// intent; 0 if there is none.
func (a *agent) dueIntents() (due []intent, next floor.Instant) {
	now := a.client.Now()
	var intents []intent
	a.client.Read(func(v client.View) { intents = a.planner.think(a.behave, v, now) })
	open := make(map[string]bool, len(intents))
	for _, e := range intents {
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

// wallWait returns the wall time until an event time, at most maxWait; maxWait for 0.
func (a *agent) wallWait(next floor.Instant) time.Duration {
	if next == 0 {
		return maxWait
	}
	rate := floor.Instant(max(a.client.Clock().Rate, 1))
	wait := (next - a.client.Now() + rate - 1) / rate
	return min(max(time.Duration(wait)*time.Millisecond, time.Millisecond), maxWait)
}

// do gives the command of an intent, and waits for the answer.
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

// sleep waits for d. It reports false if ctx ended first.
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
