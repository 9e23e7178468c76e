package ws

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/internal/ws/wstest"
)

// reports collects the errors that a poller reports.
type reports struct {
	mu  sync.Mutex // guards all
	all []error
}

func (r *reports) add(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, err)
}

// get returns the errors so far.
func (r *reports) get() []error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]error(nil), r.all...)
}

// config returns testConfig with the reports as its PollerFailed.
func (r *reports) config() Config {
	c := testConfig
	c.PollerFailed = r.add
	return c
}

// TestNewPoller_IsUsedAfterItsCheck: a new poller is checked without being asked, reports
// nothing on a system where it works, and leaves no descriptor open.
func TestNewPoller_IsUsedAfterItsCheck(t *testing.T) {
	var r reports
	before := openFiles(t)
	p := NewPoller(r.config())
	eventually(t, "the poller works", p.Working)
	eventually(t, "the check has closed its descriptors", func() bool { return openFiles(t) <= before })
	all := startClients(t, p, 2)
	eventually(t, "both are idle", func() bool { _, parked := p.counts(); return parked == len(all) })
	for _, c := range all {
		c.checkEcho(t)
		c.Close()
	}
	checkReleased(t, all)
	if errs := r.get(); len(errs) > 0 {
		t.Errorf("reported: %v", errs)
	}
}

// TestPoller_WatchesNothingBeforeItsCheck: the connections of a poller that is not checked
// yet have a goroutine each, and keep it.
func TestPoller_WatchesNothingBeforeItsCheck(t *testing.T) {
	p := newPoller(testConfig, kernelEpoll)
	early := startClients(t, p, 1)
	early[0].checkEcho(t)
	p.check(testTimeout)
	later := startClients(t, p, 1)
	eventually(t, "the later one is idle", func() bool { watched, parked := p.counts(); return watched == 1 && parked == 1 })
	all := append(early, later...)
	for _, c := range all {
		c.checkEcho(t)
		c.Close()
	}
	checkReleased(t, all)
}

// faultyEpoll are ways in which epoll may not work.
var faultyEpoll = map[string]func(*epollCalls){
	"no set": func(c *epollCalls) {
		c.create = func(int) (int, error) { return -1, syscall.ENOSYS }
	},
	"a set that takes no descriptor": func(c *epollCalls) {
		c.create = func(int) (int, error) { return syscall.Open(os.DevNull, syscall.O_RDWR|syscall.O_CLOEXEC, 0) }
	},
	"no wait": func(c *epollCalls) {
		c.wait = func(int, []syscall.EpollEvent) (int, error) { return 0, syscall.ENOSYS }
	},
	"no event": func(c *epollCalls) {
		c.wait = func(int, []syscall.EpollEvent) (int, error) { return 0, nil }
	},
	"no event after the first": func(c *epollCalls) {
		var had atomic.Bool
		c.wait = func(set int, to []syscall.EpollEvent) (int, error) {
			if had.Load() {
				return 0, nil
			}
			n, err := tryEpollWait(set, to)
			had.Store(n > 0)
			return n, err
		}
	},
	"a wrong id": func(c *epollCalls) {
		c.wait = func(set int, to []syscall.EpollEvent) (int, error) {
			n, err := tryEpollWait(set, to)
			for i := range to[:max(n, 0)] {
				to[i].Fd++
			}
			return n, err
		}
	},
}

// TestPoller_GoroutinesWaitAfterAFailedCheck: where epoll does not work, the poller reports
// it once and is not used, and every connection works by a goroutine of its own.
func TestPoller_GoroutinesWaitAfterAFailedCheck(t *testing.T) {
	for name, change := range faultyEpoll {
		t.Run(name, func(t *testing.T) {
			before := openFiles(t)
			var r reports
			calls := kernelEpoll
			change(&calls)
			p := newPoller(r.config(), calls)
			began := time.Now()
			p.check(200 * time.Millisecond)
			if took := time.Since(began); took > testTimeout {
				t.Errorf("the check took %v", took)
			}
			if errs := r.get(); len(errs) != 1 || p.Working() {
				t.Errorf("working: %t, reported: %v", p.Working(), errs)
			} else {
				t.Log(errs[0])
			}
			all := startClients(t, p, 3)
			eventually(t, "goroutines wait", func() bool { return stacks(t, "ws.(*Conn).awaitInput") == len(all) })
			for range 2 {
				for _, c := range all {
					c.checkEcho(t)
				}
			}
			if watched, _ := p.counts(); watched > 0 {
				t.Errorf("%d are watched", watched)
			}
			for _, c := range all {
				c.conn.Close(4102)
				if got := c.readFrame(t); got != "\x88\x10\x06" {
					t.Errorf("closed with %q", got)
				}
				c.Close()
			}
			checkReleased(t, all)
			eventually(t, "all descriptors are closed", func() bool { return openFiles(t) <= before })
			if errs := r.get(); len(errs) != 1 {
				t.Errorf("reported: %v", errs)
			}
		})
	}
}

