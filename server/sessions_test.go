package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/server/auth"
	"github.com/matchfloor/matchfloor/wire"
)

// addTwoDays adds an event of two days, from 9:00 to 18:00 each, of which the first begins
// in 16 hours: it is 17:00 on the eve.
func (w *fixture) addTwoDays(id floor.EventID) (opens, ends time.Time) {
	w.t.Helper()
	opens = time.Now().Add(16 * time.Hour)
	ends = opens.Add(33 * time.Hour)
	f := smallForum(id)
	shift := floor.Instant(ends.UnixMilli()) - f.Rounds[1].Plan.End
	for i := range f.Rounds {
		f.Rounds[i].Plan = f.Rounds[i].Plan.Shift(shift)
		f.Rounds[i].Now = f.Rounds[i].Plan
	}
	if err := hub.ImportForum(w.t.Context(), w.hub, floor.Operator, "operator-test", f); err != nil {
		w.t.Fatal(err)
	}
	w.submitAsOperator(id, floor.ReleaseSchedule{})
	return opens, ends
}

// screen is a page that renews its session every hour. It reads all the time, as browsers do.
type screen struct {
	w      *fixture
	link   floor.LinkID
	event  floor.EventID
	cookie string
	renews time.Time // when it was renewed last
	live   *phone
	frames chan wire.ServerFrame // closed when the connection ends
	ended  int                   // the close code; set before frames is closed
	seq    uint64                // of the view that it has
	closed time.Time             // when the live connection was closed with 4102
}

func (w *fixture) openScreen(id floor.EventID, link floor.LinkID) *screen {
	w.t.Helper()
	c := w.cookie(id, link)
	s := &screen{w: w, link: link, event: id, cookie: c.Name + "=" + c.Value, renews: w.clock.now()}
	s.dial()
	return s
}

func (s *screen) dial() {
	s.w.t.Helper()
	conn, r, err := s.w.tryDial("/api/v1/events/"+string(s.event)+"/live?as="+string(s.link), "Cookie", s.cookie, "Origin", s.w.http.URL)
	if err != nil {
		s.w.t.Fatal(err)
	}
	s.take(r)
	s.w.t.Cleanup(func() { conn.Close() })
	s.live = &phone{s.w.t, conn}
	s.seq = s.live.hello().At.Seq
	if err := s.live.conn.SetReadDeadline(time.Time{}); err != nil {
		s.w.t.Fatal(err)
	}
	s.frames = make(chan wire.ServerFrame, 64)
	go s.read(s.live.conn, s.frames)
}

func (s *screen) read(conn *websocket.Conn, frames chan<- wire.ServerFrame) {
	defer close(frames)
	for {
		_, text, err := conn.ReadMessage()
		if err != nil {
			if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
				s.ended = closed.Code
			}
			return
		}
		frame, err := wire.DecodeServer(text)
		if err != nil {
			s.w.t.Errorf("%s: %v", text, err)
		}
		frames <- frame
	}
}

// snapshot returns the status of a GET with the present cookie.
func (s *screen) snapshot() int {
	r := s.w.request(http.MethodGet, "/api/v1/events/"+string(s.event)+"/snapshot?as="+string(s.link), "", "Cookie", s.cookie)
	s.take(r.Response)
	return r.StatusCode
}

// renew gets the page again, as an open page does every hour.
func (s *screen) renew() response {
	r := s.w.request(http.MethodGet, "/display/"+string(auth.LogOfLink(s.event, s.link))+"/"+string(s.link), "", "Cookie", s.cookie)
	if caching := r.Header.Get("Cache-Control"); len(r.Cookies()) > 0 && caching != "no-store" {
		s.w.t.Errorf("a page with a cookie has Cache-Control: %s", caching)
	}
	s.take(r.Response)
	return r
}

// take takes the cookie of a response.
func (s *screen) take(r *http.Response) {
	for _, c := range r.Cookies() {
		s.cookie = c.Name + "=" + c.Value
	}
}

// use pings, and renews each hour, until a time or the end of the session.
func (s *screen) use(until time.Time) {
	s.w.t.Helper()
	for s.closed.IsZero() && s.w.clock.now().Before(until) {
		if s.w.clock.now().Sub(s.renews) >= time.Hour {
			s.renews = s.w.clock.now()
			s.renew()
		}
		// If this fails, reading says how the connection ended.
		_ = s.live.conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"ping":{"n":1,"ack":%d}}`, s.seq))
		s.listen(min(80*time.Second, until.Sub(s.w.clock.now())))
	}
}

func (s *screen) ack(seq uint64) {
	s.seq = seq
	_ = s.live.conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"ack":{"seq":%d}}`, seq)) // as in use
}

