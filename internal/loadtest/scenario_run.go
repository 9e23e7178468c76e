//go:build linux

package loadtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// scene is one scenario under way.
type scene struct {
	Options
	stage  stage
	pool   *pool
	meter  meter
	open   func(context.Context) error // connects the consoles
	result Result
	made   []change

	begun     time.Time
	before    usage
	delivered int // by phones and consoles, when measuring began
	bytes     int
	frames    int
}

// patience bounds a whole scenario, beside the time that it is to last.
const patience = 5 * time.Minute

// play plays one scenario on an event of its own.
func (o Options) play(ctx context.Context, name string) (Result, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience+o.Lasting+o.Settle, errors.New("it took too long"))
	defer cancel()
	s, end, err := o.set(ctx, name)
	if err != nil {
		return Result{}, err
	}
	looping, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.pool.run(looping) }()
	err = s.acts(ctx, name)
	stop()
	err = errors.Join(err, <-ended)
	end()
	return s.result, err
}

// acts are what every scenario has in common, around what it does.
func (s *scene) acts(ctx context.Context, name string) error {
	for _, act := range []func(context.Context) error{s.connect, s.scenario(name), s.finish} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

// set makes the stage, the pool and the meter. end takes them down again.
func (o Options) set(ctx context.Context, name string) (s *scene, end func(), err error) {
	s = &scene{Options: o, result: Result{Scenario: name, Phones: o.Phones, Consoles: o.Consoles}}
	var phones []*phone
	var d dialect
	target := o.Chat
	if o.Chat != "" {
		chat, err := openChat(ctx, o, name)
		if err != nil {
			return nil, nil, err
		}
		s.stage, phones, d, end = chat, chat.phones, chatDialect(), chat.close
		s.open = func(context.Context) error { return nil }
		s.result.Server = "chat"
	} else {
		event, err := makeEvent(ctx, o)
		if err != nil {
			return nil, nil, err
		}
		target = o.Targets[len(o.Targets)-1]
		s.stage, phones, s.open, end = event, event.phones, event.open, event.close
		d = floorDialect(event.event, event.view.target[len("http://"):])
		s.result.Server = "matchfloor"
		s.meter.http = event.view.http
	}
	s.meter.pids, s.meter.targets = o.PIDs, o.Targets
	server, err := addressOf(ctx, target)
	if err == nil {
		s.pool, err = newPool(server, d, phones, o.Rest)
	}
	if err != nil {
		end()
		return nil, nil, err
	}
	return s, end, nil
}

// connect brings everybody in, and tells how fast. With Fresh the server is a new
// process that has done nothing but open the event.
func (s *scene) connect(ctx context.Context) error {
	if s.Fresh != nil {
		if err := s.Fresh(ctx); err != nil {
			return err
		}
	}
	if err := s.open(ctx); err != nil {
		return err
	}
	if err := s.measure(ctx); err != nil {
		return err
	}
	from, to, err := s.pool.reach(ctx, s.pool.phones, s.come, isLive)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	s.result.ConnectsPerSecond = float64(len(s.pool.phones)) / to.Sub(from).Seconds()
	return nil
}

// come has a phone connect; the pool's loop calls it.
func (s *scene) come(p *phone) {
	p.dialAt = time.Time{}
	s.pool.queue = append(s.pool.queue, p)
}

func isLive(p *phone) bool { return p.state == live && p.kept }

// measure begins what is measured.
func (s *scene) measure(ctx context.Context) (err error) {
	if s.before, err = s.meter.usage(ctx); err != nil {
		return err
	}
	s.begun, s.made = time.Now(), nil
	return s.pool.do(ctx, func() {
		s.delivered = s.pool.tally.deliveries + s.stage.seen()
		s.bytes, s.frames = s.pool.tally.bytes, s.pool.tally.frames
		s.pool.pause = 0
		for _, p := range s.pool.phones {
			p.arrivals = p.arrivals[:0]
		}
	})
}

// measured ends it: the sums go into the result.
func (s *scene) measured(ctx context.Context) error {
	after, err := s.meter.usage(ctx)
	if err != nil {
		return err
	}
	r := &s.result
	r.Seconds = time.Since(s.begun).Seconds()
	r.ServerCPU = (after.cpu - s.before.cpu).Seconds()
	r.Commands = len(s.made)
	r.CommandsPerSecond = float64(r.Commands) / r.Seconds
	if r.Commands > 0 {
		r.CPUCommand = 1e6 * r.ServerCPU / float64(r.Commands)
	}
	return s.pool.do(ctx, func() {
		r.Deliveries = s.pool.tally.deliveries + s.stage.seen() - s.delivered
		if r.Deliveries > 0 {
			r.CPUDelivery = 1e6 * r.ServerCPU / float64(r.Deliveries)
		}
		if n := s.pool.tally.frames - s.frames; n > 0 {
			r.FrameBytes = (s.pool.tally.bytes - s.bytes) / n
		}
		r.OwnPause = millis(s.pool.pause)
		var took []time.Duration
		took, r.Lost = latencies(s.made, s.pool.phones, nil)
		r.Latency = latencyOf(took)
	})
}

// finish checks what everybody holds.
func (s *scene) finish(ctx context.Context) error {
	now, err := s.meter.usage(ctx)
	if err != nil {
		return err
	}
	s.result.RSS = now.rss
	if s.result.Digests, err = s.stage.check(ctx, s.pool); err != nil {
		return err
	}
	return s.pool.do(ctx, func() { s.result.Broken, s.result.Reasons = s.pool.tally.broken, s.pool.tally.reasons })
}

// everyone waits until all phones have come to the sequence number.
func (s *scene) everyone(ctx context.Context, seq uint64) error {
	_, _, err := s.pool.reach(ctx, s.pool.phones, func(*phone) {}, func(p *phone) bool { return p.at.Seq >= seq })
	if err != nil {
		return fmt.Errorf("not everybody was sent %d: %w", seq, err)
	}
	return nil
}

// paced calls do at a rate for a while, from as many goroutines as there are
// consoles, and keeps the changes.
func (s *scene) paced(ctx context.Context, rate int, last time.Duration, do func(ctx context.Context, i int) (change, error)) error {
	begun := time.Now()
	total := int(float64(rate) * last.Seconds())
	made := make([][]change, s.Consoles)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	for c := range s.Consoles {
		all.Go(func() {
			for i := c; i < total; i += s.Consoles {
				if !until(ctx, begun.Add(time.Duration(i)*time.Second/time.Duration(rate))) {
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
		s.made = append(s.made, m...)
	}
	return nil
}