// TestCheckEpoll_NeedsTheNetpoller: an event that the poller finds without having waited
// for it does not count.
func TestCheckEpoll_NeedsTheNetpoller(t *testing.T) {
	calls, waits := kernelEpoll, 0
	calls.wait = func(set int, to []syscall.EpollEvent) (int, error) {
		waits++ // by one goroutine only
		return tryEpollWait(set, to)
	}
	ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
	defer cancel()
	if err := checkEpoll(ctx, calls); err != nil {
		t.Fatal(err)
	}
	// One look that finds nothing before each event, one that finds it, and the last.
	if want := 2*checkEvents + 1; waits < want {
		t.Errorf("the set was looked at %d times, want at least %d", waits, want)
	}
}

// TestPoller_InterruptedWaitIsRepeated: a wait that a signal interrupts loses no event.
func TestPoller_InterruptedWaitIsRepeated(t *testing.T) {
	var r reports
	calls, n := kernelEpoll, 0
	calls.wait = func(set int, to []syscall.EpollEvent) (int, error) {
		if n++; n%2 == 1 { // by one goroutine at a time
			return 0, syscall.EINTR
		}
		return tryEpollWait(set, to)
	}
	p := newPoller(r.config(), calls)
	if p.check(testTimeout); !p.Working() {
		t.Errorf("reported: %v", r.get())
	}
}

// TestPoller_LosesNoConnectionWhenWaitingFails: when waiting for the set fails while
// connections send, each gets every echo, connections that come later work too, and the
// failure is reported once.
func TestPoller_LosesNoConnectionWhenWaitingFails(t *testing.T) {
	const rounds = 40
	var r reports
	var broken atomic.Bool
	calls := kernelEpoll
	calls.wait = func(set int, to []syscall.EpollEvent) (int, error) {
		if broken.Load() {
			return 0, syscall.EBADF
		}
		return tryEpollWait(set, to)
	}
	p := newPoller(r.config(), calls)
	p.check(testTimeout)
	all := startClients(t, p, 10)
	eventually(t, "all are watched", func() bool { watched, _ := p.counts(); return watched == len(all) })
	var started, done sync.WaitGroup
	started.Add(len(all))
	for _, c := range all {
		done.Go(func() {
			release := sync.OnceFunc(started.Done)
			defer release() // also after a failure
			for i := range rounds {
				if i == rounds/4 {
					release()
				}
				if err := c.echo(fmt.Sprintf("text %d", i)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	started.Wait()
	broken.Store(true)
	done.Wait()
	eventually(t, "it is reported", func() bool { return len(r.get()) == 1 })
	if err := r.get()[0]; !errors.Is(err, syscall.EBADF) || p.Working() {
		t.Errorf("working: %t, reported: %v", p.Working(), err)
	}
	all = append(all, startClients(t, p, 2)...)
	eventually(t, "goroutines wait", func() bool { return stacks(t, "ws.(*Conn).awaitInput") == len(all) })
	for _, c := range all {
		c.checkEcho(t)
		c.Close()
	}
	checkReleased(t, all)
	if watched, _ := p.counts(); watched != 0 || len(r.get()) != 1 {
		t.Errorf("%d are still watched, reported: %v", watched, r.get())
	}
}

// echo sends a text and waits for its echo.
func (c client) echo(text string) error {
	if err := c.SetDeadline(time.Now().Add(testTimeout)); err != nil {
		return err
	}
	if _, err := io.WriteString(c, wstest.MaskedFrame(0x81, text)); err != nil {
		return err
	}
	got := make([]byte, 2+len(text))
	if _, err := io.ReadFull(c, got); err != nil || string(got[2:]) != text {
		return fmt.Errorf("%q instead of the echo of %q: %w", got, text, err)
	}
	return nil
}

// openFiles returns how many descriptors the process has.
func openFiles(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}
