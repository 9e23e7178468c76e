//go:build linux

package loadtest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"syscall"
)

// The opcodes of WebSocket frames that occur here.
const (
	opText  = 1
	opClose = 8
	opPing  = 9
	opPong  = 10
)

// sourceAddresses is the number of loopback addresses that phones connect from, beginning at
// 127.0.0.2: each has its own ports.
const sourceAddresses = 32

// dial begins a connection to server and does not wait for it. To a loopback server it
// connects from the n-th source address.
func dial(server netip.AddrPort, n int) (fd int, err error) {
	fd, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("socket: %w", err)
	}
	if err := connect(fd, server, n); err != nil {
		return -1, errors.Join(err, syscall.Close(fd))
	}
	return fd, nil
}

// bindNoPort makes the kernel choose the port when the other end is known
// (IP_BIND_ADDRESS_NO_PORT).
const bindNoPort = 24

func connect(fd int, server netip.AddrPort, n int) error {
	if err := syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1); err != nil {
		return fmt.Errorf("TCP_NODELAY: %w", err)
	}
	if server.Addr().IsLoopback() {
		if err := syscall.SetsockoptInt(fd, syscall.IPPROTO_IP, bindNoPort, 1); err != nil {
			return fmt.Errorf("IP_BIND_ADDRESS_NO_PORT: %w", err)
		}
		from := &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, byte(2 + n%sourceAddresses)}}
		if err := syscall.Bind(fd, from); err != nil {
			return fmt.Errorf("bind: %w", err)
		}
	}
	err := syscall.Connect(fd, &syscall.SockaddrInet4{Addr: server.Addr().As4(), Port: int(server.Port())})
	if err != nil && !errors.Is(err, syscall.EINPROGRESS) {
		return fmt.Errorf("connect: %w", err)
	}
	return nil
}

// connected returns the result of a connection that dial began.
func connected(fd int) error {
	code, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ERROR)
	if err == nil && code != 0 {
		err = syscall.Errno(code)
	}
	return err
}

// message is one WebSocket frame of the server.
type message struct {
	op      byte
	payload []byte
}

var errUnsupportedFrame = errors.New("unsupported frame: masked, fragmented, or too long")

// nextMessage returns the first frame of data and the bytes after it. ok is false if the
// frame is incomplete.
func nextMessage(data []byte) (m message, rest []byte, ok bool, err error) {
	if len(data) < 2 {
		return m, data, false, nil
	}
	if data[0]&0x80 == 0 || data[1]&0x80 != 0 {
		return m, data, false, errUnsupportedFrame
	}
	m.op = data[0] & 0x0f
	size, head := int(data[1]), 2
	switch {
	case size == 126 && len(data) >= 4:
		size, head = int(binary.BigEndian.Uint16(data[2:])), 4
	case size == 127 && len(data) >= 10:
		long := binary.BigEndian.Uint64(data[2:])
		if long > maxMessage {
			return m, data, false, errUnsupportedFrame
		}
		size, head = int(long), 10
	case size >= 126:
		return m, data, false, nil
	}
	if len(data) < head+size {
		return m, data, false, nil
	}
	m.payload = data[head : head+size]
	return m, data[head+size:], true, nil
}

// maxMessage is more than the protocol lets a server send.
const maxMessage = 1 << 20

// appendMessage appends a frame of the client. The mask is zero: masking protects proxies
// against browsers, and here it would only cost time.
func appendMessage(to []byte, op byte, payload []byte) []byte {
	to = append(to, 0x80|op)
	if len(payload) < 126 {
		to = append(to, 0x80|byte(len(payload)))
	} else {
		to = binary.BigEndian.AppendUint16(append(to, 0x80|126), uint16(len(payload)))
	}
	return append(append(to, 0, 0, 0, 0), payload...)
}
