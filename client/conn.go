package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// The times of a connection: see docs/PROTOCOL.md.
const (
	pingEvery       = 20 * time.Second
	pingHidden      = 60 * time.Second
	pingFetching    = 5 * time.Second
	pongWithin      = 4 * time.Second
	welcomeWithin   = 10 * time.Second
	ackWithin       = 10 * time.Second
	ackFrames       = 4
	ackBytes        = wire.MaxUnackBytes / 2
	writeWithin     = 4 * time.Second
	keptReadBuffer  = 64 << 10
	closeHandshake  = 200 * time.Millisecond
	maxFetchRetries = 3
)

// conn is one connection. Everything but read and fetch happens on the goroutine
// of run, which alone writes.
type conn struct {
	c       *Client
	line    line
	token   string
	inbound chan inbound
	gone    chan struct{} // closed when run has ended
	readErr error         // set before inbound is closed

	fetched   chan fetchedSnapshot
	stopFetch context.CancelFunc
	fetches   sync.WaitGroup

	helloAt  time.Time
	welcomed bool
	brought  bool
	problem  wire.Problem // the error frame that came

	unacked, unackedBytes int
	ackDue                time.Time // zero: nothing waits to be acknowledged
	hidden                bool      // as the server was told

	n        uint32 // of the last ping
	pingAt   time.Time
	pongDue  time.Time // zero: no ping is out
	nextPing time.Time
	sendDue  time.Time // when the oldest command may be sent again
}

// inbound is a frame that came.
type inbound struct {
	frame    wire.ServerFrame
	bytes    int
	received time.Time
}

func newConn(c *Client, l line, token string) *conn {
	return &conn{
		c: c, line: l, token: token,
		inbound: make(chan inbound), gone: make(chan struct{}),
		fetched: make(chan fetchedSnapshot), stopFetch: func() {},
	}
}

// run lives through the connection and returns when its goroutines have ended.
func (k *conn) run(ctx context.Context) ending {
	var reading sync.WaitGroup
	reading.Go(k.read)
	end := k.loop(ctx)
	close(k.gone)
	k.stopFetch()
	k.line.close()
	k.fetches.Wait()
	reading.Wait()
	end.brought = k.brought
	return end
}

// read reads frames until the connection ends.
func (k *conn) read() {
	defer close(k.inbound)
	var buffer bytes.Buffer
	for {
		buffer.Reset()
		if err := k.line.read(&buffer); err != nil {
			k.readErr = err
			return
		}
		received := time.Now()
		frame, err := wire.DecodeServer(buffer.Bytes())
		if err != nil {
			k.readErr = fmt.Errorf("client: a frame that cannot be read: %w", err)
			return
		}
		select {
		case k.inbound <- inbound{frame, buffer.Len(), received}:
		case <-k.gone:
			return
		}
		if buffer.Cap() > keptReadBuffer {
			buffer = bytes.Buffer{}
		}
	}
}

func (k *conn) loop(ctx context.Context) ending {
	if end := k.hello(); end != nil {
		return *end
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		end := k.lookAround(time.Now())
		if end == nil {
			timer.Reset(time.Until(k.earliest()))
			end = k.wait(ctx, timer.C)
		}
		if end != nil {
			return *end
		}
	}
}

// wait takes the next thing that happens.
func (k *conn) wait(ctx context.Context, tick <-chan time.Time) *ending {
	select {
	case <-ctx.Done():
		k.line.goodbye(websocket.CloseGoingAway)
		return &ending{come: wire.ComeNever, err: ErrClosed}
	case in, open := <-k.inbound:
		if !open {
			return k.broken(k.readErr)
		}
		return k.take(ctx, in)
	case s := <-k.fetched:
		return k.takeFetched(s)
	case <-k.c.wake:
	case <-tick:
	}
	return nil
}

// lookAround does what is due: it is called before each wait.
func (k *conn) lookAround(now time.Time) *ending {
	switch {
	case !k.welcomed && now.Sub(k.helloAt) >= welcomeWithin:
		return k.lost("no answer to hello")
	case !k.pongDue.IsZero() && !now.Before(k.pongDue):
		return k.lost("no pong")
	}
	if !k.welcomed {
		return nil
	}
	if end := k.pump(now); end != nil {
		return end
	}
	hidden := k.isHidden()
	if !now.Before(k.nextPing) || hidden != k.hidden || k.c.asksNow() {
		return k.ping(now, hidden)
	}
	if !k.ackDue.IsZero() && !now.Before(k.ackDue) {
		return k.ack()
	}
	return nil
}

