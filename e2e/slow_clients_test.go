package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// Phones that stop reading, incomplete handshakes and unknown clients do not delay those who
// are signed in, and the server's memory stays bounded.
func TestSlowClients_DoNotDelayOthers(t *testing.T) {
	slowClientsDelay(t, 200, 1_000, 5*time.Second, 90)
}

func TestTortureSlowClients_DoNotDelayOthers(t *testing.T) {
	torture(t)
	slowClientsDelay(t, 2_000, 10_000, 15*time.Second, 99)
}

// slowBytes is the most memory that a slow socket may cost the server, without the kernel's
// buffers. gcHeadroom is how much a busy node may allocate between two collections.
const (
	slowBytes  = 64 << 10
	gcHeadroom = 128 << 20
)

// readers is the number of phones that are signed in and read.
const readers = 40

// slowClientsDelay bounds a percentile of the delays of those who read. With few commands, one
// that the disk delays is more than a hundredth of all.
func slowClientsDelay(t *testing.T, slow, dials int, lasts time.Duration, held int) {
	v := sqliteVenue(t)
	v.importAndRelease(v.nodes[0].url())
	everyone := attendees(t)
	v.signIn(append([]string{"moderator:s2"}, everyone[:readers]...)...)
	n := v.nodes[0]
	quiet := n.metrics()
	before := v.commandToFrame(lasts)

	crowd := &slowClients{v: v, node: n, tokens: map[string]string{}}
	defer crowd.close()
	crowd.openSilentPhones(everyone[readers:], slow*2/3)
	crowd.openHalfHandshakes(slow / 3)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	most := n.trackMax(ctx, metricResident, metricHeap, metricFiles, metricGoroutines)
	knocking := crowd.startStrangers(ctx, dials, lasts)
	during := v.commandToFrame(lasts)
	answered := knocking()
	cancel()
	peak := most()

	a, b := percentile(before, held), percentile(during, held)
	t.Logf("command → frame on %d phones: p50 %v, p99 %v, at most %v; with %d slow sockets and %d dials (%v) p50 %v, p99 %v, at most %v",
		readers, percentile(before, 50), percentile(before, 99), percentile(before, 100),
		slow, dials, answered, percentile(during, 50), percentile(during, 99), percentile(during, 100))
	grown, lives := peak[metricResident]-quiet[metricResident], peak[metricHeap]-quiet[metricHeap]
	t.Logf("the server grew by %.1f KB for each slow socket (%.1f of them live in the heap), to %.0f files and %.0f goroutines",
		grown/float64(slow)/1024, lives/float64(slow)/1024, peak[metricFiles], peak[metricGoroutines])
	if bound := max(5*a, 250*time.Millisecond); b > bound {
		t.Errorf("p%d is %v, more than %v", held, b, bound)
	}
	if most := float64(slow*slowBytes + 16<<20); lives > most || grown > most+gcHeadroom {
		t.Errorf("%d slow sockets cost %.0f bytes, and %.0f of the heap; at most %.0f", slow, grown, lives, most)
	}
	crowd.wantClosed(quiet)
	v.checkConverged()
}

// commandToFrame submits announcements and withdraws them for a while, and returns how long
// each took to reach every phone.
func (v *venue) commandToFrame(lasts time.Duration) (took []time.Duration) {
	v.t.Helper()
	lead := v.people["moderator:s1"]
	text := strings.Repeat("안내 말씀 드립니다.", 25)
	first := map[*person]int{}
	for _, p := range v.people {
		first[p] = p.frameCount()
	}
	given := map[uint64]time.Time{}
	last := uint64(0)
	give := func(c floor.Command) wire.Accepted {
		began := time.Now()
		done, err := lead.submit(c)
		if err != nil {
			v.t.Fatal(err)
		}
		given[done.Seq], last = began, done.Seq
		return done
	}
	for end := time.Now().Add(lasts); time.Now().Before(end); {
		done := give(floor.Announce{Text: floor.Text{Ko: text, Zh: text, En: text}})
		v.logState()
		give(floor.WithdrawAnnouncement{Announcement: announced(v.records[done.Seq-1])})
		sleep(v.t.Context(), 50*time.Millisecond)
	}
	for p := range first {
		p.sees("the last of it", func(w client.View) bool { return w.At.Seq >= last })
		frames := p.framesSince(first[p])
		for seq, at := range given {
			for _, f := range frames { // the first frame that includes the record
				if f.to >= seq {
					took = append(took, f.at.Sub(at))
					break
				}
			}
		}
	}
	return took
}

