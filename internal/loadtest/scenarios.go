//go:build linux

package loadtest

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// The sizes of scenarios.
const (
	slotsPlayed  = 20                    // starts and ends in broadcast
	slotPause    = 50 * time.Millisecond // after everybody has the one before
	stormChanges = 5
	slowShare    = 20 // one in
	largeEvery   = 500 * time.Millisecond
	dayRate      = 20 // changes a second
	slotEvery    = 3  // seconds: in day, a round starts or ends
	crossRate    = 50
	quietChanges = 6 // large ones, before anybody stops reading
)

// scenario answers what a scenario does when everybody is there.
func (s *scene) scenario(name string) func(context.Context) error {
	return map[string]func(context.Context) error{
		"idle": s.idle, "broadcast": s.broadcast, "personal": s.personal, "storm": s.storm,
		"slow": s.slow, "day": s.day, "cross": s.cross,
	}[name]
}

// idle waits until memory has settled; what it grew by since before anybody
// connected is the connections'.
func (s *scene) idle(ctx context.Context) error {
	if !until(ctx, time.Now().Add(s.Settle)) {
		return context.Cause(ctx)
	}
	after, err := s.meter.usage(ctx)
	if err != nil {
		return err
	}
	kernel, err := socketMemory()
	if err != nil {
		return err
	}
	n := float64(len(s.pool.phones))
	s.result.RSSConnection = float64(after.rss-s.before.rss) / n
	s.result.KernelSocket = float64(kernel) / n
	s.result.Seconds = time.Since(s.begun).Seconds()
	s.result.ServerCPU = (after.cpu - s.before.cpu).Seconds()
	return nil
}

// broadcast starts and ends rounds, each when everybody has seen the one before.
func (s *scene) broadcast(ctx context.Context) error {
	if err := s.measure(ctx); err != nil {
		return err
	}
	for range slotsPlayed {
		c, err := s.stage.slot(ctx)
		if err != nil {
			return err
		}
		s.made = append(s.made, c)
		if err := s.everyone(ctx, c.seq); err != nil {
			return err
		}
		if !until(ctx, time.Now().Add(slotPause)) {
			return context.Cause(ctx)
		}
	}
	return s.measured(ctx)
}

// personal moves meetings at a rate, while a round runs.
func (s *scene) personal(ctx context.Context) error {
	c, err := s.stage.slot(ctx)
	if err != nil {
		return err
	}
	if err := s.everyone(ctx, c.seq); err != nil {
		return err
	}
	return s.moves(ctx, s.Rate)
}

// cross moves meetings gently: what counts is how long each takes.
func (s *scene) cross(ctx context.Context) error { return s.moves(ctx, crossRate) }

func (s *scene) moves(ctx context.Context, rate int) error {
	if err := s.measure(ctx); err != nil {
		return err
	}
	if err := s.paced(ctx, rate, s.Lasting, s.stage.move); err != nil {
		return err
	}
	if err := s.seen(ctx); err != nil {
		return err
	}
	return s.measured(ctx)
}

// seen waits until every phone has been sent the last change that concerns it.
func (s *scene) seen(ctx context.Context) error {
	last := map[*phone]uint64{}
	var phones []*phone
	for _, c := range s.made {
		for _, p := range c.phones {
			if last[p] == 0 {
				phones = append(phones, p)
			}
			last[p] = max(last[p], c.seq)
		}
	}
	if len(phones) == 0 {
		return nil
	}
	_, _, err := s.pool.reach(ctx, phones, func(*phone) {}, func(p *phone) bool { return p.at.Seq >= last[p] })
	return err
}

// storm drops everybody, changes something, and has all return at once, without
// the pauses that phones make, which would only make it easier.
func (s *scene) storm(ctx context.Context) error {
	if err := s.pool.do(ctx, func() {
		for _, p := range s.pool.phones {
			s.pool.hangUp(p)
		}
	}); err != nil {
		return err
	}
	if err := s.measure(ctx); err != nil {
		return err
	}
	slot, err := s.stage.slot(ctx)
	if err != nil {
		return err
	}
	head := slot.seq
	for i := range stormChanges - 1 {
		c, err := s.stage.move(ctx, i)
		if err != nil {
			return err
		}
		head = max(head, c.seq)
	}
	if s.Chat != "" {
		head = 0 // such a hub has no memory
	}
	from, to, err := s.pool.reach(ctx, s.pool.phones, s.come, func(p *phone) bool { return p.state == live && p.at.Seq >= head })
	if err != nil {
		return err
	}
	s.result.LastWhole = millis(to.Sub(from))
	s.result.ConnectsPerSecond = float64(len(s.pool.phones)) / to.Sub(from).Seconds()
	return s.measured(ctx)
}

