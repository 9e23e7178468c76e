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

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// The times of visits: see docs/PROTOCOL.md, "Without a WebSocket".
const (
	visitsApart = 250 * time.Millisecond // but for pings
	pollWaits   = 20 * time.Second
	pollPatient = 5 * time.Second // beyond what a poll may be held
)

// visits is the line of a client that gets no WebSocket: one GET after the other,
// each saying in hello what the client holds, which acknowledges it, and answered
// with what it lacks; commands go by POST.
type visits struct {
	c      *Client
	token  string
	polls  bool // whole answers in place of streams
	ctx    context.Context
	cancel context.CancelFunc
	frames chan []byte
	due    chan struct{} // one slot: when the next visit is due has changed
	owned  sync.WaitGroup
	over   *time.Timer // ends the line; nil: nothing does

	mu      sync.Mutex  // guards what follows
	err     error       // why the line ended
	hello   *wire.Hello // what the next visit says
	greeted bool        // the server's hello was passed on
	brought bool        // a snapshot or patch was
	ping    *wire.Ping  // not answered yet
	told    uint64      // the sequence that the present visit said
	began   time.Time   // of the present visit, or the last
	next    time.Time   // when the next is due; zero: when this one has ended
}

// newVisits begins the line. after, where it is not 0, the line ends by itself, so
// that the WebSocket is tried again.
func newVisits(ctx context.Context, c *Client, token string, polls bool, after time.Duration) *visits {
	v := &visits{
		c: c, token: token, polls: polls,
		frames: make(chan []byte), due: make(chan struct{}, 1),
	}
	v.ctx, v.cancel = context.WithCancel(ctx)
	v.owned.Go(v.run)
	if after > 0 {
		v.over = time.AfterFunc(after, func() { v.end(&websocket.CloseError{Code: int(wire.CloseLineage)}) })
	}
	return v
}

func (v *visits) read(buffer *bytes.Buffer) error {
	select {
	case text := <-v.frames:
		buffer.Write(text)
		return nil
	case <-v.ctx.Done():
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.err
}

func (v *visits) goodbye(int) {} // a visit that is broken off says as much

func (v *visits) close() {
	if v.over != nil {
		v.over.Stop()
	}
	v.cancel()
	v.owned.Wait()
}

// write takes a frame apart into what the next visit says. It never fails.
func (v *visits) write(text []byte) error {
	frame, problem := wire.DecodeClient(text)
	if problem != nil {
		return problem // this client's own frames can be read
	}
	if frame.Command != nil {
		v.owned.Go(func() { v.post(frame.Command.ID, text) })
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case frame.Hello != nil:
		v.hello = frame.Hello
		v.visitAt(time.Now())
	case frame.Ping != nil:
		v.ping, v.hello.Hidden = frame.Ping, frame.Ping.Hidden
		if v.brought {
			v.visitAt(time.Now())
		}
	case frame.Ack != nil:
		v.acknowledge(frame.Ack.Seq)
	}
	return nil
}

// acknowledge pays a visit that says what is held; mu is held.
func (v *visits) acknowledge(seq uint64) {
	switch {
	case v.hello.Have == nil || seq > v.hello.Have.Seq:
		// A snapshot that was fetched may be a later one, whose hash only the client
		// knows: it comes back and says so itself.
		v.endLocked(&websocket.CloseError{Code: int(wire.CloseLineage)})
	case seq > v.told:
		v.visitAt(v.began.Add(visitsApart))
	}
}

// visitAt makes the next visit due at a time, unless it is due before; mu is held.
func (v *visits) visitAt(at time.Time) {
	if v.next.IsZero() || at.Before(v.next) {
		v.next = at
		select {
		case v.due <- struct{}{}:
		default:
		}
	}
}

func (v *visits) end(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.endLocked(err)
}

// endLocked ends the line; the first error counts. mu is held.
func (v *visits) endLocked(err error) {
	if v.err == nil {
		v.err = err
	}
	v.cancel()
}

// run pays one visit after the other until the line ends.
func (v *visits) run() {
	for v.await() {
		err := v.visit()
		v.mu.Lock()
		switch {
		case err != nil:
			v.endLocked(err)
		case v.ping != nil && v.brought: // asked for meanwhile
			v.visitAt(v.began.Add(visitsApart / 10))
		default:
			v.visitAt(v.began.Add(visitsApart))
		}
		v.mu.Unlock()
	}
	v.end(v.ctx.Err())
}

// await waits until the next visit is due; false: the line has ended.
func (v *visits) await() bool {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for v.ctx.Err() == nil {
		v.mu.Lock()
		next := v.next
		v.mu.Unlock()
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
		case <-v.due:
		case <-v.ctx.Done():
		}
	}
	return false
}

// path answers what the next visit asks for; mu is held.
func (v *visits) path() (path string, within time.Duration) {
	query := url.Values{"hello": {inner(wire.ClientFrame{Hello: v.hello}, "hello")}}
	if v.ping != nil {
		ping := *v.ping
		ping.Ack = v.told
		query.Set("ping", inner(wire.ClientFrame{Ping: &ping}, "ping"))
	}
	if !v.polls {
		return v.c.link.beside(v.c.event, "stream") + "?" + query.Encode(), 0
	}
	if v.ping == nil && v.brought {
		query.Set("wait", strconv.Itoa(int(pollWaits/time.Second)))
	}
	return v.c.link.beside(v.c.event, "poll") + "?" + query.Encode(), pollWaits + pollPatient
}

