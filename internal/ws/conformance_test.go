package ws

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
)

// A conformanceCase is input of a client and everything that the server must answer. The
// server's handler echoes each text, so the texts in want are those that it has received. It
// does not echo binary messages, and closes with N when it receives the text "close N".
type conformanceCase struct {
	section string   // of RFC 6455
	name    string   // unique in its section
	send    []string // each is written at once; nearly all are one frame
	want    []string // "text X", "pong X", "close CODE REASON"
	got     []string // "text X", "binary X", if it is not the texts of want
	hangUp  bool     // the client ends its side of the connection after send
}

// open reports whether the connection must still work after the case.
func (c conformanceCase) open() bool {
	return !c.hangUp && (len(c.want) == 0 || !strings.HasPrefix(c.want[len(c.want)-1], "close"))
}

// received returns the messages that the handler must receive.
func (c conformanceCase) received() []string {
	if c.got != nil {
		return c.got
	}
	return slices.DeleteFunc(slices.Clone(c.want), func(s string) bool { return !strings.HasPrefix(s, "text ") })
}

// conformanceConfig is like the server's, with room for a message that needs a length of 64
// bits.
var conformanceConfig = Config{MaxMessage: 66_000, ShortPrefix: `{"ack":`, CloseTooMany: 4001, CloseSilent: 4000}

// A delivery is how a case's input is cut into segments.
type delivery struct {
	name string
	cut  func(send []string) []string
	ping bool // a ping goes first, so that the case does not begin the input
}

var deliveries = []delivery{
	{"whole", func(send []string) []string { return send }, false},
	{"bytes", inBytes, false},
	{"joined", func(send []string) []string { return []string{strings.Join(send, "")} }, true},
}

// inBytes cuts the input into single bytes, but for the middle of a long one.
func inBytes(send []string) (pieces []string) {
	const start, end, middle = 512, 64, 997
	input := strings.Join(send, "")
	for len(input) > 0 {
		n := 1
		if done := len(pieces); done >= start && len(input) > end {
			n = min(middle, len(input)-end)
		}
		pieces, input = append(pieces, input[:n]), input[n:]
	}
	return pieces
}

// A way is how a server waits for its connections.
type way struct {
	name   string
	poller *Poller
	tls    *tls.Config // of the server; nil: no TLS
	client *tls.Config
}

// conformanceWays returns the ways in which connections are read.
func conformanceWays(t *testing.T) []way {
	t.Helper()
	s := httptest.NewTLSServer(nil) // for its certificate
	defer s.Close()
	client := s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	client.ServerName = "example.com"
	watching := newCheckedPoller(t, conformanceConfig)
	return []way{
		{name: "plain", poller: watching},
		{name: "goroutines", poller: &Poller{config: conformanceConfig}},
		{name: "TLS", poller: watching, tls: s.TLS.Clone(), client: client},
	}
}

// connect returns the two ends of a connection.
func (w way) connect() (here, there net.Conn, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	if there, err = net.Dial("tcp", l.Addr().String()); err != nil {
		return nil, nil, err
	}
	if here, err = l.Accept(); err != nil {
		return nil, nil, err
	}
	if w.tls != nil {
		here, there = tls.Server(here, w.tls), tls.Client(there, w.client)
	}
	return here, there, there.SetDeadline(time.Now().Add(testTimeout))
}

// An echoer is the handler of a case.
type echoer struct {
	conn Conn

	mu            sync.Mutex // guards the fields below
	got           []string
	ended, closed int
	wrong         []error
}

func (h *echoer) Message(opcode int, payload []byte) {
	text := string(payload)
	kind := map[int]string{1: "text ", 2: "binary "}[opcode]
	h.mu.Lock()
	h.got = append(h.got, kind+text)
	h.mu.Unlock()
	if code, ok := strings.CutPrefix(text, "close "); ok && kind == "text " {
		n, err := strconv.Atoi(code)
		h.conn.Close(n)
		h.fail(err)
	} else if kind == "text " {
		taken, err := h.conn.TryWrite(payload)
		if !taken && err == nil {
			err = h.conn.Write(payload, time.Now().Add(testTimeout))
		}
		h.fail(err)
	}
}

