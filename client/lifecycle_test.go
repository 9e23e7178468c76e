package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scripted runs a test against a fake server in fake time.
func scripted(t *testing.T, test func(t *testing.T, f *fakeServer)) {
	synctest.Test(t, func(t *testing.T) { test(t, newFakeServer(t)) })
}

func TestDial_ReturnsWithTheFirstView(t *testing.T) {
	scripted(t, func(t *testing.T, f *fakeServer) {
		c, _ := f.connected(f.options(), `{"round/R1":{"no":1,"state":"running"},"round/R2":{"no":2},"me/k03a":{}}`)
		v := c.View()
		if v.At != position(5) || len(v.Cards) != 3 || v.Digest() != wire.Digest(v.Cards) {
			t.Errorf("%s", text(v))
		}
		if r, ok := client.Get[floor.RoundCard](v, "round/R1"); !ok || r.State != floor.StateRunning {
			t.Errorf("%+v, %v", r, ok)
		}
		if _, ok := client.Get[floor.RoundCard](v, "round/R9"); ok {
			t.Error("Get found a card that does not exist")
		}
		numbers := 0
		for _, r := range client.Each[floor.RoundCard](v, "round") {
			numbers += r.No
		}
		if numbers != 3 {
			t.Errorf("the numbers of the rounds 1 and 2 add up to %d", numbers)
		}
		if you := c.You(); you.Who != "attendee:k03a" || !c.Online() || c.Event() != "demo" {
			t.Errorf("%+v", you)
		}
		time.Sleep(3 * time.Second)
		if now := c.Now(); now != 1000000+30000 {
			t.Errorf("at rate 10, 3 s after 1000000 it is %d", now)
		}
	})
}

func TestConn_AcknowledgesAsTheProtocolAsks(t *testing.T) {
	const notOwn, own = `{"round/R1":{}}`, `{"notice/n1":{}}`
	scripted(t, func(t *testing.T, f *fakeServer) {
		c, p := f.connected(f.options(), `{}`)
		start := time.Now()
		after := func(want time.Duration) {
			t.Helper()
			if took := time.Since(start); took != want {
				t.Errorf("after %v, want %v", took, want)
			}
			start = time.Now()
		}
		p.send(patch(5, 6, own))
		p.ack(6)
		after(0)
		for seq := uint64(6); seq < 10; seq++ {
			p.send(patch(seq, seq+1, notOwn))
		}
		p.ack(10)
		after(0)
		p.send(patch(10, 11, notOwn))
		p.ack(11)
		after(10 * time.Second)
		p.send(patch(11, 12, notOwn))
		p.pong(p.ping().N, 12)
		after(10 * time.Second) // 20 s after hello
		c.SetHidden(true)
		if ping := p.ping(); !ping.Hidden || ping.Ack != 12 {
			t.Errorf("%+v", ping)
		} else {
			p.pong(ping.N, 12)
		}
		p.send(patch(12, 13, notOwn))
		p.ack(13)
		after(0)
		p.pong(p.ping().N, 13)
		after(time.Minute)
		c.SetHidden(false)
		p.pong(p.ping().N, 13)
		after(0)
	})
}

// The unacknowledged frames must not fill the server's window: the server would wait
// for the ack, and the ack for its ten seconds.
func TestConn_AcknowledgesLargeFramesSooner(t *testing.T) {
	scripted(t, func(t *testing.T, f *fakeServer) {
		_, p := f.connected(f.options(), `{}`)
		start := time.Now()
		large := `{"announcement/a1":{"text":{"en":"` + strings.Repeat("x", wire.MaxUnackBytes/4) + `"}}}`
		p.send(patch(5, 6, large))
		p.send(patch(6, 7, large))
		p.ack(7)
		if took := time.Since(start); took != 0 {
			t.Errorf("after %v", took)
		}
		p.pong(p.ping().N, 7)
	})
}

