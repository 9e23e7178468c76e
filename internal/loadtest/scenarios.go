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
	broadcastSlots     = 20                    // starts and ends in broadcast
	slotPause          = 50 * time.Millisecond // after all phones have received the one before
	stormChanges       = 5
	slowOneIn          = 20 // one phone in so many stops reading
	largeInterval      = 500 * time.Millisecond
	dayMoveRate        = 20 // changes a second
	daySlotInterval    = 3  // seconds between two starts or ends of rounds in day
	crossMoveRate      = 50
	largeChangesBefore = 6 // before phones stop reading
)

// scenario returns the function that runs the scenario of a name, after all phones have
// connected.
func (s *scenarioRun) scenario(name string) func(context.Context) error {
	return map[string]func(context.Context) error{
		"idle": s.idle, "broadcast": s.broadcast, "personal": s.personal, "one": s.one, "storm": s.storm,
		"slow": s.slow, "day": s.day, "cross": s.cross,
	}[name]
}

// idle waits until memory has settled. Its growth since before the connections is attributed
// to them.
func (s *scenarioRun) idle(ctx context.Context) error {
	if !sleepUntil(ctx, time.Now().Add(s.Settle)) {
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
	s.result.RSSConnection = float64(after.rss-s.usageBefore.rss) / n
	s.result.KernelSocket = float64(kernel) / n
	s.result.Seconds = time.Since(s.startedAt).Seconds()
	s.result.ServerCPU = (after.cpu - s.usageBefore.cpu).Seconds()
	return nil
}

// broadcast starts and ends rounds: each after all phones have received the one before, or,
// with Every, when it is time.
func (s *scenarioRun) broadcast(ctx context.Context) error {
	if err := s.beginMeasure(ctx); err != nil {
		return err
	}
	if s.Every > 0 {
		return s.broadcastAtRate(ctx)
	}
	for range broadcastSlots {
		c, err := s.target.slot(ctx)
		if err != nil {
			return err
		}
		s.changes = append(s.changes, c)
		if err := s.waitForAll(ctx, c.seq); err != nil {
			return err
		}
		if !sleepUntil(ctx, time.Now().Add(slotPause)) {
			return context.Cause(ctx)
		}
	}
	return s.endMeasure(ctx)
}

// broadcastAtRate starts and ends rounds at a rate.
func (s *scenarioRun) broadcastAtRate(ctx context.Context) error {
	for i := range broadcastSlots {
		if !sleepUntil(ctx, s.startedAt.Add(time.Duration(i)*s.Every)) {
			return context.Cause(ctx)
		}
		c, err := s.target.slot(ctx)
		if err != nil {
			return err
		}
		s.changes = append(s.changes, c)
	}
	if err := s.waitForAll(ctx, s.changes[len(s.changes)-1].seq); err != nil {
		return err
	}
	return s.endMeasure(ctx)
}

// personal moves meetings at a rate, while a round runs.
func (s *scenarioRun) personal(ctx context.Context) error {
	c, err := s.target.slot(ctx)
	if err != nil {
		return err
	}
	if err := s.waitForAll(ctx, c.seq); err != nil {
		return err
	}
	return s.measureAtRate(ctx, s.Rate, s.Duration, s.target.move)
}

// one checks attendees in at a rate, until the duration is over or all are checked in.
func (s *scenarioRun) one(ctx context.Context) error {
	all := time.Duration(s.Phones) * time.Second / time.Duration(s.Rate)
	return s.measureAtRate(ctx, s.Rate, min(s.Duration, all), s.target.one)
}

// cross moves meetings at a low rate, to measure latency without load.
func (s *scenarioRun) cross(ctx context.Context) error {
	return s.measureAtRate(ctx, crossMoveRate, s.Duration, s.target.move)
}

// measureAtRate calls do at a rate, and measures until every phone has what concerns it.
func (s *scenarioRun) measureAtRate(ctx context.Context, rate int, last time.Duration, do func(ctx context.Context, i int) (change, error)) error {
	if err := s.beginMeasure(ctx); err != nil {
		return err
	}
	if err := s.runAtRate(ctx, rate, last, do); err != nil {
		return err
	}
	if err := s.waitForAffected(ctx); err != nil {
		return err
	}
	return s.endMeasure(ctx)
}

// waitForAffected waits until every phone has received the last change that concerns it.
func (s *scenarioRun) waitForAffected(ctx context.Context) error {
	last := map[*phone]uint64{}
	var phones []*phone
	for _, c := range s.changes {
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
	_, _, err := s.pool.await(ctx, phones, func(*phone) {}, func(p *phone) bool { return p.at.Seq >= last[p] })
	return err
}

// storm breaks all connections, changes something, and makes all phones return at once:
// without the pauses of the protocol, which would reduce the load.
func (s *scenarioRun) storm(ctx context.Context) error {
	if err := s.pool.onLoop(ctx, func() {
		for _, p := range s.pool.phones {
			s.pool.hangUp(p)
		}
	}); err != nil {
		return err
	}
	if err := errors.Join(s.beginMeasure(ctx), s.meter.resetPeak()); err != nil {
		return err
	}
	slot, err := s.target.slot(ctx)
	if err != nil {
		return err
	}
	head := slot.seq
	for i := range stormChanges - 1 {
		c, err := s.target.move(ctx, i)
		if err != nil {
			return err
		}
		head = max(head, c.seq)
	}
	if s.Chat != "" {
		head = 0 // the hub keeps no history
	}
	from, to, err := s.pool.await(ctx, s.pool.phones, s.enqueue, func(p *phone) bool { return p.state == live && p.at.Seq >= head })
	if err != nil {
		return err
	}
	s.result.LastWhole = millis(to.Sub(from))
	if s.result.PeakRSS, err = s.meter.peak(); err != nil {
		return err
	}
	s.result.ConnectsPerSecond = float64(len(s.pool.phones)) / to.Sub(from).Seconds()
	return s.endMeasure(ctx)
}

// slow makes one phone in twenty stop reading while large changes go to every phone.
func (s *scenarioRun) slow(ctx context.Context) error {
	if err := s.beginMeasure(ctx); err != nil {
		return err
	}
	for range largeChangesBefore {
		if err := s.largeChange(ctx, s.pool.phones); err != nil {
			return err
		}
	}
	if err := s.endMeasure(ctx); err != nil {
		return err
	}
	s.result.QuietLatency = s.result.Latency
	stopped, others := s.pickStopped(), []*phone(nil)
	for _, p := range s.pool.phones {
		if !stopped[p] {
			others = append(others, p)
		}
	}
	before, err := socketMemory()
	if err != nil {
		return err
	}
	if err := errors.Join(s.pool.onLoop(ctx, func() { each(stopped, s.pool.pauseReading) }), s.beginMeasure(ctx)); err != nil {
		return err
	}
	most := before
	for end := time.Now().Add(s.Duration); time.Now().Before(end); {
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
	return s.resumeStopped(ctx, stopped)
}

// pickStopped picks the phones that stop reading.
func (s *scenarioRun) pickStopped() map[*phone]bool {
	stopped := map[*phone]bool{}
	for _, p := range pick(s.pool.phones, slowOneIn) {
		stopped[p] = true
	}
	return stopped
}

func each(phones map[*phone]bool, do func(*phone)) {
	for p := range phones {
		do(p)
	}
}

// resumeStopped makes the stopped phones read again, and measures the others.
func (s *scenarioRun) resumeStopped(ctx context.Context, stopped map[*phone]bool) error {
	if err := s.pool.onLoop(ctx, func() { each(stopped, s.pool.resumeReading) }); err != nil {
		return err
	}
	if err := s.waitForAll(ctx, s.changes[len(s.changes)-1].seq); err != nil {
		return err
	}
	if err := s.endMeasure(ctx); err != nil {
		return err
	}
	return s.pool.onLoop(ctx, func() {
		took, _ := latencies(s.changes, s.pool.phones, func(p *phone) bool { return !stopped[p] })
		s.result.OtherLatency = latencyOf(took)
	})
}

// largeChange makes large changes, and waits until the phones have received them and
// largeInterval has passed.
func (s *scenarioRun) largeChange(ctx context.Context, phones []*phone) error {
	next := time.Now().Add(largeInterval)
	made, err := s.target.large(ctx)
	if err != nil {
		return err
	}
	s.changes = append(s.changes, made...)
	head := made[len(made)-1].seq
	if _, _, err := s.pool.await(ctx, phones, func(*phone) {}, func(p *phone) bool { return p.at.Seq >= head }); err != nil {
		return err
	}
	if !sleepUntil(ctx, next) {
		return context.Cause(ctx)
	}
	return nil
}

// day mixes rounds and moves while phones disconnect and return.
func (s *scenarioRun) day(ctx context.Context) error {
	if err := s.beginMeasure(ctx); err != nil {
		return err
	}
	err := s.runAtRate(ctx, dayMoveRate, s.Duration, func(ctx context.Context, i int) (change, error) {
		if err := s.reconnectOne(ctx); err != nil {
			return change{}, err
		}
		if i%(daySlotInterval*dayMoveRate) == dayMoveRate/2 {
			c, err := s.target.slot(ctx)
			if !errors.Is(err, errNoMoreRounds) {
				return c, err
			}
		}
		return s.target.move(ctx, i)
	})
	if err != nil {
		return err
	}
	if _, _, err := s.pool.await(ctx, s.pool.phones, func(*phone) {}, isLive); err != nil {
		return err
	}
	if s.Chat == "" { // the phones of a chat-style hub miss what is sent while they are disconnected
		err = s.waitForAffected(ctx)
	}
	return errors.Join(err, s.endMeasure(ctx))
}

// reconnectOne breaks a phone's connection, which the phone makes again: one in four without
// its view.
func (s *scenarioRun) reconnectOne(ctx context.Context) error {
	return s.pool.onLoop(ctx, func() {
		p := s.pool.phones[rand.IntN(len(s.pool.phones))]
		if p.state != live {
			return
		}
		if s.Chat == "" && rand.IntN(4) == 0 {
			p.phoneView, p.subjects = phoneView{}, ""
		}
		s.pool.hangUp(p)
		s.enqueue(p)
	})
}

// pick returns every n-th of the phones, beginning at a random one.
func pick(phones []*phone, n int) (picked []*phone) {
	for i := rand.IntN(n); i < len(phones); i += n {
		picked = append(picked, phones[i])
	}
	return picked
}
