// Package timerslack lets the kernel of Linux delay this process's timers a little, so
// that the Go runtime wakes up less often.
package timerslack

import (
	"os"
	"runtime"
	"syscall"
	"time"
)

// slack is how much later than asked the kernel may end a thread's sleep. The kernel's
// default is 50 µs. While a goroutine runs, the Go runtime has a thread that sleeps
// 20 µs at a time to detect goroutines that run too long. A node runs for a millisecond
// at a time, some hundred times a second, and that thread then takes a seventh of the
// processor time. With a slack of a millisecond it wakes a thousand times a second,
// which is often enough, and Go's own timers have a resolution of whole milliseconds
// anyway.
const slack = time.Millisecond

// The operations of prctl(2) that set and get the slack of the calling thread.
const (
	setTimerSlack = 29 // PR_SET_TIMERSLACK
	getTimerSlack = 30 // PR_GET_TIMERSLACK
)

// relaxedEnv is set when the program has restarted itself, so that it does not restart
// forever on a system that ignores the slack.
const relaxedEnv = "MATCHFLOOR_TIMERS_RELAXED"

// Relax gives the process a timer slack of at least a millisecond. If the process has
// less, Relax restarts the program in the same process, once, with the same arguments: a
// thread inherits its slack from the thread that created it, and the runtime has created
// the thread in question before main. The caller must call it before it opens anything
// and before it catches signals. If the slack cannot be set, Relax returns and the
// program only uses more processor time.
func Relax() {
	if os.Getenv(relaxedEnv) != "" {
		_ = os.Unsetenv(relaxedEnv) // it cannot fail for this name
		return
	}
	self, err := os.Executable()
	if err != nil {
		return
	}
	runtime.LockOSThread() // exec keeps the slack of the thread that calls it
	defer runtime.UnlockOSThread()
	before := prctl(getTimerSlack, 0)
	if before < 0 || before >= int(slack) || prctl(setTimerSlack, int(slack)) < 0 {
		return
	}
	// Exec returns only with an error, which leaves the process as it was.
	_ = syscall.Exec(self, os.Args, append(os.Environ(), relaxedEnv+"=1"))
	prctl(setTimerSlack, before)
}

// Relaxed reports whether the calling thread has the slack that Relax sets, or more. A
// process that it starts inherits that.
func Relaxed() bool { return prctl(getTimerSlack, 0) >= int(slack) }

// prctl returns the result of prctl(2), or -1 for an error.
func prctl(operation, value int) int {
	result, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, uintptr(operation), uintptr(value), 0)
	if errno != 0 {
		return -1
	}
	return int(result)
}
