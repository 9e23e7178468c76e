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

// Phones that stop reading, half-sent handshakes and strangers at the door leave
// those who are signed in unaffected, and the server's memory bounded.
func TestSlowClients_DoNotDelayOthers(t *testing.T) {
	slowClientsDelay(t, 200, 1_000, 5*time.Second, 90)
}

// TestTortureSlowClients_DoNotDelayOthers is the whole of it.
func TestTortureSlowClients_DoNotDelayOthers(t *testing.T) {
	torture(t)
	slowClientsDelay(t, 2_000, 10_000, 15*time.Second, 99)
}

// The most that a slow socket may cost the server, what is in its kernel's
// buffers left aside; and how far a busy node's collector may run ahead.
const (
	slowBytes  = 64 << 10
	gcHeadroom = 128 << 20
)

// readers are those who are signed in and read.
const readers = 40

// slowClientsDelay holds the percentile held of those who read: with few commands one
// that the disk holds up is more than a hundredth of all.
func slowClientsDelay(t *testing.T, slow, dials int, lasts time.Duration, held int) {
	v := sqliteVenue(t)
	v.importSample()
	v.signIn("moderator:s1")
	v.people["moderator:s1"].mustSubmit(floor.ReleaseSchedule{})
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
	t.Logf("command → frame on %d phones: p50 %v, p99 %v, at most %v; beside %d slow sockets and %d dials (%v) p50 %v, p99 %v, at most %v",
		readers, percentile(before, 50), percentile(before, 99), percentile(before, 100),
		slow, dials, answered, percentile(during, 50), percentile(during, 99), percentile(during, 100))
	grown, lives := peak[metricResident]-quiet[metricResident], peak[metricHeap]-quiet[metricHeap]
	t.Logf("the server grew by %.1f KB a slow socket (%.1f of them live in the heap), to %.0f files and %.0f goroutines",
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

// commandToFrame gives announcements, and takes them back, for a while, and
// answers how long each took to every phone.
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
			for _, f := range frames { // the first that holds it
				if f.to >= seq {
					took = append(took, f.at.Sub(at))
					break
				}
			}
		}
	}
	return took
}

// announced answers the id that a record's announcement was given.
func announced(r floor.Record) floor.AnnouncementID {
	for _, c := range r.Changes {
		if a, ok := c.(floor.Announced); ok {
			return a.Announcement.ID
		}
	}
	return ""
}

// trackMax follows some figures of a node until ctx ends, and answers the
// highest of each.
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

// slowClients are sockets that do not do their part.
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

// openSilentPhones signs in so many phones, several of each person, that greet and then
// never read again.
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

// openHalfHandshakes opens so many handshakes of which one byte more comes now and then.
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
	var dribbling sync.WaitGroup
	dribbling.Go(func() {
		for sleep(ctx, 500*time.Millisecond) {
			for _, conn := range c.handshakes {
				_, _ = conn.Write([]byte("a")) // those that were closed meanwhile are looked at in the end
			}
		}
	})
	c.cleanups = append(c.cleanups, func() { cancel(); dribbling.Wait() })
}

// startStrangers has strangers come so many times within lasts: to open a connection and
// go, to ask for the live connection without a session, to guess a secret. It
// answers at once; the func answers when all have gone.
func (c *slowClients) startStrangers(ctx context.Context, times int, lasts time.Duration) func() string {
	began := time.Now()
	var next, refused, served atomic.Int64
	var knocking sync.WaitGroup
	strange := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for range 32 {
		knocking.Go(func() {
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
		knocking.Wait()
		return fmt.Sprintf("%d answered, %d not", served.Load(), refused.Load())
	}
}

// stranger comes once, and reports whether somebody answered the door.
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
		c.v.t.Errorf("a guessed secret is answered with %d", r.StatusCode)
	}
	return r.Body.Close() == nil
}

// wantClosed holds that the server has let go of the slow ones by itself: who does
// not read is closed as silent, and who does not end a handshake too.
func (c *slowClients) wantClosed(quiet map[string]float64) {
	c.v.t.Helper()
	began := time.Now()
	eventually(c.v.t, 45*time.Second, "the slow sockets to be gone", func() error {
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
	c.v.t.Logf("%v later the server had let go of all: %.0f closed as silent; %.0f goroutines, before %.0f; resident %.0f MB, before %.0f MB",
		time.Since(began).Round(time.Second), now[metricSilent], now[metricGoroutines], quiet[metricGoroutines],
		now[metricResident]/(1<<20), quiet[metricResident]/(1<<20))
	if now[metricGoroutines] > quiet[metricGoroutines]+20 {
		c.v.t.Errorf("%.0f goroutines, before %.0f", now[metricGoroutines], quiet[metricGoroutines])
	}
}

// token signs somebody in as a program; the many phones of a person share it.
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