func TestWaitFor_SeesEveryPosition(t *testing.T) {
	scripted(t, func(t *testing.T, f *fakeServer) {
		var seen []client.ViewChange
		o := f.options()
		o.Observe = func(a client.ViewChange) { seen = append(seen, a) }
		c, p := f.connected(o, `{"round/R1":{"no":1}}`)
		met := make(chan error)
		// The condition holds at position 7 only.
		go func() {
			met <- c.WaitFor(t.Context(), func(v client.View) bool { _, ok := v.Cards["round/R2"]; return ok })
		}()
		synctest.Wait()
		p.send(patch(5, 6, `{"round/R3":{}}`))
		p.send(patch(6, 7, `{"round/R2":{}}`))
		p.send(`{"patch":{"from":7,"to":` + at(8) + `,"drop":["round/R2"]}}`)
		if err := <-met; err != nil {
			t.Error(err)
		}
		if err := c.Wait(t.Context(), 8); err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Wait(ctx, 9); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if len(seen) != 4 || !seen[0].Snapshot || seen[3].From != 7 || len(seen[3].Drop) != 1 || seen[3].Bytes == 0 {
			t.Errorf("%+v", seen)
		}
		go func() { met <- c.Wait(t.Context(), 99) }()
		synctest.Wait()
		c.Close()
		if err := <-met; !errors.Is(err, client.ErrClosed) || !errors.Is(c.Err(), client.ErrClosed) {
			t.Error(err, c.Err())
		}
		p.left()
		if p.code != 1001 {
			t.Errorf("the client left with code %d", p.code)
		}
	})
}

// TestConn_ResumesAfterEveryTemporaryEnd checks, for each way in which a connection ends temporarily, when
// the client connects again and what its hello says.
func TestConn_ResumesAfterEveryTemporaryEnd(t *testing.T) {
	tests := []struct {
		name  string
		end   func(p *peer)
		after time.Duration // the pause with a jitter of ½
		fresh bool          // with a new session, and without the view
	}{
		{"restart", func(p *peer) { p.close(wire.CloseRestart) }, time.Second, false},
		{"broken", func(p *peer) { p.close(0) }, 250 * time.Millisecond, false},
		{"server failed", func(p *peer) { p.close(wire.CloseBroken) }, 250 * time.Millisecond, false},
		{"proxy", func(p *peer) { p.close(wire.CloseGoingAway) }, 250 * time.Millisecond, false},
		{"silent", func(p *peer) { p.close(wire.CloseSilent) }, 0, false},
		{"lineage", func(p *peer) { p.close(wire.CloseLineage) }, 0, false},
		{"too many", func(p *peer) { p.close(wire.CloseTooMany) }, 10 * time.Second, false},
		{"session over", func(p *peer) { p.close(wire.CloseSessionOver) }, 0, true},
		{"gap", func(p *peer) { p.send(patch(6, 7, `{}`)); p.left() }, 0, false},
		{"other epoch", func(p *peer) {
			p.send(`{"patch":{"from":5,"to":{"epoch":2,"seq":7,"hash":"` + at(0)[len(at(0))-66:] + `}}`)
			p.left()
		}, 0, false},
		{"pong ahead", func(p *peer) { p.pong(p.ping().N, 6); p.left() }, 20 * time.Second, false},
		{"no pong", func(p *peer) { p.ping(); p.left() }, 24 * time.Second, false},
		{"no frame", func(p *peer) { p.send(`{"patch":`); p.left() }, 250 * time.Millisecond, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			scripted(t, func(t *testing.T, f *fakeServer) {
				c, p := f.connected(f.options(), `{"round/R1":{"no":1}}`)
				start := time.Now()
				test.end(p)
				p = f.accept()
				if took := time.Since(start); took != test.after {
					t.Errorf("reconnected after %v, want %v", took, test.after)
				}
				h := p.hello()
				if c.Online() {
					t.Error("online before the first frame")
				}
				if test.fresh {
					if h.Have != nil || h.Subjects != "" || p.token != "Bearer token-2" {
						t.Errorf("%+v with %s", h, p.token)
					}
					return
				}
				if h.Have == nil || *h.Have != position(5) || h.Subjects != subjects || p.token != "Bearer token-1" {
					t.Errorf("%+v with %s", h, p.token)
				}
				p.welcome()
				p.send(patch(5, 5, `{}`))
				p.send(patch(5, 8, `{"round/R2":{"no":2}}`))
				if err := c.Wait(t.Context(), 8); err != nil || !c.Online() || len(c.View().Cards) != 2 {
					t.Error(err, text(c.View()))
				}
			})
		})
	}
}

