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
	patience  = 30 * time.Second // wall time for a command's answer
	lookAgain = 2 * time.Second  // wall time: the event's clock may have been set
	maxTries  = 3                // of an errand that is refused and still seems to be one
	tryAgain  = minute           // event time
)

// agent is a person who is there.
type agent struct {
	person
	client  *client.Client
	mind    *mind
	changed <-chan struct{} // the view has changed since it was last looked at
	tally   *Tally
	log     *slog.Logger
	tries   map[string]try
}

// try is how often an errand was tried.
type try struct {
	n     int
	again floor.Instant
	done  bool
}

// live does errands until ctx or the client ends.
func (a *agent) live(ctx context.Context) {
	you := a.client.You()
	a.mind.lead, a.mind.zones, a.mind.joined = you.Lead, you.Zones, a.client.Now()
	a.tries = make(map[string]try)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		due, next := a.look()
		for _, e := range due {
			a.do(ctx, e)
		}
		timer.Reset(a.until(next))
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

// look answers what is to be done now, the longest due first, and when the next
// thing will be; 0: nothing is known of.
func (a *agent) look() (due []errand, next floor.Instant) {
	now := a.client.Now()
	var errands []errand
	a.client.Read(func(v client.View) { errands = a.mind.think(a.plan, v, now) })
	open := make(map[string]bool, len(errands))
	for _, e := range errands {
		open[e.key] = true
		t := a.tries[e.key]
		at := max(e.at, t.again)
		switch {
		case t.done || t.n >= maxTries:
		case at <= now:
			due = append(due, e)
		case next == 0 || at < next:
			next = at
		}
	}
	for key := range a.tries {
		if !open[key] {
			delete(a.tries, key)
		}
	}
	slices.SortStableFunc(due, func(x, y errand) int { return cmp.Compare(x.at, y.at) })
	return due, next
}

// until answers the wall time until an event time, at most lookAgain.
func (a *agent) until(next floor.Instant) time.Duration {
	if next == 0 {
		return lookAgain
	}
	rate := floor.Instant(max(a.client.Clock().Rate, 1))
	wait := (next - a.client.Now() + rate - 1) / rate
	return min(max(time.Duration(wait)*time.Millisecond, time.Millisecond), lookAgain)
}

// do gives an errand's command.
func (a *agent) do(ctx context.Context, e errand) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	t := a.tries[e.key]
	t.n++
	command := wire.Command{ID: a.mind.id(e.key, t.n), Body: e.body}
	if e.based {
		command.Base = a.client.Base()
	}
	_, err := a.client.Do(ctx, command)
	refused, isRefused := errors.AsType[*wire.Rejected](err)
	switch {
	case err == nil:
		t.done = true
		a.tally.accept(floor.KindOf(e.body))
	case isRefused:
		a.tally.refuse(refused.Code)
		a.log.Debug("refused", "who", a.who, "command", floor.KindOf(e.body), "code", refused.Code)
	}
	t.again = a.client.Now() + tryAgain
	a.tries[e.key] = t
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
