package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/client/internal/eventstream"
	"github.com/matchfloor/matchfloor/wire"
)

// The times of the fallback: see docs/PROTOCOL.md, "Without a WebSocket".
const (
	requestInterval = 250 * time.Millisecond // the least between two GETs, except for pings
	pingAgain       = requestInterval / 10   // the least between two GETs for a ping that came meanwhile
	pollWait        = 20 * time.Second       // how long the server may hold a poll back
	pollMargin      = 5 * time.Second        // added to pollWait before a poll has failed
)

// fallbackConn is a transportConn without a WebSocket. It makes one GET after another
// (a "visit" in docs/PROTOCOL.md), each with a hello that names the position the
// client holds. That acknowledges the position, and the response contains what the
// client lacks. Commands are sent by POST.
type fallbackConn struct {
	api     *api
	jitter  jitter
	polls   bool // responses are whole bodies, not streams
	ctx     context.Context
	cancel  context.CancelFunc
	frames  chan []byte
	changed chan struct{} // holds at most one: nextAt has changed
	running sync.WaitGroup
	expiry  *time.Timer // ends the connection; nil: it does not expire

	mu             sync.Mutex  // guards the fields below
	err            error       // why the connection ended
	hello          *wire.Hello // of the next request
	helloDelivered bool        // the server's hello was delivered
	synced         bool        // a snapshot or patch was delivered
	ping           *wire.Ping  // not answered yet; nil: none
	sentSeq        uint64      // the sequence in the current request's hello
	requestedAt    time.Time   // when the current request began, or the last one
	nextAt         time.Time   // when the next request is due; zero: when the current one has ended
}

// newFallbackConn starts the connection. If lifetime is not 0, the connection ends
// after it, so that the WebSocket is tried again.
func newFallbackConn(ctx context.Context, a *api, j jitter, polls bool, lifetime time.Duration) *fallbackConn {
	f := &fallbackConn{
		api: a, jitter: j, polls: polls,
		frames: make(chan []byte), changed: make(chan struct{}, 1),
	}
	f.ctx, f.cancel = context.WithCancel(ctx)
	f.running.Go(f.run)
	if lifetime > 0 {
		f.expiry = time.AfterFunc(lifetime, func() { f.end(reconnectNow()) })
	}
	return f
}

// reconnectNow returns an error after which the client connects again at once.
func reconnectNow() error { return &websocket.CloseError{Code: int(wire.CloseLineage)} }

