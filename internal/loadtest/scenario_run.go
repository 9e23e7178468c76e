//go:build linux

package loadtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// scenarioRun is one run of a scenario.
type scenarioRun struct {
	Options
	target        target
	pool          *pool
	meter         meter
	dialConsoles  func(context.Context) error // connects the consoles
	consoleFrames func() int                  // returns how many frames the consoles have received; those of a chat-style hub are phones
	result        Result
	changes       []change

	startedAt        time.Time
	usageBefore      usage
	deliveriesBefore int // to phones and consoles, when the measurement began
	bytesBefore      int
	framesBefore     int
}

// scenarioTimeout bounds a scenario, in addition to its duration.
const scenarioTimeout = 5 * time.Minute

// playScenario runs one scenario on an event of its own.
func (o Options) playScenario(ctx context.Context, name string) (Result, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, scenarioTimeout+o.Duration+o.Settle, errors.New("the scenario did not end in time"))
	defer cancel()
	s, end, err := o.prepare(ctx, name)
	if err != nil {
		return Result{}, err
	}
	looping, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.pool.run(looping) }()
	err = s.runSteps(ctx, name)
	stop()
	err = errors.Join(err, <-ended)
	end()
	return s.result, err
}

// runSteps connects the phones, runs the scenario and checks the views.
func (s *scenarioRun) runSteps(ctx context.Context, name string) error {
	for _, act := range []func(context.Context) error{s.connect, s.scenario(name), s.checkViews} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

// prepare makes the target, the pool and the meter. The caller must call end.
func (o Options) prepare(ctx context.Context, name string) (s *scenarioRun, end func(), err error) {
	s = &scenarioRun{Options: o, result: Result{Scenario: name, Phones: o.Phones, Consoles: o.Consoles, Tuning: o.Tuning, Conditions: o.Conditions}}
	var phones []*phone
	var d dialect
	target := o.Chat
	if o.Chat != "" {
		chat, err := newChatTarget(ctx, o, name)
		if err != nil {
			return nil, nil, err
		}
		s.target, phones, d, end = chat, chat.phones, chatDialect(o.AcksTogether), chat.close
		s.dialConsoles, s.consoleFrames = func(context.Context) error { return nil }, func() int { return 0 }
		s.result.Server = "chat"
	} else {
		event, err := newFloorTarget(ctx, o)
		if err != nil {
			return nil, nil, err
		}
		target = o.Targets[len(o.Targets)-1]
		s.target, phones, end = event, event.phones, event.close
		s.dialConsoles = func(ctx context.Context) error { return event.dialConsoles(ctx, o.Consoles) }
		s.consoleFrames = event.consoleFrames
		d = floorDialect(event.event, event.viewAPI.server[len("http://"):])
		s.result.Server = "matchfloor"
		s.meter.http = event.viewAPI.http
	}
	s.meter.pids, s.meter.targets = o.PIDs, o.Targets
	server, err := addressOf(ctx, target)
	if err == nil {
		s.pool, err = newPool(server, d, phones, o)
	}
	if err != nil {
		end()
		return nil, nil, err
	}
	return s, end, nil
}

// connect connects all phones and measures how fast. With Fresh, the servers are new
// processes that have done nothing but open the event.
func (s *scenarioRun) connect(ctx context.Context) error {
	if s.Fresh != nil {
		if err := s.Fresh(ctx); err != nil {
			return err
		}
	}
	if err := s.dialConsoles(ctx); err != nil {
		return err
	}
	if err := s.beginMeasure(ctx); err != nil {
		return err
	}
	from, to, err := s.pool.await(ctx, s.pool.phones, s.enqueue, isLive)
	if err != nil {
		return fmt.Errorf("connect the phones: %w", err)
	}
	s.result.ConnectsPerSecond = float64(len(s.pool.phones)) / to.Sub(from).Seconds()
	return nil
}

// enqueue makes a phone connect. It must be called on the loop of the pool.
func (s *scenarioRun) enqueue(p *phone) {
	p.dialAt = time.Time{}
	s.pool.toDial = append(s.pool.toDial, p)
}

func isLive(p *phone) bool { return p.state == live && p.exists }

// beginMeasure begins a measurement.
func (s *scenarioRun) beginMeasure(ctx context.Context) (err error) {
	if s.usageBefore, err = s.meter.usage(ctx); err != nil {
		return err
	}
	s.startedAt, s.changes = time.Now(), nil
	return s.pool.onLoop(ctx, func() {
		s.deliveriesBefore = s.pool.counters.deliveries + s.consoleFrames()
		s.bytesBefore, s.framesBefore = s.pool.counters.bytes, s.pool.counters.frames
		s.pool.longestPause = 0
		for _, p := range s.pool.phones {
			p.arrivals = p.arrivals[:0]
			if s.AcksTogether && p.state == live {
				p.unacked, p.unackedBytes, p.ackDue = 0, 0, time.Time{}
			}
		}
	})
}

// endMeasure ends the measurement and fills in the result.
func (s *scenarioRun) endMeasure(ctx context.Context) error {
	after, err := s.meter.usage(ctx)
	if err != nil {
		return err
	}
	r := &s.result
	r.Seconds = time.Since(s.startedAt).Seconds()
	r.ServerCPU = (after.cpu - s.usageBefore.cpu).Seconds()
	r.Commands = len(s.changes)
	r.CommandsPerSecond = float64(r.Commands) / r.Seconds
	if r.Commands > 0 {
		r.CPUCommand = 1e6 * r.ServerCPU / float64(r.Commands)
	}
	return s.pool.onLoop(ctx, func() {
		r.Deliveries = s.pool.counters.deliveries + s.consoleFrames() - s.deliveriesBefore
		if r.Deliveries > 0 {
			r.CPUDelivery = 1e6 * r.ServerCPU / float64(r.Deliveries)
		}
		if n := s.pool.counters.frames - s.framesBefore; n > 0 {
			r.FrameBytes = (s.pool.counters.bytes - s.bytesBefore) / n
		}
		r.OwnPause = millis(s.pool.longestPause)
		var took []time.Duration
		took, r.Lost = latencies(s.changes, s.pool.phones, nil)
		r.Latency = latencyOf(took)
	})
}

// checkViews compares all views with the server's.
func (s *scenarioRun) checkViews(ctx context.Context) error {
	now, err := s.meter.usage(ctx)
	if err != nil {
		return err
	}
	s.result.RSS = now.rss
	if s.result.Digests, err = s.target.check(ctx, s.pool); err != nil {
		return err
	}
	return s.pool.onLoop(ctx, func() { s.result.Broken, s.result.Reasons = s.pool.counters.broken, s.pool.counters.reasons })
}

// waitForAll waits until all phones have reached a sequence.
func (s *scenarioRun) waitForAll(ctx context.Context, seq uint64) error {
	_, _, err := s.pool.await(ctx, s.pool.phones, func(*phone) {}, func(p *phone) bool { return p.at.Seq >= seq })
	if err != nil {
		return fmt.Errorf("not all phones reached sequence %d: %w", seq, err)
	}
	return nil
}

// runAtRate calls do at a rate for a duration, and collects the changes. It does so from as many
// goroutines as there are consoles, or from maxRequests with Post.
func (s *scenarioRun) runAtRate(ctx context.Context, rate int, last time.Duration, do func(ctx context.Context, i int) (change, error)) error {
	begun := time.Now()
	total := int(float64(rate) * last.Seconds())
	senders := s.Consoles
	if s.Post {
		senders = maxRequests
	}
	made := make([][]change, senders)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	for c := range senders {
		all.Go(func() {
			for i := c; i < total; i += senders {
				if !sleepUntil(ctx, begun.Add(time.Duration(i)*time.Second/time.Duration(rate))) {
					return
				}
				done, err := do(ctx, i)
				if err != nil {
					cancel(err)
					return
				}
				made[c] = append(made[c], done)
			}
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for _, m := range made {
		s.changes = append(s.changes, m...)
	}
	return nil
}
