package server

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/server/limit"
	"github.com/matchfloor/matchfloor/wire"
)

// A whole venue has one address. When everybody comes in at once, with a page, a
// session, a live connection, a read and a command, nobody is rate limited.
func TestRates_WholeVenueBehindOneAddress(t *testing.T) {
	const phones = 200
	w := newFixture(t, false, nil)
	at := []floor.EventID{event, otherEvent}
	var links []floor.LinkID
	for l := range w.state(event).Links() {
		if l.Who.Role() == floor.RoleAttendee {
			links = append(links, l.ID)
		}
	}
	began := time.Now()
	for i := range phones {
		id, link := at[i%2], links[i/2]
		base := "/api/v1/events/" + string(id)
		w.expect("the page", w.request(http.MethodGet, "/attendee", ""), http.StatusOK, "")
		c := w.cookie(id, link)
		mine := []string{"Cookie", c.Name + "=" + c.Value, "Origin", w.http.URL}
		w.dialWith(base+"/live?as="+string(link), mine...).hello()
		w.expect("a read", w.request(http.MethodGet, base+"/snapshot?as="+string(link), "", mine...), http.StatusOK, "")
		_, who, _ := strings.Cut(string(link), "-")
		text := fmt.Sprintf(`{"id":"in","checkIn":{"attendee":%q}}`, who)
		w.expect("a command", w.request(http.MethodPost, base+"/commands?as="+string(link), text, append(mine, "Content-Type", asJSON)...), http.StatusOK, "")
	}
	if n := w.server.limits.sockets.InUse(); n != phones {
		t.Errorf("%d connections, want %d", n, phones)
	}
	t.Logf("%d phones of one address came in within %v, and none was rate limited", phones, time.Since(began).Round(time.Millisecond))
}

// flood is one link that sends as much as it can, in every way at once.
type flood struct {
	w       *fixture
	token   string
	refused atomic.Int64 // rate limited, or closed with 4001
	all     atomic.Int64
}

func (f *flood) count(refused bool) {
	f.all.Add(1)
	if refused {
		f.refused.Add(1)
	}
}

func (f *flood) request(ctx context.Context, method, path, body string) {
	r, err := http.NewRequestWithContext(ctx, method, f.w.http.URL+path, strings.NewReader(body))
	if err != nil {
		return
	}
	r.Header.Set("Authorization", "Bearer "+f.token)
	r.Header.Set("Content-Type", asJSON)
	answer, err := f.w.http.Client().Transport.RoundTrip(r)
	if err != nil {
		return // the test is over
	}
	answer.Body.Close()
	f.count(answer.StatusCode == http.StatusTooManyRequests)
}

func (f *flood) connection(ctx context.Context) {
	h := http.Header{"Authorization": {"Bearer " + f.token}}
	conn, _, err := websocket.DefaultDialer.DialContext(ctx, "ws"+strings.TrimPrefix(f.w.http.URL, "http")+"/api/v1/events/demo/live", h)
	if err != nil {
		return
	}
	defer conn.Close()
	conn.SetReadDeadline(time.Now().Add(patience))
	err = conn.WriteMessage(websocket.TextMessage, []byte(`{"hello":{"v":1}}`))
	for range 2 * frameRate.Burst {
		if err == nil {
			err = conn.WriteMessage(websocket.TextMessage, []byte(`{"ping":{"n":1}}`))
		}
	}
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			f.count(websocket.IsCloseError(err, int(wire.CloseTooMany)))
			return
		}
	}
}

