package client

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/wire"
)

// The times of a connection: see docs/PROTOCOL.md.
const (
	connectTimeout = 6 * time.Second
	maxPause       = 15 * time.Second
	firstPause     = 500 * time.Millisecond
	soon           = 2 * time.Second
	laterFrom      = 5 * time.Second
	laterTo        = 15 * time.Second
)

// ending is how a connection, or the try to make one, ended.
type ending struct {
	come    wire.ReconnectPolicy
	brought bool          // it brought a snapshot or a patch
	way     Transport     // what it was tried over; auto: it did not come to that
	lasted  time.Duration // since it was tried
	retry   time.Duration // the server asks not to come before
	err     error         // an *ClosedError where come says not to
}

// run makes one connection after the other.
func (c *Client) run(ctx context.Context) {
	defer close(c.done)
	defer c.stop()
	var row row
	var signed session
	way := ladder{wanted: c.options.Transport}
	for {
		end := c.connection(ctx, &signed, way.next())
		way.ended(end)
		if ctx.Err() != nil {
			c.end(ErrClosed)
			return
		}
		c.failed(end)
		switch end.come {
		case wire.ComeNever, wire.ComeReload:
			c.end(end.err)
			return
		case wire.ComeSignIn:
			signed = session{}
			c.forget()
		}
		pause := row.pause(end, c.usualPause, c.options.Jitter)
		c.options.Log.Debug("connection ended", "come", string(end.come), "pause", pause, "err", end.err)
		if !sleep(ctx, pause) {
			c.end(ErrClosed)
			return
		}
	}
}

// connection signs in where needed, and lives through one connection.
func (c *Client) connection(ctx context.Context, signed *session, way Transport) ending {
	if signed.Token == "" {
		s, err := c.signIn(ctx)
		if err != nil {
			return refusedOverHTTP(err, false)
		}
		*signed = s
	}
	began := time.Now()
	end := c.over(ctx, way, signed.Token)
	end.way, end.lasted = way, time.Since(began)
	return end
}

// over lives through one connection over a transport.
func (c *Client) over(ctx context.Context, way Transport, token string) ending {
	if way != TransportSocket {
		after := time.Duration(0)
		if c.options.Transport == TransportAuto {
			after = socketAgain
		}
		return newConn(c, newVisits(ctx, c, token, way == TransportPoll, after), token).run(ctx)
	}
	header := http.Header{"Authorization": {"Bearer " + token}}
	dialing, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	ws, response, err := c.options.Dialer.DialContext(dialing, c.link.live(c.event), header)
	if errors.Is(err, websocket.ErrBadHandshake) && response != nil {
		return refusedOverHTTP(statusError(response), true)
	}
	if err != nil {
		return ending{come: wire.ComeUsual, err: err}
	}
	return newConn(c, newSocket(ws), token).run(ctx)
}

// refusedOverHTTP says what an answer instead of a session or a socket means.
// signedIn: the link was good before, so 401 means to sign in again.
func refusedOverHTTP(err error, signedIn bool) ending {
	var status *StatusError
	switch {
	case !errors.As(err, &status), signedIn && status.Problem.Code == "" && status.Retry == 0:
		return ending{come: wire.ComeUsual, err: err} // not our server's word: something on the way
	case status.Status == http.StatusTooManyRequests || status.Status == http.StatusServiceUnavailable:
		return ending{come: wire.ComeLater, err: err, retry: status.Retry}
	case status.Status == http.StatusUnauthorized && signedIn:
		return ending{come: wire.ComeSignIn, err: err}
	case status.Status == http.StatusForbidden, status.Status == http.StatusNotFound,
		!signedIn && !status.passing():
		return ending{come: wire.ComeNever, err: &ClosedError{Cause: err}}
	}
	return ending{come: wire.ComeUsual, err: err}
}

// row counts failures in a row.
type row struct {
	failures int
	last     wire.ReconnectPolicy
}

// pause answers how long to wait after a connection that ended so.
func (r *row) pause(end ending, usual func(n int) time.Duration, jitter func() float64) time.Duration {
	if end.brought {
		r.failures = 0
	}
	again := end.come == r.last
	r.last = end.come
	switch end.come {
	case wire.ComeNow, wire.ComeSignIn:
		if !again {
			return 0
		}
	case wire.ComeSoon:
		return time.Duration(jitter() * float64(soon))
	case wire.ComeLater:
		return max(end.retry, laterFrom+time.Duration(jitter()*float64(laterTo-laterFrom)))
	}
	n := r.failures
	r.failures++
	return usual(n)
}

// usualPause answers the pause after the n-th failure in a row, counted from 0.
func (c *Client) usualPause(n int) time.Duration {
	most := maxPause
	if n < 5 { // 0.5 s × 2⁵ is past the most
		most = firstPause << n
	}
	return time.Duration(c.options.Jitter() * float64(most))
}

// sleep waits for d, and reports whether ctx let it.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (c *Client) failed(end ending) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.online, c.status = false, wire.StatusFrame{}
	if end.err != nil {
		c.last = end.err
	}
}

// forget drops what was kept: the session that it is of is over.
func (c *Client) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fold.drop()
	c.subjects = ""
}

func (c *Client) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.online = false
	if c.err == nil {
		c.err = err
	}
}
