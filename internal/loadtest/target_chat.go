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

// The bytes of a chat-style hub's messages where no others are asked for: those of
// matchfloor's frames for the same changes.
const (
	chatSlot  = 420
	chatMove  = 1200
	chatLarge = 16 << 10
)

// chatTarget is a chat-style hub (package baseline). Its messages look like patches,
// so that the same phones read them; nothing stands behind them.
type chatTarget struct {
	phones   []*phone // the last of them stand for consoles
	consoles []*phone
	rounds   int
	bytes    int // of the scenario's messages; 0: the default of each

	mu      sync.Mutex // guards what follows
	control *websocket.Conn
	seq     uint64
	step    int
}

// chatDialect is a hub that knows its clients by a number in the path, and that
// says nothing to them before there is something to say.
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
		return nil, fmt.Errorf("the hub: %w", err)
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

// close ends the control connection, of which nothing is left to be known.
func (s *chatTarget) close() { _ = s.control.Close() }

// send has the hub send a message of about n bytes to phones, or to all.
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

// check has nothing to compare: what a phone was to be sent is counted as lost.
func (s *chatTarget) check(context.Context, *pool) (viewChecks, error) { return viewChecks{}, nil }

// consoleFrames is nothing: the consoles are phones.
func (s *chatTarget) consoleFrames() int { return 0 }