// announced returns the id of a record's announcement.
func announced(r floor.Record) floor.AnnouncementID {
	for _, c := range r.Changes {
		if a, ok := c.(floor.Announced); ok {
			return a.Announcement.ID
		}
	}
	return ""
}

// trackMax reads metrics of a node until ctx ends. The returned function returns the maximum
// of each.
func (n *node) trackMax(ctx context.Context, names ...string) func() map[string]float64 {
	most := map[string]float64{}
	var watching sync.WaitGroup
	watching.Go(func() {
		for ok := true; ok; ok = sleep(ctx, 300*time.Millisecond) {
			now := n.metrics()
			for _, name := range names {
				most[name] = max(most[name], now[name])
			}
		}
	})
	return func() map[string]float64 { watching.Wait(); return most }
}

// slowClients are connections that are slow or incomplete.
type slowClients struct {
	v          *venue
	node       *node
	conns      []io.Closer
	handshakes []net.Conn // handshakes that never end
	tokens     map[string]string
	cleanups   []func()
}

func (c *slowClients) close() {
	for _, end := range c.cleanups {
		end()
	}
	for _, conn := range c.conns {
		conn.Close()
	}
}

// openSilentPhones signs phones in, several for each person, that send their hello and then
// never read.
func (c *slowClients) openSilentPhones(people []string, count int) {
	c.v.t.Helper()
	dialer := &websocket.Dialer{HandshakeTimeout: 10 * time.Second, ReadBufferSize: 512, WriteBufferSize: 512,
		NetDialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			if err == nil {
				err = conn.(*net.TCPConn).SetReadBuffer(4096)
			}
			return conn, err
		}}
	for i := range count {
		token := c.token(people[i%len(people)])
		conn, _, err := dialer.Dial("ws"+strings.TrimPrefix(c.node.url(), "http")+"/api/v1/events/"+eventID+"/live",
			http.Header{"Authorization": {"Bearer " + token}})
		if err == nil {
			err = conn.WriteMessage(websocket.TextMessage, wire.EncodeClient(wire.ClientFrame{Hello: &wire.Hello{Version: wire.Version}}))
			c.conns = append(c.conns, conn)
		}
		if err != nil {
			c.v.t.Fatalf("slow phone %d: %v", i, err)
		}
	}
}

// openHalfHandshakes opens handshakes that send one more byte now and then and never end.
func (c *slowClients) openHalfHandshakes(count int) {
	c.v.t.Helper()
	for range count {
		conn, err := net.Dial("tcp", c.node.addr)
		if err != nil {
			c.v.t.Fatal(err)
		}
		c.conns, c.handshakes = append(c.conns, conn), append(c.handshakes, conn)
		fmt.Fprintf(conn, "GET /api/v1/events/%s/live HTTP/1.1\r\nHost: %s\r\nX-Slow: ", eventID, c.node.addr)
	}
	ctx, cancel := context.WithCancel(c.v.t.Context())
	var writing sync.WaitGroup
	writing.Go(func() {
		for sleep(ctx, 500*time.Millisecond) {
			for _, conn := range c.handshakes {
				_, _ = conn.Write([]byte("a")) // closed ones are checked in the end
			}
		}
	})
	c.cleanups = append(c.cleanups, func() { cancel(); writing.Wait() })
}

