package redisjournal

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
)

const waitTimeout = 20 * time.Second

// relay is a TCP proxy whose open connections can become black pipes: they stay open, but pass
// no more data. New connections work, which toxiproxy cannot do: its toxics apply to all.
type relay struct {
	listener net.Listener
	to       string
	all      sync.WaitGroup

	mu    sync.Mutex // guards pipes, and dark of each
	pipes map[*pipe]struct{}
}

type pipe struct {
	client, server net.Conn
	dark           bool // a black hole; guarded by relay.mu
}

func startRelay(t *testing.T, to string) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{listener: listener, to: to, pipes: make(map[*pipe]struct{})}
	r.all.Go(r.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		r.mu.Lock()
		for h := range r.pipes {
			_, _ = h.client.Close(), h.server.Close()
		}
		r.mu.Unlock()
		r.all.Wait()
	})
	return r
}

func (r *relay) url() string { return "redis://" + r.listener.Addr().String() }

func (r *relay) accept() {
	for {
		client, err := r.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", r.to)
		if err != nil {
			_ = client.Close()
			continue
		}
		h := &pipe{client: client, server: server}
		r.mu.Lock()
		r.pipes[h] = struct{}{}
		r.mu.Unlock()
		r.all.Go(func() { r.pass(h, client, server) })
		r.all.Go(func() { r.pass(h, server, client) })
	}
}

func (r *relay) pass(h *pipe, from, to net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		r.mu.Lock()
		dark := h.dark
		r.mu.Unlock()
		if !dark {
			if _, writeErr := to.Write(buffer[:n]); writeErr != nil || errors.Is(err, io.EOF) {
				_ = to.Close()
			}
		}
		if err != nil {
			return
		}
	}
}

// darken makes every open connection a black hole.
func (r *relay) darken() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for h := range r.pipes {
		h.dark = true
	}
}