// slow has one phone in twenty stop reading while everybody is sent large changes.
func (s *scene) slow(ctx context.Context) error {
	if err := s.measure(ctx); err != nil {
		return err
	}
	for range quietChanges {
		if err := s.largeChange(ctx, s.pool.phones); err != nil {
			return err
		}
	}
	if err := s.measured(ctx); err != nil {
		return err
	}
	s.result.QuietLatency = s.result.Latency
	stopped, others := s.stop(), []*phone(nil)
	for _, p := range s.pool.phones {
		if !stopped[p] {
			others = append(others, p)
		}
	}
	before, err := socketMemory()
	if err != nil {
		return err
	}
	if err := errors.Join(s.pool.do(ctx, func() { each(stopped, s.pool.stall) }), s.measure(ctx)); err != nil {
		return err
	}
	most := before
	for end := time.Now().Add(s.Lasting); time.Now().Before(end); {
		if err := s.largeChange(ctx, others); err != nil {
			return err
		}
		now, err := socketMemory()
		if err != nil {
			return err
		}
		most = max(most, now)
	}
	s.result.KernelSocket = float64(most-before) / float64(len(stopped))
	return s.goOn(ctx, stopped)
}

// stop picks who is to stop reading.
func (s *scene) stop() map[*phone]bool {
	stopped := map[*phone]bool{}
	for _, p := range pick(s.pool.phones, slowShare) {
		stopped[p] = true
	}
	return stopped
}

func each(phones map[*phone]bool, do func(*phone)) {
	for p := range phones {
		do(p)
	}
}

// goOn has the stopped phones read again, and measures the others.
func (s *scene) goOn(ctx context.Context, stopped map[*phone]bool) error {
	if err := s.pool.do(ctx, func() { each(stopped, s.pool.unstall) }); err != nil {
		return err
	}
	if err := s.everyone(ctx, s.made[len(s.made)-1].seq); err != nil {
		return err
	}
	if err := s.measured(ctx); err != nil {
		return err
	}
	return s.pool.do(ctx, func() {
		took, _ := latencies(s.made, s.pool.phones, func(p *phone) bool { return !stopped[p] })
		s.result.OtherLatency = latencyOf(took)
	})
}

// largeChange makes large changes and waits until phones have them, and for a
// while.
func (s *scene) largeChange(ctx context.Context, phones []*phone) error {
	next := time.Now().Add(largeEvery)
	made, err := s.stage.large(ctx)
	if err != nil {
		return err
	}
	s.made = append(s.made, made...)
	head := made[len(made)-1].seq
	if _, _, err := s.pool.reach(ctx, phones, func(*phone) {}, func(p *phone) bool { return p.at.Seq >= head }); err != nil {
		return err
	}
	if !until(ctx, next) {
		return context.Cause(ctx)
	}
	return nil
}

// day mixes everything, while phones leave and come back.
func (s *scene) day(ctx context.Context) error {
	if err := s.measure(ctx); err != nil {
		return err
	}
	err := s.paced(ctx, dayRate, s.Lasting, func(ctx context.Context, i int) (change, error) {
		if err := s.comeAndGo(ctx); err != nil {
			return change{}, err
		}
		if i%(slotEvery*dayRate) == dayRate/2 {
			c, err := s.stage.slot(ctx)
			if !errors.Is(err, errNoMore) {
				return c, err
			}
		}
		return s.stage.move(ctx, i)
	})
	if err != nil {
		return err
	}
	if _, _, err := s.pool.reach(ctx, s.pool.phones, func(*phone) {}, isLive); err != nil {
		return err
	}
	if s.Chat == "" { // whose phones miss what is sent while they are away
		err = s.seen(ctx)
	}
	return errors.Join(err, s.measured(ctx))
}

// comeAndGo breaks one phone's connection, which it makes anew: with what it holds,
// or having lost it.
func (s *scene) comeAndGo(ctx context.Context) error {
	return s.pool.do(ctx, func() {
		p := s.pool.phones[rand.IntN(len(s.pool.phones))]
		if p.state != live {
			return
		}
		if s.Chat == "" && rand.IntN(4) == 0 {
			p.view, p.subjects = view{}, ""
		}
		s.pool.hangUp(p)
		s.come(p)
	})
}

// pick answers every n-th of phones, from a random one on.
func pick(phones []*phone, n int) (picked []*phone) {
	for i := rand.IntN(n); i < len(phones); i += n {
		picked = append(picked, phones[i])
	}
	return picked
}
