package ws

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/gorilla/websocket"
)

// checkTimeout bounds the check of a new Poller. The check takes less than a millisecond;
// the bound is long because a busy machine must not make a Poller give up for good.
const checkTimeout = 5 * time.Second

// checkEvents is how many events the check waits for, one after the other. Each after the
// first needs an entry that was armed again.
const checkEvents = 3

// checkText is what the check sends.
const checkText = "check"

// NewPoller returns a poller for connections with the limits of config. It does not wait
// for the check: connections that are watched before it has succeeded have a goroutine
// each while they last.
func NewPoller(config Config) *Poller {
	p := newPoller(config, kernelEpoll)
	go p.check(checkTimeout)
	return p
}

// check finds out whether the poller works on this system. If so, connections are watched
// from now on. Otherwise it reports why not.
func (p *Poller) check(timeout time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if err := checkEpoll(ctx, p.calls); err != nil {
		p.report(err)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.working = true
}

// checkEpoll uses a Poller for one of two connected sockets. It returns an error if input
// does not reach the handler by the poller's goroutine, if an entry cannot be armed again
// or removed, or if that goroutine does not end with the last entry. It blocks until ctx is
// done at most.
func checkEpoll(ctx context.Context, calls epollCalls) error {
	here, there, err := socketPair()
	if err != nil {
		return fmt.Errorf("making a pair of sockets: %w", err)
	}
	defer there.Close()
	k := &pollerCheck{empty: make(chan struct{}, 1), texts: make(chan struct{}, checkEvents), failed: make(chan error, 1)}
	p := newPoller(Config{MaxMessage: maxControlPayload, ShortPrefix: checkText, PollerFailed: k.fail}, k.observe(calls))
	p.working = true
	k.conn.Init(p, here, k)
	k.conn.fd = descriptor(here.(*net.UnixConn))
	if err := p.add(&k.conn); err != nil {
		k.conn.closeFD()
		return err
	}
	k.conn.Start()
	if err := k.awaitTexts(ctx, there); err != nil {
		k.abandon()
		return err
	}
	return k.awaitEnd(ctx)
}

// A pollerCheck is the handler of a connection on which a Poller is checked.
type pollerCheck struct {
	conn   Conn
	empty  chan struct{} // the poller has found no event, and waits for the next
	texts  chan struct{} // one for each text
	failed chan error    // the poller has failed
}

// observe returns calls that also say when the poller has found no event. What is sent
// after that needs the runtime's netpoller to wake the poller's goroutine.
func (k *pollerCheck) observe(calls epollCalls) epollCalls {
	wait := calls.wait
	calls.wait = func(set int, events []syscall.EpollEvent) (n int, err error) {
		if n, err = wait(set, events); n == 0 && err == nil {
			select {
			case k.empty <- struct{}{}:
			default:
			}
		}
		return n, err
	}
	return calls
}

// awaitTexts sends one text after the other, and waits for each.
func (k *pollerCheck) awaitTexts(ctx context.Context, there net.Conn) error {
	frame := append(appendHeader(nil, websocket.TextMessage, len(checkText)), make([]byte, 4)...)
	frame[1] |= maskBit
	frame = append(frame, checkText...)
	for i := range checkEvents {
		if err := k.await(ctx, k.empty); err != nil {
			return fmt.Errorf("waiting for the set to be empty: %w", err)
		}
		if _, err := there.Write(frame); err != nil {
			return err
		}
		if err := k.await(ctx, k.texts); err != nil {
			return fmt.Errorf("waiting for event %d of %d: %w", i+1, checkEvents, err)
		}
	}
	return nil
}

// await waits for one value of a channel, for a failure of the poller or until ctx is done.
func (k *pollerCheck) await(ctx context.Context, what <-chan struct{}) error {
	select {
	case <-what:
		return nil
	case err := <-k.failed:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// awaitEnd removes the connection, with which the poller's goroutine ends.
func (k *pollerCheck) awaitEnd(ctx context.Context) error {
	if err := k.await(ctx, k.empty); err != nil {
		return fmt.Errorf("waiting for the last entry: %w", err)
	}
	p := k.conn.poller
	if !p.unpark(&k.conn) {
		k.abandon()
		return errors.New("an entry was not armed again")
	}
	err := p.remove(&k.conn)
	k.conn.closeFD()
	if err != nil {
		return fmt.Errorf("removing an entry: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.running.Wait()
	}()
	if err := k.await(ctx, ended); err != nil {
		return fmt.Errorf("waiting for the end: %w", err)
	}
	return nil
}

// abandon ends the connection, whether the poller or a goroutine has its reading side. It
// does not block.
func (k *pollerCheck) abandon() {
	k.conn.closing.Store(true) // it is not parked again
	k.conn.closeBy.Store(time.Now().UnixNano())
	if k.conn.poller.unpark(&k.conn) {
		k.conn.teardown()
	} else {
		_ = k.conn.conn.SetReadDeadline(k.conn.closeDeadline()) // a goroutine reads it, and ends
	}
}

// fail is the check's Config.PollerFailed.
func (k *pollerCheck) fail(err error) {
	select {
	case k.failed <- err:
	default:
	}
}

// ShortText implements MessageHandler. The poller's goroutine calls it, and afterwards arms
// the entry again and looks for events: only what that look finds counts as empty.
func (k *pollerCheck) ShortText([]byte) {
	select {
	case <-k.empty:
	default:
	}
	k.texts <- struct{}{}
}

// Message implements MessageHandler. A goroutine has read the text, so the poller did not.
func (k *pollerCheck) Message(int, []byte) { k.fail(errors.New("a text was not read by the poller")) }

// AllowControl implements MessageHandler.
func (k *pollerCheck) AllowControl() bool { return true }

// Ended implements MessageHandler.
func (k *pollerCheck) Ended() {}

// Closed implements MessageHandler.
func (k *pollerCheck) Closed() {}

// socketPair returns two connected sockets.
func socketPair() (here, there net.Conn, err error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	var ends [2]net.Conn
	for i, fd := range fds {
		f := os.NewFile(uintptr(fd), "check")
		end, fileErr := net.FileConn(f)
		_ = f.Close() // FileConn has duplicated it
		ends[i], err = end, errors.Join(err, fileErr)
	}
	if err != nil {
		for _, end := range ends {
			if end != nil {
				_ = end.Close()
			}
		}
		return nil, nil, err
	}
	return ends[0], ends[1], nil
}
