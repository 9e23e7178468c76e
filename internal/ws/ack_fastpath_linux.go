package ws

import (
	"errors"
	"syscall"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

// readShortTexts reads once, without blocking, and passes on the short texts that the
// input begins with. It reports whether there was nothing else: then the buffer is used
// up. Otherwise the rest of the input is in the buffer, and an end or an error will be
// seen by the next read.
func (r *frameReader) readShortTexts() bool {
	n, err := tryRead(int(r.fd), r.buf[:])
	if n <= 0 {
		return errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR)
	}
	for r.end = n; r.start < r.end; {
		size := r.nextShortText(r.buf[r.start:r.end])
		if size == 0 {
			return false
		}
		r.start += size
		if !r.closing.Load() {
			r.handler.ShortText(r.payload)
		}
		r.payload = r.payload[:0]
	}
	return true
}

// nextShortText returns the size of the frame at the beginning of input, and stores its
// unmasked payload in r.payload, if the frame is a complete, unfragmented text in UTF-8 of
// at most 125 bytes with Config.ShortPrefix. Otherwise it returns 0 and changes nothing.
func (r *frameReader) nextShortText(input []byte) (size int) {
	const headerSize = 2 + len(frameHeader{}.mask)
	if len(input) < headerSize || input[0] != finalBit|websocket.TextMessage || input[1]&maskBit == 0 {
		return 0
	}
	size = headerSize + int(input[1]&^maskBit)
	if size > headerSize+maxControlPayload || len(input) < size {
		return 0
	}
	r.payload = append(r.payload[:0], input[headerSize:size]...)
	unmask(r.payload, [4]byte(input[2:headerSize]), 0)
	if !hasPrefix(r.payload, r.config.ShortPrefix) || !utf8.Valid(r.payload) {
		r.payload = r.payload[:0]
		return 0
	}
	return size
}

// hasPrefix reports whether text begins with prefix and prefix is not empty. It does
// not allocate.
func hasPrefix(text []byte, prefix string) bool {
	return prefix != "" && len(text) >= len(prefix) && string(text[:len(prefix)]) == prefix
}