// inner answers a frame's body without the name of its kind.
func inner(f wire.ClientFrame, kind string) string {
	text := wire.EncodeClient(f)
	return string(text[len(`{"":`)+len(kind) : len(text)-1])
}

// visit pays one visit. The error ends the line.
func (v *visits) visit() error {
	ctx, leave := context.WithCancel(v.ctx)
	defer leave()
	v.mu.Lock()
	v.next, v.began, v.told = time.Time{}, time.Now(), 0
	if v.hello.Have != nil {
		v.told = v.hello.Have.Seq
	}
	path, within := v.path()
	v.mu.Unlock()
	if within > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, within)
		defer cancel()
	}
	gone := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() { v.watch(ctx, leave, gone) })
	err := v.follow(ctx, path)
	close(gone)
	watching.Wait()
	if errors.Is(err, context.Canceled) && v.ctx.Err() == nil {
		return nil // left for the next one
	}
	return err
}

// watch breaks a visit off when the next is due before it has ended.
func (v *visits) watch(ctx context.Context, leave context.CancelFunc, gone chan struct{}) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		v.mu.Lock()
		next := v.next
		v.mu.Unlock()
		if next.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(time.Until(next))
		}
		select {
		case <-timer.C:
			if !next.IsZero() {
				leave()
				return
			}
		case <-v.due:
		case <-ctx.Done():
			return
		case <-gone:
			return
		}
	}
}

// follow asks and passes on what is answered.
func (v *visits) follow(ctx context.Context, path string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+v.token)
	patient := *v.c.options.HTTP
	patient.Timeout = 0 // a stream lasts; both have bounds of their own
	r, err := patient.Do(req)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return statusError(r)
	}
	code := wire.CloseAbnormal
	if v.polls {
		code, err = v.readPoll(r.Body)
	} else {
		code, err = v.readStream(r.Body)
	}
	if err != nil || code == wire.CloseNormal {
		return err
	}
	return &websocket.CloseError{Code: int(code)}
}

// pass hands a frame to whoever reads, if it is to be seen.
func (v *visits) pass(text []byte) error {
	frame, err := wire.DecodeServer(text)
	if err != nil {
		return err
	}
	if !v.note(frame) {
		return nil
	}
	// Not to be given up with the visit: the next one says that it was taken.
	select {
	case v.frames <- text:
		return nil
	case <-v.ctx.Done():
		return v.ctx.Err()
	}
}

// note takes what a frame means for the next visit; false: only the first hello
// is passed on.
func (v *visits) note(f wire.ServerFrame) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case f.Hello != nil:
		v.hello.Subjects = f.Hello.Subjects
		first := !v.greeted
		v.greeted = true
		return first
	case f.Snapshot != nil:
		v.moved(f.Snapshot.At)
	case f.Patch != nil:
		at := f.Patch.To
		if have := v.hello.Have; have == nil || have.Epoch != at.Epoch || have.Seq >= at.Seq {
			at = journal.Position{}
		}
		v.moved(at)
	case f.Pong != nil && v.ping != nil && f.Pong.N == v.ping.N:
		v.ping = nil
	}
	return true
}

// moved notes up to where everything was passed on, the zero Position for as
// before; mu is held.
func (v *visits) moved(at journal.Position) {
	if at != (journal.Position{}) {
		v.hello.Have = &at
	}
	if !v.brought && v.ping != nil {
		v.visitAt(time.Now()) // the ping has waited for this
	}
	v.brought = true
}

// post gives a command, again until there is an answer to it: nothing is given
// after it meanwhile.
func (v *visits) post(id string, frame []byte) {
	body := frame[len(`{"command":`) : len(frame)-1]
	for try := 0; v.ctx.Err() == nil; try++ {
		answer, err := v.give(id, body)
		if err == nil {
			// Whoever reads is gone if this is not taken.
			_ = v.pass(answer)
			return
		}
		if status := (*StatusError)(nil); errors.As(err, &status) && status.Status == http.StatusUnauthorized {
			v.end(err)
			return
		}
		if !sleep(v.ctx, v.c.usualPause(try)) {
			return
		}
	}
}

// give sends a command once and answers the frame that tells what became of it.
func (v *visits) give(id string, body []byte) (frame []byte, err error) {
	req, err := http.NewRequestWithContext(v.ctx, http.MethodPost, v.c.link.beside(v.c.event, "commands"), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+v.token)
	req.Header.Set("Content-Type", "application/json")
	var accepted wire.Accepted
	_, err = v.c.ask(req, maxAnswer, &accepted)
	if err == nil {
		return wire.Encode(wire.ServerFrame{Accepted: &accepted}), nil
	}
	if status := (*StatusError)(nil); errors.As(err, &status) && status.Problem.Code != "" && status.Status != http.StatusUnauthorized {
		return wire.Encode(wire.ServerFrame{Rejected: &wire.Rejected{ID: id, Problem: status.Problem}}), nil
	}
	return nil, err
}

// readPoll passes on the frames of a whole answer.
func (v *visits) readPoll(body io.Reader) (wire.CloseCode, error) {
	var answer struct {
		Frames []json.RawMessage `json:"frames"`
		Close  wire.CloseCode    `json:"close"`
	}
	if err := json.NewDecoder(body).Decode(&answer); err != nil {
		return 0, err
	}
	for _, text := range answer.Frames {
		if err := v.pass(text); err != nil {
			return 0, err
		}
	}
	return answer.Close, nil
}
