package main

import (
	"os"
	"runtime"
	"syscall"
	"time"
)

// timerSlack is how much later than asked the kernel may end a thread's sleep; 50 µs
// where nobody has said. While anything runs, Go's runtime has a thread that sleeps
// 20 µs at a time to see whether it hangs. A node runs for a millisecond at a time,
// some hundred times a second, and that thread then takes a seventh of the processor
// time. With a millisecond of slack it looks a thousand times a second, which is soon
// enough, and Go counts its own timers in whole ones anyway.
const timerSlack = time.Millisecond

// The calls of prctl(2) that set and answer the slack of the calling thread.
const (
	setTimerSlack = 29 // PR_SET_TIMERSLACK
	getTimerSlack = 30 // PR_GET_TIMERSLACK
)

// relaxedEnv tells the program that it has begun anew for its timers' sake, so that it
// does not for ever on a system that forgets what it was told.
const relaxedEnv = "MATCHFLOOR_TIMERS_RELAXED"

// relaxTimers gives the process at least timerSlack. A thread has the slack of the one
// that made it, and the runtime has made the one in question before main: so the
// program begins anew in the same process, once, with the same arguments. Where that
// cannot be done it goes on as it is, only less thriftily.
func relaxTimers() {
	if os.Getenv(relaxedEnv) != "" {
		_ = os.Unsetenv(relaxedEnv) // it fails for no name like this
		return
	}
	self, err := os.Executable()
	if err != nil {
		return
	}
	runtime.LockOSThread() // whose slack the program begins anew with
	defer runtime.UnlockOSThread()
	before := prctl(getTimerSlack, 0)
	if before < 0 || before >= int(timerSlack) || prctl(setTimerSlack, int(timerSlack)) < 0 {
		return
	}
	// It comes back only with an error, of which nothing follows.
	_ = syscall.Exec(self, os.Args, append(os.Environ(), relaxedEnv+"=1"))
	prctl(setTimerSlack, before)
}

// prctl answers what the call does, or -1 for an error.
func prctl(call, value int) int {
	answer, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, uintptr(call), uintptr(value), 0)
	if errno != 0 {
		return -1
	}
	return int(answer)
}
