package fallback

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/matchfloor/matchfloor/wire"
)

// minStream is the least time that a stream lasts once as much was sent as a client
// may leave unacknowledged, so that a busy floor does not make clients come back
// too often.
const minStream = 250 * time.Millisecond

// sseEncoder writes frames as Server-Sent Events, each when it comes.
type sseEncoder struct {
	w     http.ResponseWriter
	flush func() error
}

func newSSEEncoder(w http.ResponseWriter) frameEncoder {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	h.Set("Cache-Control", "no-store, no-transform") // proxies that compress also buffer
	return &sseEncoder{w, http.NewResponseController(w).Flush}
}

func (e *sseEncoder) frame(text []byte) error { return e.write("data: ", text) }

func (e *sseEncoder) heartbeat() error { return e.write(":", nil) }

func (e *sseEncoder) end(code wire.CloseCode) error {
	return e.write("event: close\ndata: ", strconv.AppendInt(nil, int64(code), 10))
}

func (e *sseEncoder) write(before string, text []byte) error {
	// The first two only fill net/http's buffer. If it cannot send it, the error comes
	// again with each call.
	_, err1 := e.w.Write([]byte(before))
	_, err2 := e.w.Write(text)
	_, err3 := e.w.Write([]byte("\n\n"))
	return errors.Join(err1, err2, err3, e.flush())
}

// streamEnds ends a stream when the client has to acknowledge: as on a WebSocket,
// after a snapshot, or when as much was sent as it may leave unacknowledged.
func streamEnds(sent sentSummary, age time.Duration) (wire.CloseCode, time.Duration) {
	switch {
	case sent.closeCode != 0:
		return sent.closeCode, 0
	case sent.snapshot, sent.full() && age >= minStream:
		return wire.CloseNormal, 0
	case sent.full():
		return 0, minStream - age
	}
	return 0, heartbeatInterval
}
