//go:build !linux || 386

package ws

import "syscall"

// canTrySend reports whether trySend is supported.
const canTrySend = false

// trySend sends nothing: systems differ in how to send without blocking, and 386 has no
// sendto call of its own. The caller must use Write instead.
func trySend(int, []byte) (n int, err error) { return 0, syscall.EAGAIN }