func (f *fallbackConn) read(buffer *bytes.Buffer) error {
	select {
	case frame := <-f.frames:
		buffer.Write(frame)
		return nil
	case <-f.ctx.Done():
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// sendClose does nothing: the server notices that no request comes.
func (f *fallbackConn) sendClose(int) {}

func (f *fallbackConn) close() {
	if f.expiry != nil {
		f.expiry.Stop()
	}
	f.cancel()
	f.running.Wait()
}

// write puts a frame's content into the next request; it sends a command at once.
// It fails only for a frame that this package would not write.
func (f *fallbackConn) write(text []byte) error {
	frame, problem := wire.DecodeClient(text)
	if problem != nil {
		return problem
	}
	if frame.Command != nil {
		f.running.Go(func() { f.sendCommand(frame.Command.ID, text) })
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case frame.Hello != nil:
		f.hello = frame.Hello
		f.scheduleLocked(time.Now())
	case frame.Ping != nil:
		f.ping, f.hello.Hidden = frame.Ping, frame.Ping.Hidden
		if f.synced {
			f.scheduleLocked(time.Now())
		}
	case frame.Ack != nil:
		f.acknowledgeLocked(frame.Ack.Seq)
	}
	return nil
}

// acknowledgeLocked schedules a request that names seq. The caller must hold mu.
func (f *fallbackConn) acknowledgeLocked(seq uint64) {
	switch {
	case f.hello.Have == nil || seq > f.hello.Have.Seq:
		// The fetched snapshot was later than the frame that named it. Only the client
		// knows its hash: a new connection says hello with it.
		f.endLocked(reconnectNow())
	case seq > f.sentSeq:
		f.scheduleLocked(f.requestedAt.Add(requestInterval))
	}
}

// scheduleLocked makes the next request due at a time, unless it is due earlier. The
// caller must hold mu.
func (f *fallbackConn) scheduleLocked(at time.Time) {
	if f.nextAt.IsZero() || at.Before(f.nextAt) {
		f.nextAt = at
		select {
		case f.changed <- struct{}{}:
		default:
		}
	}
}

func (f *fallbackConn) end(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.endLocked(err)
}

// endLocked ends the connection; the first error counts. The caller must hold mu.
func (f *fallbackConn) endLocked(err error) {
	if f.err == nil {
		f.err = err
	}
	f.cancel()
}

// run makes one request after another until the connection ends.
func (f *fallbackConn) run() {
	for f.waitUntilDue() {
		err := f.request()
		f.mu.Lock()
		switch {
		case err != nil:
			f.endLocked(err)
		case f.ping != nil && f.synced: // the ping came during the request
			f.scheduleLocked(f.requestedAt.Add(pingAgain))
		default:
			f.scheduleLocked(f.requestedAt.Add(requestInterval))
		}
		f.mu.Unlock()
	}
	f.end(f.ctx.Err())
}

// waitUntilDue waits until the next request is due. It reports false if the
// connection has ended.
func (f *fallbackConn) waitUntilDue() bool {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for f.ctx.Err() == nil {
		next := f.next()
		wait := time.Until(next)
		switch {
		case next.IsZero():
			timer.Stop()
		case wait <= 0:
			return true
		default:
			timer.Reset(wait)
		}
		select {
		case <-timer.C:
		case <-f.changed:
		case <-f.ctx.Done():
		}
	}
	return false
}

func (f *fallbackConn) next() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.nextAt
}

// addressLocked returns the URL of the next request, and how long the response may
// take; 0: any time. The caller must hold mu.
func (f *fallbackConn) addressLocked() (address string, timeout time.Duration) {
	query := url.Values{"hello": {frameBody(wire.ClientFrame{Hello: f.hello}, "hello")}}
	if f.ping != nil {
		ping := *f.ping
		ping.Ack = f.sentSeq
		query.Set("ping", frameBody(wire.ClientFrame{Ping: &ping}, "ping"))
	}
	if !f.polls {
		return f.api.eventURL("stream") + "?" + query.Encode(), 0
	}
	if f.ping == nil && f.synced {
		query.Set("wait", strconv.Itoa(int(pollWait/time.Second)))
	}
	return f.api.eventURL("poll") + "?" + query.Encode(), pollWait + pollMargin
}

// frameBody returns the JSON of a frame without the object that names its kind.
func frameBody(f wire.ClientFrame, kind string) string {
	text := wire.EncodeClient(f)
	return string(text[len(`{"":`)+len(kind) : len(text)-1])
}

// request makes one request and delivers its frames. An error ends the connection.
func (f *fallbackConn) request() error {
	ctx, abandon := context.WithCancel(f.ctx)
	defer abandon()
	f.mu.Lock()
	f.nextAt, f.requestedAt, f.sentSeq = time.Time{}, time.Now(), 0
	if f.hello.Have != nil {
		f.sentSeq = f.hello.Have.Seq
	}
	address, timeout := f.addressLocked()
	f.mu.Unlock()
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	ended := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() { f.abandonWhenDue(ctx, abandon, ended) })
	err := f.readResponse(ctx, address)
	close(ended)
	watching.Wait()
	if errors.Is(err, context.Canceled) && f.ctx.Err() == nil {
		return nil // abandoned for the next request
	}
	return err
}

