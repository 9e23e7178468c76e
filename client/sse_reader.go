package client

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"

	"github.com/matchfloor/matchfloor/wire"
)

// errCut is a stream that ends without saying why.
var errCut = errors.New("client: the stream was cut off")

// readStream passes on the frames of a stream as they come.
func (v *visits) readStream(body io.Reader) (wire.CloseCode, error) {
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
			for lines.Scan() { // to its end, so that the connection serves the next visit
			}
			return wire.CloseCode(code), err
		case string(name) == "data" && event == "":
			if err := v.pass(bytes.Clone(value)); err != nil {
				return 0, err
			}
		}
	}
	return 0, errors.Join(errCut, lines.Err())
}