// watch starts a watch, which ends with the test, and returns a channel of its hints.
func watch(t *testing.T, j *Journal) <-chan []journal.Record {
	hints := make(chan []journal.Record, 100)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- j.Watch(ctx, theLog, func(records []journal.Record) {
			select {
			case hints <- records:
			default:
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return hints
}

// await returns once a hint passes want.
func await(t *testing.T, hints <-chan []journal.Record, what string, want func([]journal.Record) bool) {
	t.Helper()
	timeout := time.After(waitTimeout)
	for {
		select {
		case records := <-hints:
			if want(records) {
				return
			}
		case <-timeout:
			t.Fatalf("no hint of %s in %v", what, waitTimeout)
		}
	}
}

func empty(records []journal.Record) bool { return len(records) == 0 }

func holds(key journal.CommandKey) func([]journal.Record) bool {
	return func(records []journal.Record) bool { return len(records) > 0 && records[0].Key == key }
}

// A connection that is open but no longer delivers is noticed by its silence and replaced; then
// an empty hint follows.
func TestSubscription_ReplacesASilentConnection(t *testing.T) {
	silentSubscription(t, 50*time.Millisecond, 300*time.Millisecond)
}

func TestTortureSubscription_ReplacesASilentConnection(t *testing.T) {
	torture(t)
	for range 5 {
		silentSubscription(t, probeInterval, maxSilence)
	}
}

func silentSubscription(t *testing.T, probePace, silence time.Duration) {
	server := redistest.Start(t)
	proxy := startRelay(t, server.Addr)
	watching := openTest(t, proxy.url(), Options{})
	watching.sub.probeInterval, watching.sub.maxSilence = probePace, silence
	hints := watch(t, watching)
	await(t, hints, "the start of the watch", empty)
	writing := openTest(t, server.URL, Options{})
	at := mustAppend(t, writing, journal.Genesis(theLog, 1), "first")
	await(t, hints, "the first record", holds("first"))
	// The connection that sends the probes becomes a black hole too.
	if _, err := watching.Read(t.Context(), theLog, 0, 1); err != nil {
		t.Fatal(err)
	}
	proxy.darken()
	at = mustAppend(t, writing, at, "into the dark")
	start := time.Now()
	await(t, hints, "the new subscription", empty)
	noticed := time.Since(start)
	t.Logf("replaced after %v, with %v of silence allowed", noticed.Round(time.Millisecond), silence)
	if noticed > silence+time.Second {
		t.Error("that is too late")
	}
	mustAppend(t, writing, at, "again")
	await(t, hints, "a record on the new subscription", holds("again"))
}

// The probes keep an idle subscription from being replaced.
func TestSubscription_KeepsAnIdleConnection(t *testing.T) {
	j := openTest(t, redistest.Start(t).URL, Options{})
	j.sub.probeInterval, j.sub.maxSilence = 20*time.Millisecond, 400*time.Millisecond
	hints := watch(t, j)
	await(t, hints, "the start of the watch", empty)
	select {
	case records := <-hints:
		t.Errorf("a hint of %d records on an idle subscription", len(records))
	case <-time.After(2 * time.Second):
	}
}

func TestWatch_SurvivesARestart(t *testing.T) {
	server := redistest.Start(t)
	j := openTest(t, server.URL, Options{})
	hints := watch(t, j)
	await(t, hints, "the start of the watch", empty)
	at := mustAppend(t, j, journal.Genesis(theLog, 1), "first")
	await(t, hints, "the first record", holds("first"))
	server.Kill()
	server.Restart()
	await(t, hints, "the subscription after the restart", empty)
	at, err := appendUntilStored(t.Context(), j, at, "second")
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, j, at, "third")
	await(t, hints, "the third record", holds("third"))
}

// The channels of the watched logs are subscribed, and no others. Without a watch there is no
// connection, and no probe.
func TestSubscription_CoversTheWatchedLogsOnly(t *testing.T) {
	server := redistest.Start(t)
	j, other := openTest(t, server.URL, Options{}), openTest(t, server.URL, Options{})
	name := channelOf(j.options.Prefix, theLog)
	at := journal.Genesis(theLog, 1)
	for round := range 5 {
		ctx, cancel := context.WithCancel(t.Context())
		var ended sync.WaitGroup
		hints := make(chan []journal.Record, 100)
		for range 2 {
			ended.Go(func() { _ = j.Watch(ctx, theLog, func(rs []journal.Record) { hints <- rs }) })
		}
		await(t, hints, "the start of the watch", empty)
		batch, end := oneRecord(at, string(rune('a'+round)))
		if _, err := other.Append(t.Context(), theLog, at, batch, time.Time{}); err != nil {
			t.Fatal(err)
		}
		at = end
		await(t, hints, "the record", holds(batch[0].Key))
		cancel()
		ended.Wait()
		if round%2 == 0 {
			wantSubscribers(t, j, name, 0)
		}
	}
	until(t, "the subscription to end", func() bool { return server.Do("CLIENT", "LIST", "TYPE", "pubsub") == "" })
}

func wantSubscribers(t *testing.T, j *Journal, name string, want int64) {
	t.Helper()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	timeout := time.After(waitTimeout)
	for {
		got, err := j.client.PubSubNumSub(t.Context(), name).Result()
		if err != nil {
			t.Fatal(err)
		}
		if got[name] == want {
			return
		}
		select {
		case <-again.C:
		case <-timeout:
			t.Fatalf("%d subscribers of %s, want %d", got[name], name, want)
		}
	}
}

func TestClose_WhileRedisIsUnreachable(t *testing.T) {
	server := redistest.Start(t)
	server.Kill()
	j, err := Open(server.URL, Options{})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- j.Watch(t.Context(), theLog, func([]journal.Record) {}) }()
	if _, err := j.Read(t.Context(), theLog, 0, 1); !errors.Is(err, journal.ErrUnavailable) {
		t.Errorf("Read: %v, want ErrUnavailable", err)
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, journal.ErrUnavailable) {
		t.Errorf("Watch ended with %v, want ErrUnavailable", err)
	}
}
