//go:build linux

package loadtest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// The times and bounds of a phone's connection: see docs/PROTOCOL.md.
const (
	pingInterval = 20 * time.Second
	pongTimeout  = 30 * time.Second // a measured server may be slow; a page waits 4 s
	ackTimeout   = 10 * time.Second
	ackFrames    = 4
	ackBytes     = 16 << 10
)

type phoneState uint8

const (
	disconnected phoneState = iota
	dialing                 // the connection is being made
	upgrading               // the handshake was sent
	helloSent               // hello was sent
	live                    // a snapshot or patch has arrived
)

// phone is one connection. Only the loop of the pool uses it.
type phone struct {
	n     int // its index
	who   floor.ActorID
	token string // of its sign-in

	state         phoneState
	fd            int
	partial       []byte // the beginning of an incomplete message
	unsent        []byte // what the socket did not accept yet
	readingPaused bool   // slow: the phone does not read
	dialAt        time.Time
	subjects      string
	phoneView
	arrivals []arrival

	unacked, unackedBytes int
	ackDue, nextPing      time.Time
	lastPing              uint32 // sent
	lastPong              uint32 // n of the last pong
	pongDue               time.Time
	answers               int // commands that were answered
}

// arrival is when a phone's view reached a sequence.
type arrival struct {
	seq uint64
	at  time.Time
}

// handleReady is called when the socket is readable or writable.
func (p *phone) handleReady(l *pool, now time.Time) error {
	if p.state == dialing {
		if err := connected(p.fd); err != nil {
			return fmt.Errorf("connect: %w", err)
		}
		p.state = upgrading
		if err := l.watch(p, syscall.EPOLLIN); err != nil {
			return err
		}
		return p.write(l, []byte(l.dialect.handshake(p)))
	}
	if rest := p.unsent; len(rest) > 0 {
		p.unsent = nil
		if err := p.write(l, rest); err != nil {
			return err
		}
		if len(p.unsent) == 0 {
			if err := l.watch(p, syscall.EPOLLIN); err != nil {
				return err
			}
		}
	}
	return p.read(l, now)
}

// read reads once and handles what arrived: epoll reports the socket again if more is left.
func (p *phone) read(l *pool, now time.Time) error {
	n, err := syscall.Read(p.fd, l.buffer)
	switch {
	case err == syscall.EAGAIN || err == syscall.EINTR:
		return nil
	case err != nil:
		return fmt.Errorf("read: %w", err)
	case n == 0:
		return errHungUp
	}
	data := l.buffer[:n]
	if len(p.partial) > 0 {
		data = append(p.partial, data...)
	}
	rest, err := p.handleData(l, data, now)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		p.partial = nil
	} else {
		p.partial = bytes.Clone(rest)
	}
	return nil
}

func (p *phone) handleData(l *pool, data []byte, now time.Time) (rest []byte, err error) {
	if p.state == upgrading {
		end := bytes.Index(data, []byte("\r\n\r\n"))
		if end < 0 {
			return data, nil
		}
		if !bytes.HasPrefix(data, []byte("HTTP/1.1 101 ")) {
			line, _, _ := strings.Cut(string(data), "\r\n")
			return nil, fmt.Errorf("the server answered the handshake with %q", line)
		}
		data = data[end+4:]
		if err := p.sendHello(l, now); err != nil {
			return nil, err
		}
	}
	for {
		m, rest, ok, err := nextMessage(data)
		if err != nil || !ok {
			return rest, err
		}
		if err := p.handleMessage(l, m, now); err != nil {
			return nil, err
		}
		data = rest
	}
}

// sendHello starts the protocol after the handshake.
func (p *phone) sendHello(l *pool, now time.Time) error {
	p.state = helloSent
	p.nextPing = now.Add(time.Duration(rand.Int64N(int64(pingInterval))) + time.Second)
	if p.lastPong != p.lastPing {
		p.nextPing = now // the pong that a goal waits for was lost with the last connection
	}
	p.unacked, p.unackedBytes, p.ackDue, p.pongDue = 0, 0, time.Time{}, time.Time{}
	if hello := l.dialect.hello(p); hello != nil {
		return p.sendText(l, hello)
	}
	l.markLive(p)
	return nil
}

