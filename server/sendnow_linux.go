//go:build !386

package server

import (
	"syscall"
	"unsafe"
)

// sendsNow is whether sendNow does anything.
const sendsNow = true

// sendNow gives text to a socket without waiting, and answers how much of it was
// taken. The runtime is not told of the call: it would take the processor away
// from a goroutine that is only about to finish, and send ten thousand frames with
// as many switches between threads.
func sendNow(fd int, text []byte) (n int, err error) {
	const flags = syscall.MSG_DONTWAIT | syscall.MSG_NOSIGNAL
	taken, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(text))), uintptr(len(text)), flags, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(taken), nil
}
