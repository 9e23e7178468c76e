package client

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/wire"
)

// helloTimeout bounds the wait for the server's hello.
const helloTimeout = 10 * time.Second

// shared holds the parts of a client that outlive its connections.
type shared struct {
	state    *state
	outbox   *outbox
	barriers *barriers
	wakeup   wakeup
	api      *api
	jitter   jitter
}

// conn is one connection. Its methods are called on the goroutine of run, which
// alone writes to the transport; reading and fetching have goroutines of their own.
type conn struct {
	shared
	transport transportConn
	reader    *frameReader
	fetcher   *snapshotFetcher

	helloAt     time.Time // when the client's hello was sent
	helloDone   bool      // the server's hello has arrived
	synced      bool      // a snapshot or patch was applied
	problem     wire.Problem
	hidden      bool // as the server was told last
	acks        ackWindow
	pings       pingSchedule
	nextCommand time.Time // when the oldest command may be sent again; zero: it was sent
}

func newConn(s shared, t transportConn) *conn {
	return &conn{
		shared: s, transport: t, reader: newFrameReader(t),
		fetcher: newSnapshotFetcher(s.api, s.jitter),
	}
}

// run runs the connection and returns when its goroutines have ended.
func (c *conn) run(ctx context.Context) outcome {
	var reading sync.WaitGroup
	reading.Go(c.reader.read)
	o := c.loop(ctx)
	close(c.reader.stop)
	c.fetcher.stop()
	c.transport.close()
	c.fetcher.wait()
	reading.Wait()
	o.synced = c.synced
	return o
}

// loop returns when the connection has ended. The methods that it calls return an
// outcome to end it.
func (c *conn) loop(ctx context.Context) outcome {
	if o := c.sendHello(); o != nil {
		return *o
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		o := c.doDue(time.Now())
		if o == nil {
			timer.Reset(time.Until(c.nextDue()))
			o = c.waitOnce(ctx, timer.C)
		}
		if o != nil {
			return *o
		}
	}
}

// waitOnce waits for the next event and handles it.
func (c *conn) waitOnce(ctx context.Context, tick <-chan time.Time) *outcome {
	select {
	case <-ctx.Done():
		c.transport.sendClose(websocket.CloseGoingAway)
		return &outcome{policy: wire.ComeNever, err: ErrClosed}
	case in, open := <-c.reader.frames:
		if !open {
			return c.closed(c.reader.err)
		}
		return c.handle(ctx, in)
	case f := <-c.fetcher.results:
		return c.handleFetched(f)
	case <-c.wakeup:
	case <-tick:
	}
	return nil
}

// doDue sends what is due, before each wait.
func (c *conn) doDue(now time.Time) *outcome {
	switch {
	case !c.helloDone && now.Sub(c.helloAt) >= helloTimeout:
		return c.reconnect("the server did not answer hello")
	case c.pings.overdue(now):
		return c.reconnect("the server did not answer a ping")
	case !c.helloDone:
		return nil
	}
	if o := c.sendCommand(now); o != nil {
		return o
	}
	hidden := c.state.isHidden()
	if !now.Before(c.pings.next) || hidden != c.hidden || c.barriers.needPing() {
		return c.sendPing(now, hidden)
	}
	if c.acks.isDue(now) {
		return c.sendAck()
	}
	return nil
}

// nextDue returns when doDue has something to do again.
func (c *conn) nextDue() time.Time {
	if !c.helloDone {
		return c.helloAt.Add(helloTimeout)
	}
	first := c.pings.next
	for _, t := range [...]time.Time{c.pings.pongDue, c.acks.due, c.nextCommand} {
		if !t.IsZero() && t.Before(first) {
			first = t
		}
	}
	return first
}

func (c *conn) sendHello() *outcome {
	hello := c.state.beginConnection()
	c.outbox.beginConnection()
	c.barriers.beginConnection()
	c.helloAt, c.hidden = time.Now(), hello.Hidden
	return c.send(wire.ClientFrame{Hello: hello})
}

// sendCommand sends the oldest command if it was not sent on this connection.
func (c *conn) sendCommand(now time.Time) *outcome {
	frame, due := c.outbox.next(now)
	c.nextCommand = due
	if frame == nil {
		return nil
	}
	return c.write(frame)
}

// sendPing sends a ping, which also acknowledges. During a fetch it does not: what
// has arrived is not applied yet.
func (c *conn) sendPing(now time.Time, hidden bool) *outcome {
	fetching := c.state.fetching()
	n := c.pings.ping(now, fetching, hidden)
	c.hidden = hidden
	c.barriers.assign(n)
	ping := &wire.Ping{N: n, Hidden: hidden}
	if !fetching {
		ping.Ack = c.state.position().Seq
		c.acks.reset()
	}
	return c.send(wire.ClientFrame{Ping: ping})
}

func (c *conn) sendAck() *outcome {
	c.acks.reset()
	return c.send(wire.ClientFrame{Ack: &wire.Ack{Seq: c.state.position().Seq}})
}

func (c *conn) send(f wire.ClientFrame) *outcome { return c.write(wire.EncodeClient(f)) }

func (c *conn) write(frame []byte) *outcome {
	if c.transport.write(frame) == nil {
		return nil
	}
	return c.closed(c.reader.finish())
}

// closed returns the outcome of a connection that reading ended with err.
func (c *conn) closed(err error) *outcome {
	o := outcomeOfClose(err, c.problem)
	return &o
}

// reconnect ends a connection on which something is missing.
func (c *conn) reconnect(reason string) *outcome {
	c.transport.sendClose(websocket.CloseNormalClosure)
	return &outcome{policy: wire.ComeNow, err: errors.New("client: reconnecting: " + reason)}
}
