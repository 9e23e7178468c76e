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

// fault is something to do to the connections through a proxy.
type fault struct {
	kind, stream string // as toxiproxy calls them; upstream is what the node sends
	attributes   string
}

// faults are the kinds of it, each drawn with its figures.
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

// apply does a harm to a way for a while.
func (h fault) apply(ctx context.Context, way *redistest.Proxy, d time.Duration) {
	way.Add("harm", h.kind, h.stream, h.attributes)
	sleep(ctx, d)
	way.Remove("harm")
}

// lossyProxy is a proxy before Redis that understands what is published through it: it
// can lose published records, and hold back for ever what a subscription is sent.
type lossyProxy struct {
	addr     string
	upstream string
	listener net.Listener
	open     sync.WaitGroup

	lossPercent  atomic.Int64  // of the published records that are lost
	lost         atomic.Int64  // how many were
	passed       atomic.Int64  // how many were not
	subscribed   atomic.Int64  // connections that have subscribed
	silencedUpTo atomic.Int64  // subscriptions up to this number get nothing any more
	ended        chan struct{} // closed with the test
}

// newLossyProxy starts one before an address; it stops with the test.
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

// forwardReplies hands on what Redis says, value by value.
func (l *lossyProxy) forwardReplies(node io.Writer, redis io.Reader) {
	in := bufio.NewReader(redis)
	subscription := int64(0) // its number, once it is one
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

// readValue reads one value of Redis' protocol: its bytes, and its strings if it is
// an array of them.
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
