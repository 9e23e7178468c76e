//go:build !linux || 386

package server

import "syscall"

// sendsNow is whether sendNow does anything.
const sendsNow = false

// sendNow gives nothing to a socket: what does not wait is asked for in another way
// on each system, and a writer of the session's own does it all.
func sendNow(int, []byte) (n int, err error) { return 0, syscall.EAGAIN }
