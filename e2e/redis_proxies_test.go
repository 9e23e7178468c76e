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

// harm is something to do to the connections through a proxy.
type harm struct {
	kind, stream string // as toxiproxy calls them; upstream is what the node sends
	attributes   string
}

// harms are the kinds of it, each drawn with its figures.
var harms = []func(*rand.Rand) harm{
	func(r *rand.Rand) harm {
		stream := []string{"upstream", "downstream"}[r.IntN(2)]
		return harm{"latency", stream, fmt.Sprintf(`"latency": %d, "jitter": %d`, 20+r.IntN(300), r.IntN(100))}
	},
	func(r *rand.Rand) harm {
		return harm{"reset_peer", "downstream", fmt.Sprintf(`"timeout": %d`, r.IntN(50))}
	},
	func(r *rand.Rand) harm {
		return harm{"reset_peer", "upstream", fmt.Sprintf(`"timeout": %d`, r.IntN(50))}
	},
	func(r *rand.Rand) harm {
		return harm{"limit_data", "downstream", fmt.Sprintf(`"bytes": %d`, r.IntN(400))}
	},
	func(r *rand.Rand) harm {
		return harm{"limit_data", "upstream", fmt.Sprintf(`"bytes": %d`, r.IntN(2000))}
	},
	func(*rand.Rand) harm { return harm{"timeout", "downstream", `"timeout": 0`} },
	func(*rand.Rand) harm { return harm{"timeout", "upstream", `"timeout": 0`} },
	func(r *rand.Rand) harm {
		return harm{"slicer", "downstream", fmt.Sprintf(`"average_size": 5, "size_variation": 3, "delay": %d`, 100+r.IntN(900))}
	},
}

// suffer does a harm to a way for a while.
func (h harm) suffer(ctx context.Context, way *redistest.Proxy, d time.Duration) {
	way.Add("harm", h.kind, h.stream, h.attributes)
	lasting(ctx, d)
	way.Remove("harm")
}

// leak is a proxy before Redis that understands what is published through it: it
// can lose published records, and hold back for ever what a subscription is sent.
type leak struct {
	addr     string
	upstream string
	listener net.Listener
	open     sync.WaitGroup

	percent    atomic.Int64  // of the published records that are lost
	lost       atomic.Int64  // how many were
	passed     atomic.Int64  // how many were not
	subscribed atomic.Int64  // connections that have subscribed
	deaf       atomic.Int64  // subscriptions up to this number get nothing any more
	ended      chan struct{} // closed with the test
}

// newLeak starts one before an address; it stops with the test.
func newLeak(t *testing.T, upstream string) *leak {
	t.Helper()
	l := &leak{addr: freeAddr(t), upstream: upstream, ended: make(chan struct{})}
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

func (l *leak) accept() {
	for {
		conn, err := l.listener.Accept()
		if err != nil {
			return
		}
		l.open.Go(func() { l.serve(conn) })
	}
}

func (l *leak) serve(node net.Conn) {
	redis, err := net.Dial("tcp", l.upstream)
	if err != nil {
		node.Close()
		return
	}
	var sides sync.WaitGroup
	shut := sync.OnceFunc(func() { node.Close(); redis.Close() })
	sides.Go(func() { io.Copy(redis, node); shut() })
	sides.Go(func() { l.answers(node, redis); shut() })
	gone := make(chan struct{})
	go func() { sides.Wait(); close(gone) }()
	select {
	case <-gone:
	case <-l.ended:
		shut()
		<-gone
	}
}

// answers hands on what Redis says, value by value.
func (l *leak) answers(node io.Writer, redis io.Reader) {
	in := bufio.NewReader(redis)
	subscription := int64(0) // its number, once it is one
	for {
		raw, words, err := value(in)
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
		if subscription > 0 && subscription <= l.deaf.Load() {
			continue
		}
		if kind == "message" && !strings.Contains(words[1], "probe:") {
			if rand.Int64N(100) < l.percent.Load() {
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

// value reads one value of Redis' protocol: its bytes, and its strings if it is
// an array of them.
func value(in *bufio.Reader) (raw []byte, words []string, err error) {
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
		part, word, err := value(in)
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
