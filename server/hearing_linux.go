package server

import (
	"bytes"
	"errors"
	"syscall"

	"github.com/gorilla/websocket"
)

// hear reads once what has come on a connection whose reading side the poller has,
// and never waits. Acks, which are nearly all that phones say, are taken at once: a
// goroutine for each would cost more than the ack. Whatever else has come, has come
// in part, or is an end, gets a goroutine that may wait, and in with it. The answer
// is the buffer for the next connection.
func (k *socket) hear(in *incoming) *incoming {
	in.socket = k
	if !in.acks() {
		go k.serve(in)
		return incomingOf(nil)
	}
	in.forget()
	k.pause()
	return in
}

// acks reports whether there was nothing but acks, and has passed them on. What is
// not in the buffer, such as an end, can still be read.
func (in *incoming) acks() bool {
	n, err := readNow(in.fd, in.buf[:])
	if n <= 0 {
		return errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR)
	}
	for in.to = n; in.from < in.to; {
		size := in.ack(in.buf[in.from:in.to])
		if size == 0 {
			return false
		}
		in.from += size
		if !in.closing.Load() {
			in.take(websocket.TextMessage, in.text)
		}
		in.text = in.text[:0]
	}
	return true
}

// ack answers the size of the frame that come begins with, if that looks like an ack
// and is whole and short, and has its payload in text. Otherwise it answers 0 and
// leaves all as it was.
func (in *incoming) ack(come []byte) (size int) {
	const before = 2 + len(head{}.mask)
	if len(come) < before || come[0] != finalBit|websocket.TextMessage || come[1]&maskBit == 0 {
		return 0
	}
	size = before + int(come[1]&^maskBit)
	if size > before+controlMost || len(come) < size {
		return 0
	}
	in.text = append(in.text[:0], come[before:size]...)
	if unmask(in.text, [4]byte(come[2:before]), 0); !bytes.HasPrefix(in.text, []byte(`{"ack":`)) {
		in.text = in.text[:0]
		return 0
	}
	return size
}
