package redisjournal

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/matchfloor/matchfloor/journal"
)

const (
	probeInterval = 2 * time.Second         // between messages to ourselves, which show that the connection works
	probeTimeout  = 500 * time.Millisecond  // for sending one: a dead connection must not delay a new one
	maxSilence    = 4500 * time.Millisecond // without any message: a dead subscription is noticed within 5 s

	// The pause between two attempts to connect is doubled from one to the next.
	minPause = 50 * time.Millisecond
	maxPause = 2 * time.Second
)

// subscription keeps one pub/sub connection subscribed to the channels of the watched logs.
type subscription struct {
	client redis.UniversalClient
	prefix string
	hints  *journal.Hints
	ctx    context.Context // ends with close
	stop   context.CancelFunc
	begun  sync.Once
	ended  sync.WaitGroup
	change chan struct{} // one slot: the set of watched logs has changed

	probeInterval, maxSilence time.Duration // shorter in tests; set before the first join

	mu         sync.Mutex // guards the fields below
	closed     bool
	watches    map[journal.LogID]int  // the number of watches of each log
	subscribed map[journal.LogID]bool // whether Redis has confirmed its channel
	current    *redis.PubSub          // nil between two connections
}

func newSubscription(client redis.UniversalClient, prefix string, hints *journal.Hints) *subscription {
	s := &subscription{
		client: client, prefix: prefix, hints: hints,
		change: make(chan struct{}, 1),

		probeInterval: probeInterval, maxSilence: maxSilence,

		watches:    make(map[journal.LogID]int),
		subscribed: make(map[journal.LogID]bool),
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// join adds a watch of log, which receives posts already. Its first, empty hint is posted when
// Redis confirms the channel, or at once if it has.
func (s *subscription) join(log journal.LogID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watches[log]++
	if s.subscribed[log] {
		s.hints.Post(log, nil)
	}
	if !s.closed {
		s.begun.Do(func() { s.ended.Go(s.run) })
	}
	s.wake()
}

// leave removes a watch of log.
func (s *subscription) leave(log journal.LogID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watches[log]--; s.watches[log] == 0 {
		delete(s.watches, log)
	}
	s.wake()
}

// wake tells the goroutines that the set of watched logs has changed.
func (s *subscription) wake() {
	select {
	case s.change <- struct{}{}:
	default:
	}
}

// close ends the subscription and waits for its goroutines.
func (s *subscription) close() {
	s.stop()
	s.mu.Lock()
	s.closed = true
	if s.current != nil {
		_ = s.current.Close() // unblocks the reader; an error loses nothing
	}
	s.mu.Unlock()
	s.ended.Wait()
}

// run makes one connection after the other until close; none while nothing is watched.
func (s *subscription) run() {
	pause := minPause
	for {
		for !s.hasWatches() {
			select {
			case <-s.ctx.Done():
				return
			case <-s.change:
			}
		}
		start := time.Now()
		s.serve()
		if time.Since(start) > maxPause {
			pause = minPause
		}
		select {
		case <-s.ctx.Done():
			return
		case <-time.After(pause):
			pause = min(2*pause, maxPause)
		}
	}
}

// hasWatches reports whether a log is watched.
func (s *subscription) hasWatches() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.watches) > 0
}

// serve uses one connection until it fails: this goroutine reads, another one subscribes and
// sends probes. The first of them that fails ends both.
func (s *subscription) serve() {
	pubsub := s.client.Subscribe(s.ctx)
	if !s.setCurrent(pubsub) {
		return
	}
	ctx, cancel := context.WithCancel(s.ctx)
	var maintaining sync.WaitGroup
	maintaining.Go(func() {
		s.maintain(ctx, pubsub)
		_ = pubsub.Close() // unblocks the reader, which then ends this connection
	})
	s.receive(pubsub)
	cancel()
	_ = pubsub.Close() // harmless if it is closed already
	maintaining.Wait()
}