// Failed attempts to connect again change nothing and are not reported, nor is Close.
func TestOnlineChanged_IsCalledForEachChange(t *testing.T) {
	scripted(t, func(t *testing.T, f *fakeServer) {
		var calls []string
		o := f.options()
		o.Observe = func(c client.ViewChange) { calls = append(calls, fmt.Sprint("view at ", c.To.Seq)) }
		o.OnlineChanged = func(online bool, reason error) { calls = append(calls, fmt.Sprint(online, " ", reason)) }
		c, p := f.connected(o, `{"round/R1":{"no":1}}`)
		p.close(wire.CloseRestart)
		f.accept().close(0)
		p = f.accept()
		p.hello()
		p.welcome()
		p.send(patch(5, 8, `{"round/R2":{"no":2}}`))
		if err := c.Wait(t.Context(), 8); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		c.Close()
		want := []string{"view at 5", "true <nil>", "false websocket: close 1012", "view at 8", "true <nil>"}
		if !slices.Equal(calls, want) {
			t.Errorf("calls %q, want %q", calls, want)
		}
	})
}

func TestSync_WaitsForThePositionOfAPong(t *testing.T) {
	scripted(t, func(t *testing.T, f *fakeServer) {
		c, p := f.connected(f.options(), `{}`)
		level := make(chan error)
		ask := func() {
			at, err := c.Sync(t.Context())
			if err == nil && at != position(9) {
				err = errors.New(at.String())
			}
			level <- err
		}
		go ask()
		first := p.ping()
		go ask()
		second := p.ping()
		time.Sleep(3 * time.Second)
		p.pong(first.N, 5) // answers the first Sync only; the view is at 5 already
		if err := <-level; err == nil {
			t.Error("the first Sync did not return the position of its pong")
		}
		p.close(0) // the second Sync needs another ping
		p = f.accept()
		p.hello()
		p.welcome()
		again := p.ping()
		p.send(patch(5, 9, `{}`))
		p.pong(again.N, 9)
		if err := <-level; err != nil || second.N == first.N {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Sync(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

func TestConn_PausesGrowWithFailures(t *testing.T) {
	scripted(t, func(t *testing.T, f *fakeServer) {
		_, p := f.connected(f.options(), `{}`)
		p.close(0)
		for _, want := range []time.Duration{250, 500, 1000, 2000, 4000, 7500, 7500} {
			start := time.Now()
			p = f.accept()
			if took := time.Since(start); took != want*time.Millisecond {
				t.Errorf("a pause of %v, want %v ms", took, int64(want))
			}
			p.close(0)
		}
		f.accept() // accepted, so that the client ends with the test
	})
}

func TestConn_SecondSilentCloseIsNotRetriedAtOnce(t *testing.T) {
	scripted(t, func(t *testing.T, f *fakeServer) {
		_, p := f.connected(f.options(), `{}`)
		p.close(wire.CloseSilent)
		p = f.accept()
		start := time.Now()
		p.close(wire.CloseSilent)
		f.accept()
		if took := time.Since(start); took != 250*time.Millisecond {
			t.Errorf("reconnected after %v", took)
		}
	})
}

func TestClient_EndsAfterAFinalCloseCode(t *testing.T) {
	for _, code := range []wire.CloseCode{wire.CloseTooBig, wire.CloseBadFrame, wire.CloseVersion, wire.CloseNoEvent} {
		scripted(t, func(t *testing.T, f *fakeServer) {
			var offline error
			o := f.options()
			o.OnlineChanged = func(_ bool, reason error) { offline = reason }
			c, p := f.connected(o, `{}`)
			p.send(`{"error":{"code":"bad_frame","params":{"why":"order"}}}`)
			p.close(code)
			<-c.Done()
			var ended *client.ClosedError
			if !errors.As(offline, &ended) {
				t.Errorf("%d: OnlineChanged was called with %v", code, offline)
			}
			if !errors.As(c.Err(), &ended) || ended.Code != code || ended.Problem.Code != "bad_frame" {
				t.Errorf("%d: %v", code, c.Err())
			}
			if _, err := c.Do(t.Context(), release); !errors.As(err, &ended) {
				t.Errorf("%d: Do: %v", code, err)
			}
		})
	}
}

func TestDial_HTTPRefusals(t *testing.T) {
	scripted(t, func(t *testing.T, f *fakeServer) { // the link is not valid
		f.script(func() {
			f.signIn = func(int) (int, string) { return http.StatusUnauthorized, `{"code":"bad_link"}` }
		})
		_, err := client.Dial(t.Context(), attendeeLink, f.options())
		var ended *client.ClosedError
		var status *client.StatusError
		if !errors.As(err, &ended) || !errors.As(err, &status) || status.Problem.Code != "bad_link" {
			t.Error(err)
		}
	})
	scripted(t, func(t *testing.T, f *fakeServer) { // the session ended, and the link was rotated
		c, p := f.connected(f.options(), `{}`)
		f.script(func() {
			f.signIn = func(int) (int, string) { return http.StatusUnauthorized, `{"code":"bad_link"}` }
		})
		p.close(wire.CloseSessionOver)
		<-c.Done()
		if len(c.View().Cards) != 0 || c.Save() != nil {
			t.Error("the view was not discarded")
		}
	})
	scripted(t, func(t *testing.T, f *fakeServer) { // the server is full: not before Retry-After
		tries := 0
		f.script(func() {
			f.handshake = func() (int, string) {
				if tries++; tries == 1 {
					return http.StatusServiceUnavailable, "30"
				}
				return 0, ""
			}
		})
		start := time.Now()
		f.dialAsync(t.Context(), f.options())
		p := f.accept()
		if took := time.Since(start); took != 30*time.Second {
			t.Errorf("connected after %v", took)
		}
		p.close(wire.CloseNoEvent)
	})
	scripted(t, func(t *testing.T, f *fakeServer) { // the token is refused: sign in again, the second time after a pause
		tries := 0
		f.script(func() {
			f.handshake = func() (int, string) {
				if tries++; tries < 3 {
					return http.StatusUnauthorized, ""
				}
				return http.StatusNotFound, ""
			}
		})
		_, err := client.Dial(t.Context(), attendeeLink, f.options())
		var status *client.StatusError
		if !errors.As(err, &status) || status.Status != http.StatusNotFound || f.signIns != 3 {
			t.Error(err, f.signIns)
		}
	})
}

func TestDial_ReturnsContextErrorWithTheLastFailure(t *testing.T) {
	scripted(t, func(t *testing.T, f *fakeServer) {
		f.script(func() {
			f.signIn = func(int) (int, string) { return http.StatusBadGateway, `<html>` }
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := client.Dial(ctx, attendeeLink, f.options())
		var status *client.StatusError
		if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &status) {
			t.Error(err)
		}
	})
}

func TestConn_ReconnectsWithoutAnAnswerToHello(t *testing.T) {
	scripted(t, func(t *testing.T, f *fakeServer) {
		start := time.Now()
		done := f.dialAsync(t.Context(), f.options())
		f.accept().hello()
		p := f.accept()
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("connected again after %v", took)
		}
		p.close(wire.CloseBadFrame)
		if d := <-done; d.err == nil {
			t.Error("Dial returned no error")
		}
	})
}

func TestSave_ResumesInALaterClient(t *testing.T) {
	scripted(t, func(t *testing.T, f *fakeServer) {
		c, p := f.connected(f.options(), `{"round/R1":{"no":1}}`)
		saved := c.Save()
		c.Close()
		p.left()
		o := f.options()
		o.Saved, o.Hidden = saved, true
		done := f.dialAsync(t.Context(), o)
		p = f.accept()
		if h := p.hello(); h.Have == nil || *h.Have != position(5) || h.Subjects != subjects || !h.Hidden {
			t.Errorf("%+v", h)
		}
		p.welcome()
		p.send(patch(5, 6, `{"round/R2":{"no":2}}`))
		d := <-done
		if d.err != nil || len(d.c.View().Cards) != 2 {
			t.Error(d.err)
		}
		d.c.Close()
	})
}
