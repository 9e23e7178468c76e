//go:build linux

package loadtest

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/journal"
)

// The default sizes of the chat-style hub's messages, in bytes. They equal those of matchfloor's
// frames for the same changes. Options.Sizes overrides them.
const (
	chatSlot  = 420
	chatMove  = 1200
	chatLarge = 16 << 10
)

// chatTarget is a chat-style hub (package chathub). Its messages have the form of patches,
// so that the same phones read them; there is no state behind them.
type chatTarget struct {
	phones   []*phone // the last of them stand for the consoles
	consoles []*phone
	rounds   int
	bytes    int // the size of the scenario's messages; 0: the default of each

	mu      sync.Mutex // guards the fields below
	control *websocket.Conn
	seq     uint64
	step    int
}

// chatDialect is the dialect of a hub that identifies clients by a number in the path, and
// expects no hello.
func chatDialect() dialect {
	return dialect{
		handshake: func(p *phone) string {
			return "GET /ws?id=" + strconv.Itoa(p.n) + " HTTP/1.1\r\nHost: hub\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
				"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
		},
		hello: func(*phone) []byte { return nil },
	}
}

func newChatTarget(ctx context.Context, o Options, scenario string) (*chatTarget, error) {
	control, _, err := websocket.DefaultDialer.DialContext(ctx, "ws"+strings.TrimPrefix(o.Chat, "http")+"/control", nil)
	if err != nil {
		return nil, fmt.Errorf("connect to the hub: %w", err)
	}
	s := &chatTarget{control: control, rounds: 2 * minRounds, bytes: o.Sizes[scenario]}
	for i := range o.Phones + o.Consoles {
		p := &phone{n: i, fd: -1}
		p.exists, p.at = true, journal.Position{Epoch: 1}
		s.phones = append(s.phones, p)
	}
	s.consoles = s.phones[o.Phones:]
	return s, nil
}

// close closes the control connection. An error changes nothing: the run is over.
func (s *chatTarget) close() { _ = s.control.Close() }

// send makes the hub send a message of about n bytes to the phones; nil means all.
func (s *chatTarget) send(phones []*phone, kind string, n int) (change, error) {
	if s.bytes > 0 {
		n = s.bytes
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	ids := make([]string, len(phones))
	for i, p := range phones {
		ids[i] = strconv.Itoa(p.n)
	}
	head := fmt.Sprintf(`{"patch":{"from":0,"to":{"epoch":1,"seq":%d,"hash":"%064d"},"set":{"%s/x":{"text":"`, s.seq, s.seq, kind)
	body := head + strings.Repeat("x", max(n-len(head)-5, 0)) + `"}}}}`
	c := change{sent: time.Now(), seq: s.seq, phones: phones}
	err := s.control.WriteMessage(websocket.TextMessage, []byte(strings.Join(ids, ",")+"\n"+body))
	return c, err
}

func (s *chatTarget) slot(context.Context) (change, error) {
	s.mu.Lock()
	s.step++
	over := s.step > s.rounds
	s.mu.Unlock()
	if over {
		return change{}, errNoMoreRounds
	}
	return s.send(nil, "round", chatSlot)
}

func (s *chatTarget) move(_ context.Context, i int) (change, error) {
	count := len(s.phones) - len(s.consoles)
	who := append([]*phone(nil), s.consoles...)
	for k := range peoplePerMeeting {
		who = append(who, s.phones[(i*peoplePerMeeting+k)%count])
	}
	return s.send(who, "meeting", chatMove)
}

func (s *chatTarget) large(context.Context) ([]change, error) {
	c, err := s.send(nil, "announcement", chatLarge)
	return []change{c}, err
}

// check compares nothing: Result.Lost counts what did not arrive.
func (s *chatTarget) check(context.Context, *pool) (viewChecks, error) { return viewChecks{}, nil }

// consoleFrames returns 0: the consoles are phones.
func (s *chatTarget) consoleFrames() int { return 0 }