func (h *echoer) ShortText(payload []byte) { h.Message(1, payload) }
func (h *echoer) AllowControl() bool       { return true }
func (h *echoer) Ended()                   { h.mu.Lock(); h.ended++; h.mu.Unlock() }
func (h *echoer) Closed()                  { h.mu.Lock(); h.closed++; h.mu.Unlock() }

// fail notes an error of the handler.
func (h *echoer) fail(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil {
		h.wrong = append(h.wrong, err)
	}
}

// run runs a case one way, and returns what was wrong.
func (c conformanceCase) run(w way, d delivery) error {
	here, there, err := w.connect()
	if err != nil {
		return err
	}
	defer there.Close()
	h := new(echoer)
	h.conn.Init(w.poller, here, h)
	h.conn.Watch()
	h.conn.Start()
	send, want := c.send, c.want
	if d.ping {
		send, want = append([]string{frame(0x89, "first")}, send...), append([]string{"pong first"}, want...)
	}
	read, err := c.converse(there, d.cut(send), len(want))
	if c.open() {
		want = append(slices.Clone(want), "pong end", "close 1000")
	}
	if !slices.Equal(read, want) {
		err = errors.Join(err, fmt.Errorf("read %s, want %s", shown(read), shown(want)))
	}
	there.Close()
	return errors.Join(err, h.check(c.received()))
}

// converse sends the input, and reads everything up to the end. If the case leaves the
// connection open, converse reads the answers first, and then ends it with a ping and a close
// frame.
func (c conformanceCase) converse(conn net.Conn, input []string, answers int) (read []string, err error) {
	if secure, ok := conn.(*tls.Conn); ok { // input may be empty
		if err := secure.Handshake(); err != nil {
			return nil, err
		}
	}
	for _, piece := range input {
		if _, err := io.WriteString(conn, piece); err != nil {
			return nil, err
		}
	}
	if c.hangUp {
		if err := conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
			return nil, err
		}
	}
	in := bufio.NewReader(conn)
	for ended := false; ; {
		if c.open() && len(read) == answers && !ended {
			ended = true
			for _, last := range []string{frame(0x89, "end"), frame(0x88, "\x03\xe8bye")} {
				if _, err := io.WriteString(conn, last); err != nil {
					return read, err
				}
			}
		}
		one, err := readAnswer(in)
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return read, nil // a reset would be another error
		}
		if err != nil {
			return read, err
		}
		read = append(read, one)
	}
}