// setCurrent makes pubsub the current connection. It returns false after close.
func (s *subscription) setCurrent(pubsub *redis.PubSub) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = pubsub.Close() // it has no connection yet
		return false
	}
	s.current = pubsub
	clear(s.subscribed)
	return true
}

// receive posts what arrives until the connection fails or is silent for maxSilence. It only
// posts, which never blocks, because Redis disconnects subscribers that are too slow.
func (s *subscription) receive(pubsub *redis.PubSub) {
	logs := make(map[string]journal.LogID)
	for {
		got, err := pubsub.ReceiveTimeout(s.ctx, s.maxSilence)
		if err != nil {
			return
		}
		switch got := got.(type) {
		case *redis.Subscription:
			if got.Kind == "subscribe" {
				s.confirm(got.Channel, logs)
			} else {
				delete(logs, got.Channel)
			}
		case *redis.Message:
			if log, ok := logs[got.Channel]; ok {
				s.hints.Post(log, decodeHint(got.Payload))
			}
		}
	}
}

// confirm records that Redis has subscribed a channel: from here on no message is missed, and an
// empty hint makes the watchers read what came before.
func (s *subscription) confirm(name string, logs map[string]journal.LogID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for log := range s.watches {
		if channelOf(s.prefix, log) == name {
			logs[name] = log
			s.subscribed[log] = true
			s.hints.Post(log, nil)
			return
		}
	}
}

// maintain keeps pubsub subscribed to the watched logs and sends the probes, until ctx ends, a
// command fails, or no log is watched any more.
func (s *subscription) maintain(ctx context.Context, pubsub *redis.PubSub) {
	// The library chooses the cluster's node by the first channel. A new name for each connection
	// chooses another node, in case one is out of order.
	probe := s.prefix + "probe:" + rand.Text()
	if pubsub.Subscribe(ctx, probe) != nil {
		return
	}
	probes := time.NewTicker(s.probeInterval)
	defer probes.Stop()
	channels := make(map[string]bool)
	for {
		if s.update(ctx, pubsub, channels) != nil || !s.hasWatches() {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-s.change:
		case <-probes.C:
			s.sendProbe(ctx, probe)
		}
	}
}

// sendProbe publishes a probe. A failure needs no handling: the probe does not arrive, and the
// silence is noticed.
func (s *subscription) sendProbe(ctx context.Context, probe string) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	_ = s.client.Publish(ctx, probe, "").Err()
}

// update subscribes to the channels that are watched and not in channels, and unsubscribes from
// those that are no longer watched. Only maintain calls it, so the commands keep their order.
func (s *subscription) update(ctx context.Context, pubsub *redis.PubSub, channels map[string]bool) error {
	join, drop := s.planUpdate(channels)
	if len(join) > 0 {
		if err := pubsub.Subscribe(ctx, join...); err != nil {
			return fmt.Errorf("subscribing: %w", err)
		}
	}
	if len(drop) > 0 {
		if err := pubsub.Unsubscribe(ctx, drop...); err != nil {
			return fmt.Errorf("unsubscribing: %w", err)
		}
	}
	return nil
}

// planUpdate returns the channels to join and to drop, and updates channels accordingly.
func (s *subscription) planUpdate(channels map[string]bool) (join, drop []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	watched := make(map[string]bool, len(s.watches))
	for log := range s.watches {
		name := channelOf(s.prefix, log)
		watched[name] = true
		if !channels[name] {
			join = append(join, name)
			channels[name] = true
		}
	}
	for _, name := range slices.Collect(maps.Keys(channels)) {
		if !watched[name] {
			drop = append(drop, name)
			delete(channels, name)
		}
	}
	for log := range s.subscribed {
		if s.watches[log] == 0 {
			delete(s.subscribed, log)
		}
	}
	return join, drop
}

// channelOf returns the name of the pub/sub channel of log.
func channelOf(prefix string, log journal.LogID) string { return prefix + "{" + string(log) + "}:new" }
