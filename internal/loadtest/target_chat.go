//go:build linux

package loadtest

import (
	"context"
	"fmt"
	"net/http"
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
	chatOne   = 300
	chatLarge = 16 << 10
)

// chatTarget is a chat-style hub (package chathub). Its messages have the form of patches,
// so that the same phones read them; there is no state behind them.
type chatTarget struct {
	phones   []*phone // the last of them stand for the consoles
	consoles []*phone
	rounds   int
	bytes    int  // the size of the scenario's messages; 0: the default of each
	post     *api // sends the messages, unless it is nil

	mu      sync.Mutex // guards the fields below
	control *websocket.Conn
	seq     uint64
	step    int
}

// chatDialect is the dialect of a hub that identifies clients by a number in the path, and
// expects no hello.
func chatDialect(acks bool) dialect {
	return dialect{
		acks: acks,
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
	if o.Post {
		a := newAPI(o.Chat)
		s.post = &a
	}
	return s, nil
}

// close closes the connections to the hub. An error changes nothing: the run is over.
func (s *chatTarget) close() {
	_ = s.control.Close()
	if s.post != nil {
		s.post.http.CloseIdleConnections()
	}
}

// send makes the hub send a message of about n bytes to the phones; nil means all.
func (s *chatTarget) send(ctx context.Context, phones []*phone, kind string, n int) (change, error) {
	if s.bytes > 0 {
		n = s.bytes
	}
	s.mu.Lock()
	s.seq++
	seq := s.seq
	s.mu.Unlock()
	ids := make([]string, len(phones))
	for i, p := range phones {
		ids[i] = strconv.Itoa(p.n)
	}
	head := fmt.Sprintf(`{"patch":{"from":0,"to":{"epoch":1,"seq":%d,"hash":"%064d"},"set":{"%s/x":{"text":"`, seq, seq, kind)
	body := head + strings.Repeat("x", max(n-len(head)-5, 0)) + `"}}}}`
	text := []byte(strings.Join(ids, ",") + "\n" + body)
	c := change{sent: time.Now(), seq: seq, phones: phones}
	if s.post != nil {
		_, err := s.post.ask(ctx, http.MethodPost, "/publish", "", "text/plain", text, nil)
		return c, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return c, s.control.WriteMessage(websocket.TextMessage, text)
}

func (s *chatTarget) slot(ctx context.Context) (change, error) {
	s.mu.Lock()
	s.step++
	over := s.step > s.rounds
	s.mu.Unlock()
	if over {
		return change{}, errNoMoreRounds
	}
	return s.send(ctx, nil, "round", chatSlot)
}

func (s *chatTarget) move(ctx context.Context, i int) (change, error) {
	count := len(s.phones) - len(s.consoles)
	who := append([]*phone(nil), s.consoles...)
	for k := range peoplePerMeeting {
		who = append(who, s.phones[(i*peoplePerMeeting+k)%count])
	}
	return s.send(ctx, who, "meeting", chatMove)
}

func (s *chatTarget) one(ctx context.Context, i int) (change, error) {
	return s.send(ctx, append([]*phone{s.phones[i]}, s.consoles...), "attendee", chatOne)
}

func (s *chatTarget) large(ctx context.Context) ([]change, error) {
	c, err := s.send(ctx, nil, "announcement", chatLarge)
	return []change{c}, err
}

// check compares nothing: Result.Lost counts what did not arrive.
func (s *chatTarget) check(context.Context, *pool) (viewChecks, error) { return viewChecks{}, nil }
