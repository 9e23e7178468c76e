package server

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/wire"
)

// visit is one GET that stands in for a while of a live connection. It is the
// hub's outlet for that long: frames go out as the hub sends them, as events or
// gathered for one answer. What the client makes of them it says with its next
// visit's hello, and so nothing is ever sent to a visit.
type visit struct {
	form    form
	have    uint64 // the sequence that hello said
	changed chan struct{}
	wire    *http.ResponseController

	mu   sync.Mutex // held while something is written; guards what follows
	over bool       // the answer has ended: what still comes is for nobody
	seen sights

	deadline sync.Mutex // guards what follows; never held for long
	returned bool       // the connection is net/http's again
}

var _ hub.Transport = (*visit)(nil)

// form is how an answer holds frames. Its methods are called one at a time.
type form interface {
	// frame takes one frame.
	frame(text []byte) error
	// beat shows whoever is on the way that the answer goes on.
	beat() error
	// end takes the close code with which the answer ends.
	end(code wire.CloseCode) error
}

// sights is what has gone out in a visit, as far as it decides when that ends.
type sights struct {
	frames, bytes int            // snapshots and patches
	snapshot      bool           // one was among them
	news          bool           // one led past what the client has
	pongs, lives  int            // pong and live frames
	closed        wire.CloseCode // the hub has closed the session with it
}

// full reports whether as much has gone out as a client may leave unacknowledged.
func (s sights) full() bool {
	return s.frames >= wire.MaxUnackFrames || s.bytes >= wire.MaxUnackBytes
}

func newVisit(f form, w http.ResponseWriter, hello *wire.Hello) *visit {
	v := &visit{form: f, changed: make(chan struct{}, 1), wire: http.NewResponseController(w)}
	if hello != nil && hello.Have != nil {
		v.have = hello.Have.Seq
	}
	return v
}

// Write implements hub.Outlet.
func (v *visit) Write(frame []byte, deadline time.Time) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.over {
		return nil // the client is told with its next visit
	}
	v.until(deadline)
	if err := v.form.frame(frame); err != nil {
		return err
	}
	v.note(frame)
	v.tell()
	return nil
}

// note counts a frame that has gone out; mu is held.
func (v *visit) note(text []byte) {
	frame, err := wire.DecodeServer(text)
	if err != nil {
		return // the hub's frames are frames
	}
	switch {
	case frame.Snapshot != nil:
		v.seen.snapshot, v.seen.news = true, true
	case frame.Patch != nil:
		v.seen.news = v.seen.news || frame.Patch.To.Seq > v.have
	case frame.Pong != nil:
		v.seen.pongs++
	case frame.Live != nil:
		v.seen.lives++
	}
	if frame.Snapshot != nil || frame.Patch != nil {
		v.seen.frames++
		v.seen.bytes += len(text)
	}
}

// Close implements hub.Outlet.
func (v *visit) Close(code wire.CloseCode) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.seen.closed = code
	v.tell()
}

// Abort implements hub.Outlet.
func (v *visit) Abort() { v.until(time.Now()) }

// until sets when a write gives up, for as long as the connection is ours.
func (v *visit) until(deadline time.Time) {
	v.deadline.Lock()
	defer v.deadline.Unlock()
	if !v.returned {
		// A connection that knows no deadline (a test's recorder) is written to without.
		_ = v.wire.SetWriteDeadline(deadline)
	}
}

func (v *visit) tell() {
	select {
	case v.changed <- struct{}{}:
	default:
	}
}

// look answers what has gone out so far.
func (v *visit) look() sights {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.seen
}

func (v *visit) beat() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.until(time.Now().Add(visitWrite))
	return v.form.beat()
}

// end ends the answer with a close code; 0: there is nobody left to tell. It
// waits for a write that is under way, which Cut may shorten.
func (v *visit) end(code wire.CloseCode) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.over = true
	v.until(time.Now().Add(visitWrite))
	if code != 0 {
		// Who cannot be told any more comes back by itself.
		_ = v.form.end(code)
	}
	v.deadline.Lock()
	defer v.deadline.Unlock()
	v.returned = true
}

// events writes frames as Server-Sent Events, each as soon as it comes.
type events struct {
	w     http.ResponseWriter
	flush func() error
}

func newEvents(w http.ResponseWriter) *events {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	h.Set("Cache-Control", "no-store, no-transform") // nor compressed on the way: that would be gathered
	return &events{w, http.NewResponseController(w).Flush}
}

func (e *events) frame(text []byte) error { return e.write("data: ", text) }

func (e *events) beat() error { return e.write(":", nil) }

func (e *events) end(code wire.CloseCode) error {
	return e.write("event: close\ndata: ", strconv.AppendInt(nil, int64(code), 10))
}

func (e *events) write(before string, text []byte) error {
	// The first two only fill net/http's buffer; what it cannot send it keeps answering.
	_, err1 := e.w.Write([]byte(before))
	_, err2 := e.w.Write(text)
	_, err3 := e.w.Write([]byte("\n\n"))
	return errors.Join(err1, err2, err3, e.flush())
}

// gathered writes frames as one JSON object, when the visit ends.
type gathered struct {
	w    http.ResponseWriter
	body []byte
}

func newGathered(w http.ResponseWriter) *gathered {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	return &gathered{w: w}
}

func (g *gathered) frame(text []byte) error {
	before := byte(',')
	if g.body == nil {
		before = '['
	}
	g.body = append(append(g.body, before), text...) // exactly as they are: digests are of bytes
	return nil
}

func (g *gathered) beat() error { return nil }

func (g *gathered) end(code wire.CloseCode) error {
	if g.body == nil {
		g.body = []byte{'['}
	}
	body := fmt.Appendf(nil, `{"frames":%s],"close":%d}`, g.body, code)
	g.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, err := g.w.Write(body)
	return err
}
