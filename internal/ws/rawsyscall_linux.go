package ws

import (
	"syscall"
	"unsafe"
)

// The system calls here never block, and the runtime is not told of them. A call that
// the runtime is told of after a pause wakes its monitor thread, which then runs every
// 20 µs while anything runs. See also trySend.

// tryRead reads from a nonblocking socket. It returns EAGAIN if there is no input, and 0
// bytes at the end.
func tryRead(fd int, to []byte) (n int, err error) {
	got, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(to))), uintptr(len(to)))
	if errno != 0 {
		return 0, errno
	}
	return int(got), nil
}

// tryEpollWait takes pending events from an epoll set and returns how many it stored in
// to.
func tryEpollWait(fd int, to []syscall.EpollEvent) (n int, err error) {
	got, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(to))), uintptr(len(to)), 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(got), nil
}
