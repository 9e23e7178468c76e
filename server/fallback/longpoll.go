package fallback

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/matchfloor/matchfloor/wire"
)

const (
	maxPoll     = 20 * time.Second // the longest that a poll may wait for news
	pollTimeout = 2 * time.Second  // the longest that a poll without a wait lasts
)

// pollEncoder collects frames and writes them as one JSON object when the visit
// ends.
type pollEncoder struct {
	w    http.ResponseWriter
	body []byte
}

func newPollEncoder(w http.ResponseWriter) frameEncoder {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	return &pollEncoder{w: w}
}

func (e *pollEncoder) frame(text []byte) error {
	before := byte(',')
	if e.body == nil {
		before = '['
	}
	e.body = append(append(e.body, before), text...) // byte for byte: digests are of bytes
	return nil
}

func (e *pollEncoder) heartbeat() error { return nil }

func (e *pollEncoder) end(code wire.CloseCode) error {
	if e.body == nil {
		e.body = []byte{'['}
	}
	body := fmt.Appendf(nil, `{"frames":%s],"close":%d}`, e.body, code)
	e.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, err := e.w.Write(body)
	return err
}

// pollEnds ends a poll that waits when there is news. It ends one that does not
// wait when all that is available has come: the view, the pong if a ping was sent,
// and the live frame.
func pollEnds(wait time.Duration, pinged bool) endCondition {
	return func(sent sentSummary, age time.Duration) (wire.CloseCode, time.Duration) {
		most := max(wait, pollTimeout)
		complete := sent.statuses > 0 && sent.frames > 0 && (sent.pongs > 0 || !pinged)
		news := sent.news || sent.statuses > 1
		switch {
		case sent.closeCode != 0:
			return sent.closeCode, 0
		case complete && (news || age >= wait), age >= most:
			return wire.CloseNormal, 0
		case complete:
			return 0, wait - age
		}
		return 0, most - age
	}
}
