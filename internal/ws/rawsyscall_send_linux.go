//go:build !386

package ws

import (
	"syscall"
	"unsafe"
)

// canTrySend reports whether trySend is supported.
const canTrySend = true

// trySend sends as much of text as a socket's buffer takes, without blocking, and
// returns the number of bytes. It returns EAGAIN if the buffer is full. The runtime is
// not told of the call: it would take the processor from a goroutine that is about to
// finish, and sending ten thousand frames would cost as many thread switches.
func trySend(fd int, text []byte) (n int, err error) {
	const flags = syscall.MSG_DONTWAIT | syscall.MSG_NOSIGNAL
	taken, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(text))), uintptr(len(text)), flags, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(taken), nil
}