func (p *phone) handleMessage(l *pool, m message, now time.Time) error {
	switch m.op {
	case opText:
		return p.handleText(l, m.payload, now)
	case opPing:
		return p.write(l, appendMessage(nil, opPong, m.payload))
	case opClose:
		if len(m.payload) >= 2 {
			return closedWith(binary.BigEndian.Uint16(m.payload))
		}
		return errHungUp
	}
	return nil
}

func (p *phone) handleText(l *pool, text []byte, now time.Time) error {
	l.counters.frames++
	l.counters.bytes += len(text)
	if isSnapshot(text) {
		f, err := snapshotFrame(text)
		if err != nil {
			return err
		}
		return p.handleView(l, f, len(text), now)
	}
	f, err := l.frames.lookup(text)
	switch {
	case err != nil:
		return err
	case f.Patch != nil:
		return p.handleView(l, f, len(text), now)
	case f.Hello != nil:
		p.subjects = f.Hello.Subjects
	case f.Pong != nil:
		p.lastPong, p.pongDue = f.Pong.N, time.Time{}
	case f.Accepted != nil:
		p.answers++
	case f.Rejected != nil:
		p.answers++
		l.counters.refused++
	case f.Error != nil:
		return fmt.Errorf("the server sent an error: %w", f.Error)
	}
	return nil
}

// handleView applies a snapshot or patch, and acknowledges it as docs/PROTOCOL.md says.
func (p *phone) handleView(l *pool, f *frame, size int, now time.Time) error {
	moved, err := p.apply(f)
	if err != nil {
		return err
	}
	l.markLive(p)
	if moved {
		l.counters.deliveries++
		p.arrivals = append(p.arrivals, arrival{p.at.Seq, now})
	}
	if !l.dialect.acks {
		return nil
	}
	p.unacked++
	p.unackedBytes += size
	if f.Snapshot != nil || f.personal || p.unacked >= ackFrames || p.unackedBytes >= ackBytes {
		return p.ack(l)
	}
	if p.ackDue.IsZero() {
		p.ackDue = now.Add(ackTimeout)
	}
	return nil
}

func (p *phone) ack(l *pool) error {
	p.unacked, p.unackedBytes, p.ackDue = 0, 0, time.Time{}
	l.scratch = strconv.AppendUint(append(l.scratch[:0], `{"ack":{"seq":`...), p.at.Seq, 10)
	l.scratch = append(l.scratch, "}}"...)
	return p.sendText(l, l.scratch)
}

func (p *phone) ping(l *pool, now time.Time) error {
	p.lastPing++
	if !l.acksTogether { // a ping acknowledges too
		p.unacked, p.unackedBytes, p.ackDue = 0, 0, time.Time{}
	}
	p.nextPing = now.Add(pingInterval)
	if p.pongDue.IsZero() {
		p.pongDue = now.Add(pongTimeout)
	}
	return p.sendText(l, wire.EncodeClient(wire.ClientFrame{Ping: &wire.Ping{N: p.lastPing, Ack: p.at.Seq}}))
}

// doDue sends what is due.
func (p *phone) doDue(l *pool, now time.Time) error {
	switch {
	case p.state < live || p.readingPaused || !l.dialect.pings:
		return nil
	case !p.pongDue.IsZero() && now.After(p.pongDue):
		return errNoPong
	case now.After(p.nextPing):
		return p.ping(l, now)
	case !p.ackDue.IsZero() && now.After(p.ackDue):
		return p.ack(l)
	}
	return nil
}

// sendText sends a text message.
func (p *phone) sendText(l *pool, text []byte) error {
	l.out = appendMessage(l.out[:0], opText, text)
	return p.write(l, l.out)
}

// write sends as much as the socket accepts, and keeps the rest until it accepts more.
func (p *phone) write(l *pool, data []byte) error {
	if len(p.unsent) > 0 {
		p.unsent = append(p.unsent, data...)
		return nil
	}
	n, err := syscall.Write(p.fd, data)
	if err == syscall.EAGAIN {
		n, err = 0, nil
	}
	if err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if n == len(data) {
		return nil
	}
	p.unsent = bytes.Clone(data[n:])
	return l.watch(p, syscall.EPOLLIN|syscall.EPOLLOUT)
}