// hangUp closes the connection from this side.
func (s *screen) hangUp() {
	s.live.conn.Close()
	for range s.frames { // until its reader has ended
	}
}

// comeBack renews each hour without a connection until a time, and then connects again. It
// sets the server's clock forward, because days take long in fake time too.
func (s *screen) comeBack(at time.Time) {
	s.w.t.Helper()
	s.hangUp()
	for s.w.clock.now().Before(at) {
		s.w.clock.skip(min(time.Hour, at.Sub(s.w.clock.now())))
		s.renews = s.w.clock.now()
		s.w.expect("a renewal", s.renew(), http.StatusOK, "")
	}
	s.dial()
}

// listen takes what the server sends for a time, or until the connection ends.
func (s *screen) listen(during time.Duration) {
	s.w.t.Helper()
	for over := time.After(during); ; {
		select {
		case frame, open := <-s.frames:
			switch {
			case !open && s.ended == int(wire.CloseSessionOver):
				s.closed = s.w.clock.now()
				return
			case !open:
				s.w.t.Fatalf("%s: closed with %d", s.link, s.ended)
			case frame.Patch != nil:
				s.ack(frame.Patch.To.Seq)
			case frame.Snapshot != nil:
				s.ack(frame.Snapshot.At.Seq)
			}
		case <-over:
			return
		}
	}
}

// A wall that is set up at 17:00 on the eve shows both days, on one connection, and can
// come back with its cookie at any time until 12 hours after the end. People who may still
// report outcomes have 72 hours, an organiser 14 days from the sign-in.
func TestSessions_RenewWhileInUseUntilTheirLimit(t *testing.T) {
	for _, c := range []struct {
		link  floor.LinkID
		limit func(setUp, ends time.Time) time.Time
	}{
		{"display-wall", func(_, ends time.Time) time.Time { return ends.Add(12 * time.Hour) }},
		{"moderator-lead", func(_, ends time.Time) time.Time { return ends.Add(12 * time.Hour) }},
		{"runner-run", func(_, ends time.Time) time.Time { return ends.Add(12 * time.Hour) }},
		{"attendee-ka1", func(_, ends time.Time) time.Time { return ends.Add(72 * time.Hour) }},
		{"interpreter-i1", func(_, ends time.Time) time.Time { return ends.Add(72 * time.Hour) }},
		{organiser, func(setUp, _ time.Time) time.Time { return setUp.Truncate(time.Second).Add(14 * 24 * time.Hour) }},
	} {
		t.Run(string(c.link), func(t *testing.T) {
			t.Parallel()
			withFakeTime(t, everyPage, func(t *testing.T, w *fixture) {
				setUp := time.Now()
				opens, ends := w.addTwoDays("days")
				s := w.openScreen("days", c.link)
				secondDay := opens.Add(24 * time.Hour)
				if c.link == "display-wall" {
					s.use(secondDay)
				}
				if !s.closed.IsZero() {
					t.Fatalf("closed %v after it was set up", s.closed.Sub(setUp))
				}
				limit := c.limit(setUp, ends)
				s.comeBack(secondDay.Add(time.Minute)) // after a power cut
				s.use(secondDay.Add(15 * time.Minute))
				s.comeBack(limit.Add(-90 * time.Minute))
				s.use(limit.Add(-90 * time.Second))
				if !s.closed.IsZero() || s.snapshot() != http.StatusOK {
					t.Fatalf("closed at %v, the cookie gets %d; the limit is %v", s.closed, s.snapshot(), limit)
				}
				s.use(limit.Add(3 * time.Minute))
				if s.closed.Before(limit) || s.closed.After(limit.Add(2*time.Minute)) || s.snapshot() != http.StatusUnauthorized {
					t.Errorf("closed at %v, want %v; then the cookie gets %d", s.closed, limit, s.snapshot())
				}
				if r := s.renew(); len(r.Cookies()) > 0 {
					t.Errorf("a session that is over is renewed: %v", r.Cookies())
				}
				again := w.openScreen("days", c.link) // the link still signs in
				w.clock.skip(11 * time.Hour)
				if again.snapshot() != http.StatusOK {
					t.Error("a sign-in after the end lasts less than 12 hours")
				}
			})
		})
	}
}

// A session that nobody uses ends after 36 hours.
func TestSessions_EndUnused(t *testing.T) {
	withFakeTime(t, everyPage, func(t *testing.T, w *fixture) {
		w.addTwoDays("days")
		s := w.openScreen("days", "display-wall")
		s.hangUp()
		first := s.cookie
		fakeTime(36*time.Hour - time.Second)
		if status := s.snapshot(); status != http.StatusOK || s.cookie == first {
			t.Errorf("after nearly 36 hours: %d; renewed: %v", status, s.cookie != first)
		}
		s.cookie = first
		fakeTime(2 * time.Second)
		if status := s.snapshot(); status != http.StatusUnauthorized || len(s.renew().Cookies()) > 0 {
			t.Errorf("after 36 hours: %d", status)
		}
	})
}