// startStrangers starts unknown clients, spread over lasts: they open a connection and close
// it, request the live connection without a session, or guess a secret. The returned function
// waits for them and returns their counts.
func (c *slowClients) startStrangers(ctx context.Context, times int, lasts time.Duration) func() string {
	began := time.Now()
	var next, refused, served atomic.Int64
	var running sync.WaitGroup
	strange := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for range 32 {
		running.Go(func() {
			for {
				i := next.Add(1)
				if i > int64(times) || !sleep(ctx, time.Until(began.Add(lasts*time.Duration(i)/time.Duration(times)))) {
					return
				}
				if c.stranger(strange, int(i)) {
					served.Add(1)
				} else {
					refused.Add(1)
				}
			}
		})
	}
	return func() string {
		running.Wait()
		return fmt.Sprintf("%d with a response, %d without", served.Load(), refused.Load())
	}
}

// stranger is one unknown client. It reports whether the server responded.
func (c *slowClients) stranger(h *http.Client, i int) bool {
	switch i % 4 {
	case 0, 1:
		conn, err := net.DialTimeout("tcp", c.node.addr, 5*time.Second)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	case 2:
		r, err := h.Get(c.node.url() + "/api/v1/events/" + eventID + "/live")
		if err != nil {
			return false
		}
		return r.Body.Close() == nil
	}
	body := fmt.Sprintf(`{"event":%q,"link":"attendee-k01a","secret":"guess%d","bearer":true}`, eventID, i)
	r, err := h.Post(c.node.url()+"/api/v1/sign-in", "application/json", strings.NewReader(body))
	if err != nil {
		return false
	}
	if r.StatusCode < 400 {
		c.v.t.Errorf("the status for a guessed secret is %d", r.StatusCode)
	}
	return r.Body.Close() == nil
}

// wantClosed checks that the server closes the slow connections by itself: a client that does
// not read is closed as silent, and an incomplete handshake times out.
func (c *slowClients) wantClosed(quiet map[string]float64) {
	c.v.t.Helper()
	began := time.Now()
	eventually(c.v.t, 45*time.Second, "the slow sockets to be closed", func() error {
		now := c.node.metrics()
		if files := now[metricFiles] - quiet[metricFiles]; files > 20 {
			return fmt.Errorf("%.0f files more than before", files)
		}
		if sessions := now[metricSessions] - quiet[metricSessions]; sessions > 0 {
			return fmt.Errorf("%.0f sessions more than before", sessions)
		}
		return nil
	})
	now := c.node.metrics()
	c.v.t.Logf("%v later the server had closed all: %.0f as silent; %.0f goroutines, before %.0f; resident %.0f MB, before %.0f MB",
		time.Since(began).Round(time.Second), now[metricSilent], now[metricGoroutines], quiet[metricGoroutines],
		now[metricResident]/(1<<20), quiet[metricResident]/(1<<20))
	if now[metricGoroutines] > quiet[metricGoroutines]+20 {
		c.v.t.Errorf("%.0f goroutines, before %.0f", now[metricGoroutines], quiet[metricGoroutines])
	}
}

// token returns the bearer token of a person, which all phones of the person share.
func (c *slowClients) token(name string) string {
	c.v.t.Helper()
	if c.tokens[name] != "" {
		return c.tokens[name]
	}
	link, err := client.ParseLink(c.v.links[name].at(c.node.url()))
	if err != nil {
		c.v.t.Fatal(err)
	}
	ask := fmt.Sprintf(`{"event":%q,"link":%q,"secret":%q,"bearer":true}`, link.Event, link.ID, link.Secret)
	r, err := http.Post(c.node.url()+"/api/v1/sign-in", "application/json", strings.NewReader(ask))
	if err != nil {
		c.v.t.Fatal(err)
	}
	defer r.Body.Close()
	var answer struct{ Token string }
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil || answer.Token == "" {
		c.v.t.Fatalf("sign-in of %s: %d, %v", name, r.StatusCode, err)
	}
	c.tokens[name] = answer.Token
	return answer.Token
}