// While one link floods in every way, a moderator works and phones come in from the
// same address, and neither is refused anything.
func TestRates_OneLinksFloodLeavesOthersAlone(t *testing.T) {
	w := newFixture(t, false, nil)
	w.addSmallEvent("hall")
	w.submitAsOrganiser("hall", floor.ReleaseSchedule{})
	witness := w.newBystander("hall")
	f := &flood{w: w, token: w.token(event, "attendee-k01a")}
	began := time.Now()
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, one := range []func(){
		func() { f.request(ctx, http.MethodPost, commandsPath, `{"id":"x","seen":{"notices":["none"]}}`) },
		func() { f.request(ctx, http.MethodGet, "/api/v1/events/demo/snapshot", "") },
		func() {
			f.request(ctx, http.MethodPost, "/api/v1/sign-in", `{"event":"demo","link":"attendee-k01a","secret":"AAAAAAAAAAAAAAAAAAAAAA","bearer":true}`)
		},
		func() { f.connection(ctx) },
	} {
		for range 2 {
			wg.Go(func() {
				for ctx.Err() == nil {
					one()
				}
			})
		}
	}
	var took []time.Duration
	for i := range 25 {
		took = append(took, witness.checkUndisturbed())
		link := floor.LinkID(fmt.Sprintf("attendee-k%02d%c", i%20+2, "ab"[i/20]))
		w.expect("a phone that comes in", w.post("/api/v1/sign-in", w.signInText(event, link, false)), http.StatusOK, "")
	}
	stop()
	wg.Wait()
	slices.Sort(took)
	t.Logf("%d attempts of one link, %d refused; a change meanwhile: p50 %v, max %v", f.all.Load(), f.refused.Load(), took[len(took)/2], took[len(took)-1])
	// The rates bound how many attempts may succeed in that time, in all four ways. How
	// many there are depends on the machine.
	may := 0.0
	for _, p := range []limit.Rate{rateOthers, rateReads, rateWrongSecrets, rateLive} {
		may += float64(p.Burst) + float64(p.PerSecond)*time.Since(began).Seconds()
	}
	if passed := f.all.Load() - f.refused.Load(); float64(passed) > may || f.refused.Load() == 0 {
		t.Errorf("of %d attempts %d passed, and at most %.0f may", f.all.Load(), passed, may)
	}
}

// The metrics are served only to the named addresses. Forwarding headers count only
// if they are from a trusted proxy.
func TestMetrics_ServedToNamedAddressesOnly(t *testing.T) {
	ours := []netip.Prefix{netip.MustParsePrefix("10.9.0.0/16")}
	proxy := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	for _, c := range []struct {
		name             string
		from, proxies    []netip.Prefix
		address, forward string
		status           int
	}{
		{"this machine", nil, nil, "127.0.0.1:9", "", 200}, {"by IPv6", nil, nil, "[::1]:9", "", 200},
		{"the local network", nil, nil, "192.168.1.7:9", "", 404}, {"anybody", nil, nil, "203.0.113.9:9", "", 404},
		{"anybody, claiming to be here", nil, nil, "203.0.113.9:9", "127.0.0.1", 404},
		{"a proxy here that is not named", nil, nil, "127.0.0.1:9", "203.0.113.9", 404},
		{"a proxy here that is named", nil, proxy, "127.0.0.1:9", "203.0.113.9", 404},
		{"a named address", ours, nil, "10.9.1.1:9", "", 200}, {"this machine, if another is named", ours, nil, "127.0.0.1:9", "", 404},
		{"a named address, by a trusted proxy", ours, proxy, "127.0.0.1:9", "10.9.1.1", 200},
		{"another, by a trusted proxy", ours, proxy, "127.0.0.1:9", "10.9.1.1, 203.0.113.9", 404},
	} {
		w := newFixture(t, false, func(o *Options) { o.MetricsFrom, o.TrustedProxies = c.from, c.proxies })
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		if r.RemoteAddr = c.address; c.forward != "" {
			r.Header.Set("X-Forwarded-For", c.forward)
		}
		answer := httptest.NewRecorder()
		if w.server.ServeHTTP(answer, r); answer.Code != c.status {
			t.Errorf("%s: %d, want %d", c.name, answer.Code, c.status)
		}
	}
}