// abandonWhenDue abandons a request when the next is due before the current one has
// ended.
func (f *fallbackConn) abandonWhenDue(ctx context.Context, abandon context.CancelFunc, ended <-chan struct{}) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		next := f.next()
		if next.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(time.Until(next))
		}
		select {
		case <-timer.C:
			if !next.IsZero() {
				abandon()
				return
			}
		case <-f.changed:
		case <-ctx.Done():
			return
		case <-ended:
			return
		}
	}
}

// readResponse sends a request and delivers the frames of its response.
func (f *fallbackConn) readResponse(ctx context.Context, address string) error {
	body, err := f.api.open(ctx, address)
	if err != nil {
		return err
	}
	defer body.Close()
	code := wire.CloseAbnormal
	if f.polls {
		code, err = readPoll(body, f.deliver)
	} else {
		code, err = eventstream.Read(body, maxFrame, f.deliver)
	}
	if err != nil || code == wire.CloseNormal {
		return err
	}
	return &websocket.CloseError{Code: int(code)}
}

// readPoll calls deliver for each frame of a poll's response and returns its close
// code. An error of deliver ends it.
func readPoll(body io.Reader, deliver func(frame []byte) error) (wire.CloseCode, error) {
	var response struct {
		Frames []json.RawMessage `json:"frames"`
		Close  wire.CloseCode    `json:"close"`
	}
	if err := json.NewDecoder(body).Decode(&response); err != nil {
		return 0, err
	}
	for _, text := range response.Frames {
		if err := deliver(text); err != nil {
			return 0, err
		}
	}
	return response.Close, nil
}

// deliver passes a frame on to read.
func (f *fallbackConn) deliver(text []byte) error {
	frame, err := wire.DecodeServer(text)
	if err != nil {
		return err
	}
	if !f.note(frame) {
		return nil
	}
	// The frame must not be lost if the request is abandoned: the next hello says
	// that the client has it.
	select {
	case f.frames <- text:
		return nil
	case <-f.ctx.Done():
		return f.ctx.Err()
	}
}

// note takes from a frame what the next request needs. It reports whether to deliver
// the frame: of the server's hellos only the first, since the connection has one.
func (f *fallbackConn) note(frame wire.ServerFrame) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case frame.Hello != nil:
		f.hello.Subjects = frame.Hello.Subjects
		first := !f.helloDelivered
		f.helloDelivered = true
		return first
	case frame.Snapshot != nil:
		f.hello.Have = &frame.Snapshot.At
		f.markSyncedLocked()
	case frame.Patch != nil:
		at := frame.Patch.To
		if have := f.hello.Have; have != nil && have.Epoch == at.Epoch && have.Seq < at.Seq {
			f.hello.Have = &at
		}
		f.markSyncedLocked()
	case frame.Pong != nil && f.ping != nil && frame.Pong.N == f.ping.N:
		f.ping = nil
	}
	return true
}

// markSyncedLocked notes that a snapshot or patch was delivered. A ping that waited
// for the first one is sent now. The caller must hold mu.
func (f *fallbackConn) markSyncedLocked() {
	if !f.synced && f.ping != nil {
		f.scheduleLocked(time.Now())
	}
	f.synced = true
}

// sendCommand sends a command until it has an answer, and delivers that. The outbox
// gives no other command before.
func (f *fallbackConn) sendCommand(id string, frame []byte) {
	envelope := frame[len(`{"command":`) : len(frame)-1]
	for try := 0; f.ctx.Err() == nil; try++ {
		answer, err := f.api.command(f.ctx, id, envelope)
		if err == nil {
			// An error means that the connection has ended: the command is sent on the next.
			_ = f.deliver(answer)
			return
		}
		if status := (*StatusError)(nil); errors.As(err, &status) && status.Status == http.StatusUnauthorized {
			f.end(err)
			return
		}
		if !sleep(f.ctx, f.jitter.usualPause(try)) {
			return
		}
	}
}
