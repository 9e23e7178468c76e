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
	probePace = 2 * time.Second         // a message to ourselves, so that there always is one
	probeTime = 500 * time.Millisecond  // for sending it: a connection that is dead must not hold up a new one
	silence   = 4500 * time.Millisecond // without any, the subscription is dead: noticed within 5 s

	// Between two tries to connect: doubled from the one to the other.
	minPause = 50 * time.Millisecond
	maxPause = 2 * time.Second
)

// Watch implements journal.Journal. All watches of a Journal share one
// subscription. It survives the loss of its connection, and a connection that
// no longer delivers though it looks alive; after either, an empty hint comes
// once the next one stands.
func (j *Journal) Watch(ctx context.Context, log journal.LogID, hint func([]journal.Record)) error {
	if err := log.Check(); err != nil {
		return err
	}
	joined := func() { j.watched.join(log) }
	defer j.watched.leave(log)
	return j.hints.Watch(ctx, log, joined, 0, nil, hint)
}

// subscription keeps one pub/sub connection subscribed to what is watched.
type subscription struct {
	client redis.UniversalClient
	prefix string
	hints  *journal.Hints
	ctx    context.Context // ends with close
	stop   context.CancelFunc
	begun  sync.Once
	ended  sync.WaitGroup
	change chan struct{} // one slot: what is watched has changed

	probePace, silence time.Duration // shorter in tests; set before the first join

	mu      sync.Mutex // guards what follows
	closed  bool
	watches map[journal.LogID]int  // how many watches each log has
	stands  map[journal.LogID]bool // whether Redis has confirmed its channel
	current *redis.PubSub          // nil between two connections
}

func newSubscription(client redis.UniversalClient, prefix string, hints *journal.Hints) *subscription {
	s := &subscription{
		client: client, prefix: prefix, hints: hints,
		change: make(chan struct{}, 1),

		probePace: probePace, silence: silence,

		watches: make(map[journal.LogID]int),
		stands:  make(map[journal.LogID]bool),
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// join adds a watch of log, which already receives what is posted. Its first,
// empty hint comes with the confirmation of the channel.
func (s *subscription) join(log journal.LogID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watches[log]++
	if s.stands[log] {
		s.hints.Post(log, nil)
	}
	if !s.closed {
		s.begun.Do(func() { s.ended.Go(s.run) })
	}
	s.kick()
}

func (s *subscription) leave(log journal.LogID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watches[log]--; s.watches[log] == 0 {
		delete(s.watches, log)
	}
	s.kick()
}

func (s *subscription) kick() {
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
		_ = s.current.Close() // wakes the reader; nothing is lost by an error
	}
	s.mu.Unlock()
	s.ended.Wait()
}

// run keeps making connections until close; none while nothing is watched.
func (s *subscription) run() {
	pause := minPause
	for {
		for !s.wanted() {
			select {
			case <-s.ctx.Done():
				return
			case <-s.change:
			}
		}
		began := time.Now()
		s.connect()
		if time.Since(began) > maxPause {
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

// wanted reports whether anything is watched.
func (s *subscription) wanted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.watches) > 0
}

// connect lives through one connection: this goroutine reads, another one
// subscribes and probes. The first of them that fails ends both.
func (s *subscription) connect() {
	pubsub := s.client.Subscribe(s.ctx)
	if !s.begin(pubsub) {
		return
	}
	ctx, cancel := context.WithCancel(s.ctx)
	var tending sync.WaitGroup
	tending.Go(func() {
		s.tend(ctx, pubsub)
		_ = pubsub.Close() // wakes the reader, which then ends this connection
	})
	s.receive(pubsub)
	cancel()
	_ = pubsub.Close() // a second time is no harm
	tending.Wait()
}

// begin makes pubsub the current connection, unless close was faster.
func (s *subscription) begin(pubsub *redis.PubSub) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = pubsub.Close() // it has no connection yet
		return false
	}
	s.current = pubsub
	clear(s.stands)
	return true
}

// receive posts what arrives until the connection fails or falls silent. It only
// posts, which never blocks: Redis drops subscribers that do not keep up.
func (s *subscription) receive(pubsub *redis.PubSub) {
	logs := make(map[string]journal.LogID)
	for {
		got, err := pubsub.ReceiveTimeout(s.ctx, s.silence)
		if err != nil {
			return
		}
		switch got := got.(type) {
		case *redis.Subscription:
			if got.Kind == "subscribe" {
				s.confirmed(got.Channel, logs)
			} else {
				delete(logs, got.Channel)
			}
		case *redis.Message:
			if log, ok := logs[got.Channel]; ok {
				s.hints.Post(log, decode(got.Payload))
			}
		}
	}
}

// confirmed notes that a channel is subscribed: from here on nothing is missed,
// what came before has to be looked for.
func (s *subscription) confirmed(name string, logs map[string]journal.LogID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for log := range s.watches {
		if channel(s.prefix, log) == name {
			logs[name] = log
			s.stands[log] = true
			s.hints.Post(log, nil)
			return
		}
	}
}

// tend keeps pubsub subscribed to what is watched and sends the probes, until
// ctx ends, a command fails, or nothing is watched any more.
func (s *subscription) tend(ctx context.Context, pubsub *redis.PubSub) {
	// A cluster's node is chosen by the first channel: another name each time tries
	// another one, should one be out of order.
	probe := s.prefix + "probe:" + rand.Text()
	if pubsub.Subscribe(ctx, probe) != nil {
		return
	}
	probes := time.NewTicker(s.probePace)
	defer probes.Stop()
	subscribed := make(map[string]bool)
	for {
		if s.follow(ctx, pubsub, subscribed) != nil || !s.wanted() {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-s.change:
		case <-probes.C:
			s.send(ctx, probe)
		}
	}
}

// send publishes a probe. One that fails is one that does not arrive: silence tells.
func (s *subscription) send(ctx context.Context, probe string) {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	_ = s.client.Publish(ctx, probe, "").Err()
}

// follow subscribes to the channels that are watched and not subscribed, and
// leaves the others. Only tend calls it, so the commands keep their order.
func (s *subscription) follow(ctx context.Context, pubsub *redis.PubSub, subscribed map[string]bool) error {
	join, drop := s.plan(subscribed)
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

// plan answers which channels to join and to drop, and notes them in subscribed.
func (s *subscription) plan(subscribed map[string]bool) (join, drop []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	wanted := make(map[string]bool, len(s.watches))
	for log := range s.watches {
		name := channel(s.prefix, log)
		wanted[name] = true
		if !subscribed[name] {
			join = append(join, name)
			subscribed[name] = true
		}
	}
	for _, name := range slices.Collect(maps.Keys(subscribed)) {
		if !wanted[name] {
			drop = append(drop, name)
			delete(subscribed, name)
		}
	}
	for log := range s.stands {
		if s.watches[log] == 0 {
			delete(s.stands, log)
		}
	}
	return join, drop
}