// pump sends the oldest command if it has not been sent.
func (k *conn) pump(now time.Time) *ending {
	frame, due := k.c.toSend(now)
	k.sendDue = due
	if frame == nil {
		return nil
	}
	return k.write(frame)
}

// earliest answers when something falls due.
func (k *conn) earliest() time.Time {
	if !k.welcomed {
		return k.helloAt.Add(welcomeWithin)
	}
	first := k.nextPing
	for _, t := range [...]time.Time{k.pongDue, k.ackDue, k.sendDue} {
		if !t.IsZero() && t.Before(first) {
			first = t
		}
	}
	return first
}

func (k *conn) isHidden() bool {
	k.c.mu.Lock()
	defer k.c.mu.Unlock()
	return k.c.hidden
}

func (k *conn) hello() *ending {
	c := k.c
	c.mu.Lock()
	c.fold.connected()
	hello := &wire.Hello{Version: wire.Version, Hidden: c.hidden}
	if c.fold.kept {
		at := c.fold.at
		hello.Have, hello.Subjects = &at, c.subjects
	}
	c.mu.Unlock()
	c.unsent()
	c.asking(0)
	k.helloAt, k.hidden = time.Now(), hello.Hidden
	return k.send(wire.ClientFrame{Hello: hello})
}

// ping asks for a pong, acknowledging. While one is out it only tells the server
// that the client is there: the one that is out still has to be answered.
func (k *conn) ping(now time.Time, hidden bool) *ending {
	k.hidden = hidden
	k.n++
	k.c.asking(k.n)
	if k.pongDue.IsZero() {
		k.pongDue = now.Add(pongWithin)
	}
	k.pingAt = now
	every := pingEvery
	switch {
	case k.fetching():
		every = pingFetching
	case hidden:
		every = pingHidden
	}
	k.nextPing = now.Add(every)
	ping := &wire.Ping{N: k.n, Hidden: hidden}
	if !k.fetching() {
		ping.Ack = k.c.At().Seq
		k.unacked, k.unackedBytes, k.ackDue = 0, 0, time.Time{}
	}
	return k.send(wire.ClientFrame{Ping: ping})
}

func (k *conn) fetching() bool {
	k.c.mu.Lock()
	defer k.c.mu.Unlock()
	return k.c.fold.wanted != nil
}

// outstanding counts a frame that has to be acknowledged.
func (k *conn) outstanding(atOnce bool, in inbound) *ending {
	k.unacked++
	k.unackedBytes += in.bytes
	if k.fetching() {
		return nil // nothing can be acknowledged until the snapshot is there
	}
	if atOnce || k.hidden || k.unacked >= ackFrames || k.unackedBytes >= ackBytes {
		return k.ack()
	}
	if k.ackDue.IsZero() {
		k.ackDue = in.received.Add(ackWithin)
	}
	return nil
}

func (k *conn) ack() *ending {
	k.unacked, k.unackedBytes, k.ackDue = 0, 0, time.Time{}
	return k.send(wire.ClientFrame{Ack: &wire.Ack{Seq: k.c.At().Seq}})
}

func (k *conn) send(f wire.ClientFrame) *ending { return k.write(wire.EncodeClient(f)) }

func (k *conn) write(frame []byte) *ending {
	if k.line.write(frame) == nil {
		return nil
	}
	for range k.inbound { // why comes last
	}
	return k.broken(k.readErr)
}

// broken says what the end of the connection means.
func (k *conn) broken(err error) *ending {
	var closed *websocket.CloseError
	if !errors.As(err, &closed) {
		end := refusedOverHTTP(err, true)
		return &end
	}
	code := wire.CloseCode(closed.Code)
	end := &ending{come: code.Comeback(), err: err}
	switch end.come {
	case wire.ComeNever, wire.ComeReload:
		end.err = &ClosedError{Code: code, Problem: k.problem}
	}
	return end
}

// lost ends a connection on which something is missing.
func (k *conn) lost(what string) *ending {
	k.line.goodbye(websocket.CloseNormalClosure)
	return &ending{come: wire.ComeNow, err: errors.New("client: connects anew: " + what)}
}

// ownKinds are the kinds of cards that tell one person something.
var ownKinds = []string{"notice/", "meeting/", "request/", "offer/", "assignment/"}

// own reports whether cards hold one of the client's own person.
func own(role floor.Role, cards wire.Cards) bool {
	if role != floor.RoleAttendee && role != floor.RoleInterpreter {
		return false
	}
	for key := range cards {
		for _, kind := range ownKinds {
			if strings.HasPrefix(string(key), kind) {
				return true
			}
		}
	}
	return false
}