// The limit follows the event's end: a session that its token would carry further ends
// with the event, and one that would have ended lasts while the last round is extended.
func TestSessions_FollowTheEventsEnd(t *testing.T) {
	for name, minutes := range map[string]int{"extended": 30, "as planned": 0} {
		t.Run(name, func(t *testing.T) {
			withFakeTime(t, everyPage, func(t *testing.T, w *fixture) {
				_, ends := w.addTwoDays("days")
				s := w.openScreen("days", "display-wall")
				s.use(ends.Add(-5 * time.Minute))
				if minutes > 0 {
					w.submitAsOperator("days", floor.SetClock{Event: floor.Instant(time.Now().UnixMilli()), Rate: 1})
					w.submitAsOrganiser("days", floor.StartSlot{SlotRef: floor.SlotRef{Round: "R2"}})
					w.submitAsOrganiser("days", floor.ExtendSlot{SlotRef: floor.SlotRef{Round: "R2"}, Minutes: minutes})
				}
				ends = time.UnixMilli(int64(floor.EndOf(w.state("days"))))
				s.use(ends.Add(12*time.Hour - 2*time.Minute))
				if !s.closed.IsZero() {
					t.Fatalf("closed at %v; the event ended at %v", s.closed, ends)
				}
				s.use(ends.Add(12*time.Hour + 2*time.Minute))
				if s.closed.IsZero() {
					t.Errorf("not closed 12 hours after the end, %v", ends)
				}
			})
		})
	}
}

// A session is over at its limit though its token states a later expiry: the event may have
// become shorter since the token was made.
func TestSessions_EndAtTheirLimitWhateverTheTokenStates(t *testing.T) {
	withFakeTime(t, everyPage, func(t *testing.T, w *fixture) {
		_, ends := w.addTwoDays("days")
		l, _ := w.state("days").Link("display-wall")
		limit := ends.Add(12 * time.Hour)
		token := w.keys.SealToken(auth.Claims{Event: "days", Link: l.ID, Generation: l.Generation, SignedIn: time.Now(), Expires: limit.Add(24 * time.Hour)})
		get := func() response {
			return w.request(http.MethodGet, "/api/v1/events/days/snapshot", "", "Authorization", "Bearer "+token)
		}
		w.clock.skip(limit.Sub(w.clock.now()) - time.Minute)
		w.expect("a minute before the limit", get(), http.StatusOK, "")
		w.clock.skip(2 * time.Minute)
		w.expect("a minute after it", get(), http.StatusUnauthorized, wire.CodeSignedOut)
	})
}

// Each use renews the cookie, whichever way it comes. All tokens of a session name the same
// session: signing out closes what any of them has opened, and nothing that was on its way
// brings the cookie back.
func TestRenew_CookiesAreRenewedByUse(t *testing.T) {
	withFakeTime(t, everyPage, func(t *testing.T, w *fixture) {
		w.addTwoDays("days")
		s := w.openScreen("days", "display-wall")
		tokens := map[string]bool{s.cookie: true}
		mine := func() []string { return []string{"Cookie", s.cookie, "Origin", w.http.URL} }
		api := "/api/v1/events/days/"
		for _, use := range []func() response{
			s.renew,
			func() response { return w.request(http.MethodGet, api+"snapshot?as=display-wall", "", mine()...) },
			func() response { return w.post(api+"commands?as=display-wall", `{}`, mine()[:2]...) },
			func() response {
				return w.request(http.MethodGet, api+"poll?as=display-wall&hello=%7B%22v%22%3A1%7D", "", mine()...)
			},
			func() response {
				r := w.post("/api/v1/renew?event=days&as=display-wall", "", mine()[:2]...)
				if bytes.Contains(r.body, []byte("token")) {
					t.Errorf("a page can read its token: %s", r.body)
				}
				return r
			},
			func() response {
				conn, r, err := w.tryDial(api+"live?as=display-wall", mine()...)
				if err != nil {
					t.Fatal(err)
				}
				conn.Close()
				return response{Response: r}
			},
		} {
			if r := use(); len(r.Cookies()) > 0 {
				t.Errorf("a renewal that gains nothing gives a cookie: %v", r.Cookies())
			}
			w.clock.skip(time.Hour)
			r := use()
			if len(r.Cookies()) != 1 || r.Cookies()[0].MaxAge != 36*60*60 {
				t.Errorf("%d %s: cookies %v", r.StatusCode, r.body, r.Cookies())
			}
			s.take(r.Response)
			tokens[s.cookie] = true
		}
		if len(tokens) != 7 {
			t.Errorf("%d tokens", len(tokens))
		}
		w.clock.skip(time.Hour)
		w.expect("the sign-out", w.post("/api/v1/sign-out?as=display-wall", "", mine()[:2]...), http.StatusNoContent, "")
		if s.listen(time.Second); s.closed.IsZero() {
			t.Error("the connection of the first token is open")
		}
		if r := s.renew(); len(r.Cookies()) > 0 {
			t.Error("a request that was on its way brings the cookie back")
		}
	})
}

