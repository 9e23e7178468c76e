package e2e_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
)

// fault is a disturbance of the connections through a proxy.
type fault struct {
	kind, stream string // toxiproxy's terms; upstream is what the node sends
	attributes   string
}

// faults are the kinds of faults, each with random parameters.
var faults = []func(*rand.Rand) fault{
	func(r *rand.Rand) fault {
		stream := []string{"upstream", "downstream"}[r.IntN(2)]
		return fault{"latency", stream, fmt.Sprintf(`"latency": %d, "jitter": %d`, 20+r.IntN(300), r.IntN(100))}
	},
	func(r *rand.Rand) fault {
		return fault{"reset_peer", "downstream", fmt.Sprintf(`"timeout": %d`, r.IntN(50))}
	},
	func(r *rand.Rand) fault {
		return fault{"reset_peer", "upstream", fmt.Sprintf(`"timeout": %d`, r.IntN(50))}
	},
	func(r *rand.Rand) fault {
		return fault{"limit_data", "downstream", fmt.Sprintf(`"bytes": %d`, r.IntN(400))}
	},
	func(r *rand.Rand) fault {
		return fault{"limit_data", "upstream", fmt.Sprintf(`"bytes": %d`, r.IntN(2000))}
	},
	func(*rand.Rand) fault { return fault{"timeout", "downstream", `"timeout": 0`} },
	func(*rand.Rand) fault { return fault{"timeout", "upstream", `"timeout": 0`} },
	func(r *rand.Rand) fault {
		return fault{"slicer", "downstream", fmt.Sprintf(`"average_size": 5, "size_variation": 3, "delay": %d`, 100+r.IntN(900))}
	},
}

// apply disturbs a proxy for a while.
func (f fault) apply(ctx context.Context, proxy *redistest.Proxy, d time.Duration) {
	proxy.Add("harm", f.kind, f.stream, f.attributes)
	sleep(ctx, d)
	proxy.Remove("harm")
}

// lossyProxy is a proxy in front of Redis that understands publications. It can drop published
// records, and hold back everything for a subscription.
type lossyProxy struct {
	addr     string
	upstream string
	listener net.Listener
	open     sync.WaitGroup

	lossPercent  atomic.Int64  // of the published records that are dropped
	lost         atomic.Int64  // dropped records
	passed       atomic.Int64  // forwarded records
	subscribed   atomic.Int64  // connections that have subscribed
	silencedUpTo atomic.Int64  // subscriptions up to this number receive nothing any more
	ended        chan struct{} // closed with the test
}

// newLossyProxy starts a proxy in front of an address; it stops with the test.
func newLossyProxy(t *testing.T, upstream string) *lossyProxy {
	t.Helper()
	l := &lossyProxy{addr: freeAddr(t), upstream: upstream, ended: make(chan struct{})}
	var err error
	if l.listener, err = net.Listen("tcp", l.addr); err != nil {
		t.Fatal(err)
	}
	l.open.Go(l.accept)
	t.Cleanup(func() {
		close(l.ended)
		l.listener.Close()
		l.open.Wait()
	})
	return l
}

func (l *lossyProxy) accept() {
	for {
		conn, err := l.listener.Accept()
		if err != nil {
			return
		}
		l.open.Go(func() { l.serve(conn) })
	}
}

func (l *lossyProxy) serve(node net.Conn) {
	redis, err := net.Dial("tcp", l.upstream)
	if err != nil {
		node.Close()
		return
	}
	var sides sync.WaitGroup
	shut := sync.OnceFunc(func() { node.Close(); redis.Close() })
	sides.Go(func() { io.Copy(redis, node); shut() })
	sides.Go(func() { l.forwardReplies(node, redis); shut() })
	gone := make(chan struct{})
	go func() { sides.Wait(); close(gone) }()
	select {
	case <-gone:
	case <-l.ended:
		shut()
		<-gone
	}
}

// forwardReplies forwards what Redis sends, one value at a time.
func (l *lossyProxy) forwardReplies(node io.Writer, redis io.Reader) {
	in := bufio.NewReader(redis)
	subscription := int64(0) // the number of this connection's subscription; 0: none
	for {
		raw, words, err := readValue(in)
		if err != nil {
			return
		}
		kind := ""
		if len(words) > 1 {
			kind = words[0]
		}
		if kind == "subscribe" && subscription == 0 {
			subscription = l.subscribed.Add(1)
		}
		if subscription > 0 && subscription <= l.silencedUpTo.Load() {
			continue
		}
		if kind == "message" && !strings.Contains(words[1], "probe:") {
			if rand.Int64N(100) < l.lossPercent.Load() {
				l.lost.Add(1)
				continue
			}
			l.passed.Add(1)
		}
		if _, err := node.Write(raw); err != nil {
			return
		}
	}
}

// readValue reads one value of the Redis protocol. It returns the raw bytes and, for an array
// of strings, the strings.
func readValue(in *bufio.Reader) (raw []byte, words []string, err error) {
	line, err := in.ReadBytes('\n')
	if err != nil {
		return nil, nil, err
	}
	n := -1
	if line[0] == '$' || line[0] == '*' {
		if n, err = strconv.Atoi(strings.TrimSpace(string(line[1:]))); err != nil {
			return nil, nil, err
		}
	}
	switch {
	case n < 0:
		return line, nil, nil
	case line[0] == '$':
		body := make([]byte, n+2)
		_, err = io.ReadFull(in, body)
		return append(line, body...), []string{string(body[:n])}, err
	}
	for range n {
		part, word, err := readValue(in)
		if err != nil {
			return nil, nil, err
		}
		line = append(line, part...)
		if len(word) == 1 {
			words = append(words, word[0])
		}
	}
	return line, words, nil
}