// check waits until the connection is closed, and checks what the handler has received.
func (h *echoer) check(want []string) error {
	for end := time.Now().Add(testTimeout); ; time.Sleep(time.Millisecond) { // a poll, bounded
		h.mu.Lock()
		closed := h.closed > 0
		h.mu.Unlock()
		if closed {
			break
		}
		if time.Now().After(end) {
			return errors.New("the connection is not closed")
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.Equal(h.got, want) {
		h.wrong = append(h.wrong, fmt.Errorf("the handler got %s, want %s", shown(h.got), shown(want)))
	}
	if h.ended != 1 || h.closed != 1 {
		h.wrong = append(h.wrong, fmt.Errorf("ended %d times, closed %d times", h.ended, h.closed))
	}
	return errors.Join(h.wrong...)
}

// readAnswer reads a frame of a server: complete, unmasked, without reserved bits, with the
// shortest length.
func readAnswer(in *bufio.Reader) (string, error) {
	var header [2]byte
	if _, err := io.ReadFull(in, header[:]); err != nil {
		return "", err
	}
	size, least := uint64(header[1]), uint64(0)
	switch header[1] {
	case 126, 127:
		long := make([]byte, 8)
		n := map[byte]int{126: 2, 127: 8}[header[1]]
		if _, err := io.ReadFull(in, long[8-n:]); err != nil {
			return "", errors.Join(err, io.ErrUnexpectedEOF)
		}
		size, least = binary.BigEndian.Uint64(long), map[int]uint64{2: 126, 8: 1 << 16}[n]
	}
	if header[1]&0x80 != 0 || size < least || size > 1<<20 {
		return "", fmt.Errorf("a frame that begins with %x and has %d bytes", header, size)
	}
	payload := make([]byte, size)
	if _, err := io.ReadFull(in, payload); err != nil {
		return "", errors.Join(err, io.ErrUnexpectedEOF)
	}
	switch header[0] {
	case 0x81:
		return "text " + string(payload), nil
	case 0x8a:
		return "pong " + string(payload), nil
	case 0x88:
		return closeText(payload)
	}
	return "", fmt.Errorf("a frame of kind %x", header[0])
}

// closeText returns the payload of a close frame as conformanceCase.want has it.
func closeText(payload []byte) (string, error) {
	if len(payload) == 0 {
		return "close", nil
	}
	if len(payload) == 1 || len(payload) > maxControlPayload || !utf8.Valid(payload[2:]) {
		return "", fmt.Errorf("a close frame with %x", payload)
	}
	return strings.TrimSpace(fmt.Sprintf("close %d %s", binary.BigEndian.Uint16(payload), payload[2:])), nil
}

// shown returns answers for a message, shortened.
func shown(all []string) string {
	text := fmt.Sprintf("%d:", len(all))
	for _, one := range all[:min(len(all), 8)] {
		text += fmt.Sprintf(" %.60q(%d)", one, len(one))
	}
	return text
}

// frame returns a client's frame. Its mask has four different bytes.
func frame(first byte, payload string) string {
	return maskedFrame([4]byte{0x37, 0xfa, 0x21, 0x3d}, first, payload)
}

// maskedFrame returns a client's frame with a mask.
func maskedFrame(mask [4]byte, first byte, payload string) string {
	header := appendHeader(nil, int(first), len(payload))
	header[0], header[1] = first, header[1]|0x80
	body := []byte(payload)
	unmask(body, mask, 0)
	return string(header) + string(mask[:]) + string(body)
}

// TestConformance holds the server to RFC 6455, sections 5 to 7 and 8.1: with a poller, with a
// goroutine a connection, and over TLS; with the input in segments as it is written, in single
// bytes, and in one piece. It logs a table with the number of cases that passed.
func TestConformance(t *testing.T) {
	ways := conformanceWays(t)
	var mu sync.Mutex // guards passed
	cases, passed := map[string]int{}, map[string]map[string]int{}
	t.Run("cases", func(t *testing.T) {
		seen := map[string]bool{}
		for _, c := range conformanceCases() {
			name := c.section + " " + c.name
			if seen[name] {
				t.Fatalf("two cases have the name %q", name)
			}
			seen[name] = true
			cases[c.section]++
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				var all sync.WaitGroup
				for _, w := range ways {
					all.Go(func() {
						if c.passes(t, w) {
							mu.Lock()
							defer mu.Unlock()
							if passed[c.section] == nil {
								passed[c.section] = map[string]int{}
							}
							passed[c.section][w.name]++
						}
					})
				}
				all.Wait()
			})
		}
	})
	text := fmt.Sprintf("\n%-8s %6s", "section", "cases")
	for _, w := range ways {
		text += fmt.Sprintf(" %11s", w.name)
	}
	for _, section := range slices.Sorted(maps.Keys(cases)) {
		text += fmt.Sprintf("\n%-8s %6d", section, cases[section])
		for _, w := range ways {
			text += fmt.Sprintf(" %11d", passed[section][w.name])
		}
	}
	t.Logf("cases passed, each as written, in single bytes, and in one piece:%s", text)
}

// passes reports whether a case passes one way, however it is delivered.
func (c conformanceCase) passes(t *testing.T, w way) bool {
	errs := make([]error, len(deliveries))
	var all sync.WaitGroup
	for i, d := range deliveries {
		all.Go(func() {
			if err := c.run(w, d); err != nil {
				errs[i] = fmt.Errorf("%s, %s: %w", w.name, d.name, err)
			}
		})
	}
	all.Wait()
	err := errors.Join(errs...)
	if err != nil {
		t.Error(err)
	}
	return err == nil
}