func TestRenew_BearerTokens(t *testing.T) {
	withFakeTime(t, everyPage, func(t *testing.T, w *fixture) {
		_, ends := w.addTwoDays("days")
		token := w.token("days", "attendee-ka1")
		for range 3 {
			fakeTime(30 * time.Hour)
			r := w.request(http.MethodPost, "/api/v1/renew", "", "Authorization", "Bearer "+token)
			var got signInResponse
			if err := json.Unmarshal(r.body, &got); err != nil || got.Token == "" || got.Event != "days" || got.Link != "attendee-ka1" {
				t.Fatalf("%d %s", r.StatusCode, r.body)
			}
			want := time.Now().Add(36 * time.Hour)
			if limit := ends.Add(72 * time.Hour); limit.Before(want) {
				want = limit
			}
			if expires := time.UnixMilli(int64(got.Expires)); !expires.Equal(want) || len(r.Cookies()) > 0 {
				t.Errorf("expires at %v, want %v; cookies %v", expires, want, r.Cookies())
			}
			token = got.Token
		}
		w.submitAsOrganiser("days", floor.RotateLink{Link: "attendee-ka1"})
		r := w.request(http.MethodPost, "/api/v1/renew", "", "Authorization", "Bearer "+token)
		w.expect("after the link was rotated", r, http.StatusUnauthorized, wire.CodeSignedOut)
	})
}

func TestRenew_RefusesBadRequests(t *testing.T) {
	w := newFixture(t, false, nil)
	c := w.cookie(event, w.linkOf[floor.RoleModerator])
	path := "/api/v1/renew?event=demo&as=" + string(w.linkOf[floor.RoleModerator])
	mine := []string{"Cookie", c.Name + "=" + c.Value}
	w.expect("from elsewhere", w.request(http.MethodPost, path, "", append(mine, "Origin", "http://evil.example")...), http.StatusForbidden, wire.CodeBadOrigin)
	w.expect("without an Origin", w.request(http.MethodPost, path, "", mine...), http.StatusForbidden, wire.CodeBadOrigin)
	w.expect("without an event", w.post("/api/v1/renew?as=moderator-x", "", mine...), http.StatusUnprocessableEntity, wire.CodeBadValue)
	w.expect("without a cookie", w.post(path, ""), http.StatusUnauthorized, wire.CodeSignedOut)
	var limited bool
	for range 100 {
		limited = limited || w.post(path, "", mine...).StatusCode == http.StatusTooManyRequests
	}
	if !limited {
		t.Error("renewals are not limited")
	}
}

// Tokens of earlier versions say nothing about when their session began.
func TestRenew_TokensOfEarlierVersions(t *testing.T) {
	withFakeTime(t, everyPage, func(t *testing.T, w *fixture) {
		fakeTime(24 * time.Hour)
		_, ends := w.addTwoDays("days")
		link := floor.LinkID("display-wall")
		l, _ := w.state("days").Link(link)
		earlier := w.keys.SealToken(auth.Claims{
			Event: "days", Link: link, Generation: l.Generation, Expires: time.Now().Add(20 * time.Hour),
			SignedIn: time.Unix(0xdeadbeef, 0), Serial: [4]byte{1, 2, 3, 4}, // as random bytes would be read
		})
		r := w.request(http.MethodPost, "/api/v1/renew", "", "Authorization", "Bearer "+earlier)
		var got signInResponse
		if err := json.Unmarshal(r.body, &got); err != nil || got.Token == "" {
			t.Fatalf("%d %s", r.StatusCode, r.body)
		}
		claims, err := w.keys.OpenToken(got.Token, time.Now())
		if err != nil || !claims.SignedIn.Equal(time.Now().Add(-16*time.Hour).Truncate(time.Second)) || !claims.Expires.Equal(time.Now().Add(36*time.Hour).Truncate(time.Millisecond)) || claims.Expires.After(ends.Add(12*time.Hour)) {
			t.Errorf("renewed to %+v, %v", claims, err)
		}
	})
}
