package server

import (
	"syscall"
	"unsafe"
)

// The calls here never wait, and the runtime is not told of them: see sendNow.

// readNow reads what has come on a socket that does not block.
func readNow(fd int, to []byte) (n int, err error) {
	got, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(to))), uintptr(len(to)))
	if errno != 0 {
		return 0, errno
	}
	return int(got), nil
}

// eventsNow answers how many events an epoll set has, and puts them into to.
func eventsNow(fd int, to []syscall.EpollEvent) (n int, err error) {
	got, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(to))), uintptr(len(to)), 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(got), nil
}
