package redisjournal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
)

// cutting is a toxic that closes a connection instead of passing on the next reply after cut is
// set. It does so once: the next connection works.
type cutting struct{}

var cut atomic.Bool

// Pipe implements toxics.Toxic.
func (*cutting) Pipe(stub *toxics.ToxicStub) {
	for {
		select {
		case <-stub.Interrupt:
			return
		case chunk := <-stub.Input:
			if chunk == nil || cut.Swap(false) {
				stub.Close()
				return
			}
			stub.Output <- chunk
		}
	}
}

// losing is a toxic that drops some of the messages to subscribers, and nothing else.
type losing struct {
	Percent int    `json:"percent"`
	Seed    uint64 `json:"seed"`
}

// lost counts the messages that losing has dropped.
var lost atomic.Int64

func init() {
	toxics.Register("losing", new(losing))
	toxics.Register("cutting", new(cutting))
}

// Pipe implements toxics.Toxic.
func (l *losing) Pipe(stub *toxics.ToxicStub) {
	rng := rand.New(rand.NewPCG(l.Seed, 0))
	var rest []byte
	for {
		select {
		case <-stub.Interrupt:
			pass(stub, rest)
			return
		case chunk := <-stub.Input:
			if chunk == nil {
				stub.Close()
				return
			}
			rest = append(rest, chunk.Data...)
			var passed []byte
			for end := valueEnd(rest); end > 0; end = valueEnd(rest) {
				if bytes.HasPrefix(rest, []byte("*3\r\n$7\r\nmessage\r\n")) && rng.IntN(100) < l.Percent {
					lost.Add(1)
				} else {
					passed = append(passed, rest[:end]...)
				}
				rest = rest[end:]
			}
			pass(stub, passed)
		}
	}
}

// pass passes data on unless it is empty, which would close the connection.
func pass(stub *toxics.ToxicStub, data []byte) {
	if len(data) > 0 {
		stub.Output <- &stream.StreamChunk{Data: data, Timestamp: time.Now()}
	}
}

// valueEnd returns the end of the first value of Redis's protocol in text, or 0 if it is incomplete.
func valueEnd(text []byte) int {
	end := bytes.Index(text, []byte("\r\n")) + 2
	if end < 2 {
		return 0
	}
	n, err := strconv.Atoi(string(text[1 : end-2]))
	switch {
	case text[0] == '$' && err == nil && n >= 0:
		if end += n + 2; end > len(text) {
			return 0
		}
	case text[0] == '*' && err == nil:
		for range n {
			part := valueEnd(text[end:])
			if part == 0 {
				return 0
			}
			end += part
		}
	}
	return end
}

func TestWatch_FollowersReadLostMessages(t *testing.T) { loseMessages(t, 400) }

func TestTortureWatch_FollowersReadLostMessages(t *testing.T) {
	torture(t)
	loseMessages(t, 10_000)
}

// headInterval is how often the nodes read the head.
const headInterval = time.Second

// loseMessages drops one message in twenty to three followers. They do as nodes do: they take
// hints that follow, read the log otherwise, and read it every second.
func loseMessages(t *testing.T, appends int) {
	rng := newRand(t)
	server := redistest.Start(t)
	writing := openTest(t, server.URL, Options{})
	lost.Store(0)
	var followers []*follower
	for n := range 3 {
		proxy := redistest.StartProxy(t, server.Addr)
		proxy.Add("losing", "losing", "downstream", fmt.Sprintf(`"percent": 5, "seed": %d`, rng.Uint64()>>1))
		followers = append(followers, follow(t, openTest(t, "redis://"+proxy.Addr, Options{}), n))
	}
	at := journal.Genesis(theLog, 1)
	for n := range appends {
		at = mustAppend(t, writing, at, fmt.Sprint("key-", n))
	}
	start := time.Now()
	for _, f := range followers {
		until(t, "a follower at the head", func() bool { return *f.at.Load() == at })
	}
	t.Logf("%d appends, %d of about %d messages lost; all followers at the head %v after the last append; they read the log %d, %d and %d times",
		appends, lost.Load(), 3*appends, time.Since(start).Round(time.Millisecond), followers[0].reads.Load(), followers[1].reads.Load(), followers[2].reads.Load())
	if lost.Load() == 0 {
		t.Error("no message was lost")
	}
	if late := time.Since(start); late > 2*headInterval {
		t.Errorf("later than the next read of the head: %v", late)
	}
}

// follower follows the log as a node does.
type follower struct {
	at    atomic.Pointer[journal.Position]
	reads atomic.Int64
}

// follow starts a follower, which ends with the test.
func follow(t *testing.T, j *Journal, id int) *follower {
	f := &follower{}
	start := journal.Genesis(theLog, 1)
	f.at.Store(&start)
	hints := make(chan []journal.Record, 100)
	ctx, cancel := context.WithCancel(t.Context())
	watching, ended := make(chan error, 1), make(chan struct{})
	go func() {
		watching <- j.Watch(ctx, theLog, func(records []journal.Record) {
			select {
			case hints <- records:
			default: // the next read finds it
			}
		})
	}()
	go func() {
		defer close(ended)
		cursor, ticker := journal.NewCursor(theLog, start), time.NewTicker(headInterval)
		defer ticker.Stop()
		for {
			var err error
			select {
			case <-ctx.Done():
				return
			case records := <-hints:
				_, err = cursor.Take(records)
			case <-ticker.C:
				err = journal.ErrGap
			}
			if errors.Is(err, journal.ErrGap) {
				f.reads.Add(1)
				if _, err = cursor.CatchUp(ctx, j); err != nil && ctx.Err() == nil {
					t.Errorf("follower %d: %v", id, err)
				}
			}
			at := cursor.At()
			f.at.Store(&at)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-watching
		<-ended
	})
	return f
}
