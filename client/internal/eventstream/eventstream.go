// Package eventstream reads the frames of a stream of Server-Sent Events.
package eventstream

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"

	"github.com/matchfloor/matchfloor/wire"
)

// errCut means that a stream ended without a close event.
var errCut = errors.New("client: the event stream ended without a close event")

// Read calls deliver for each frame of a stream as it arrives, and returns the code of the
// close event: docs/PROTOCOL.md, "Without a WebSocket". It blocks until the stream ends. An
// error of deliver ends it, and so does a line of more than maxFrame bytes.
func Read(body io.Reader, maxFrame int, deliver func(frame []byte) error) (wire.CloseCode, error) {
	lines := bufio.NewScanner(body)
	lines.Buffer(make([]byte, 0, 4<<10), maxFrame)
	var event string
	for lines.Scan() {
		name, value, _ := bytes.Cut(lines.Bytes(), []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch {
		case len(lines.Bytes()) == 0:
			event = ""
		case string(name) == "event":
			event = string(value)
		case string(name) == "data" && event == "close":
			code, err := strconv.Atoi(string(value))
			for lines.Scan() { // to the end of the body, so that the connection is reused
			}
			return wire.CloseCode(code), err
		case string(name) == "data" && event == "":
			if err := deliver(bytes.Clone(value)); err != nil {
				return 0, err
			}
		}
	}
	return 0, errors.Join(errCut, lines.Err())
}
