package client_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/wire"
)

const path = "/api/v1/events/demo/snapshot?seq=9"

func get(seq uint64) string { return `{"snapshot":{"at":` + at(seq) + `,"get":"` + path + `"}}` }

// respondToGets scripts the server's responses to GETs of a snapshot, one after the
// other. Each waits for a value from release, or until release is closed.
func (f *fakeServer) respondToGets(list ...func() (int, []byte)) (release chan struct{}) {
	release = make(chan struct{})
	n := 0
	f.script(func() {
		f.snapshot = func(query string) (int, []byte) {
			if query != "seq=9" {
				f.t.Errorf("GET …?%s", query)
			}
			<-release
			f.mu.Lock()
			defer f.mu.Unlock()
			n++
			return list[min(n, len(list))-1]()
		}
	})
	return release
}

func status(code int) func() (int, []byte) { return func() (int, []byte) { return code, []byte(`{}`) } }

func body(text string) func() (int, []byte) {
	return func() (int, []byte) { return http.StatusOK, []byte(text) }
}

func TestFetch_HoldsPatchesUntilTheSnapshotArrives(t *testing.T) {
	scripted(t, func(t *testing.T, f *fakeServer) {
		c, p := f.connected(f.options(), `{"round/R1":{"no":1}}`)
		release := f.respondToGets(body(view(9, `{"round/R9":{"no":9}}`)))
		p.send(get(9))
		p.send(patch(9, 10, `{"round/R10":{"no":10}}`))
		start := time.Now()
		for i := range 3 { // it pings every 5 s, and held patches count as received
			ping := p.ping()
			if took, want := time.Since(start), time.Duration(i+1)*5*time.Second; took != want || ping.Ack != 0 {
				t.Errorf("after %v: %+v", took, ping)
			}
			p.pong(ping.N, 10)
		}
		if v := c.View(); v.At != position(5) || len(v.Cards) != 1 {
			t.Errorf("the old view was replaced: %s", text(v))
		}
		release <- struct{}{}
		p.ack(10)
		if v := c.View(); v.At != position(10) || len(v.Cards) != 2 {
			t.Errorf("%s", text(v))
		}
		p.pong(p.ping().N, 10)
		if took := time.Since(start); took != 20*time.Second {
			t.Errorf("the last ping of the fetch after %v", took)
		}
		p.pong(p.ping().N, 10)
		if took := time.Since(start); took != 40*time.Second {
			t.Errorf("the next ping after %v", took)
		}
	})
}

func TestFetch_RetriesTemporaryFailures(t *testing.T) {
	scripted(t, func(t *testing.T, f *fakeServer) {
		c, p := f.connected(f.options(), `{}`)
		release := f.respondToGets(status(503), status(429), body(view(11, `{"round/R9":{"no":9}}`)))
		close(release)
		start := time.Now()
		p.send(get(9))
		p.send(patch(9, 10, `{"round/R1":{}}`))
		p.ack(11)
		if took := time.Since(start); took != 1500*time.Millisecond || len(c.View().Cards) != 1 {
			t.Errorf("after %v: %s", took, text(c.View()))
		}
	})
}

func TestFetch_FailureReconnects(t *testing.T) {
	tests := []struct {
		name   string
		answer func() (int, []byte)
		have   bool // the next hello names the old view
	}{
		{"always 503", status(503), true},
		{"gone", status(404), true},
		{"session over", status(401), false},
		{"not a snapshot", body(`{"at":`), true},
		{"an earlier one", body(view(8, `{}`)), true},
		{"another epoch", body(`{"at":{"epoch":2,"seq":9,"hash":` + at(0)[len(at(0))-67:] + `,"cards":{}}`), true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			scripted(t, func(t *testing.T, f *fakeServer) {
				c, p := f.connected(f.options(), `{"round/R1":{"no":1}}`)
				close(f.respondToGets(test.answer))
				p.send(get(9))
				p.left()
				p = f.accept()
				if h := p.hello(); (h.Have != nil) != test.have || c.At() == position(9) {
					t.Errorf("%+v", h)
				}
			})
		})
	}
}

func TestFetch_LaterSnapshotReplacesIt(t *testing.T) {
	scripted(t, func(t *testing.T, f *fakeServer) {
		c, p := f.connected(f.options(), `{}`)
		release := f.respondToGets(body(view(9, `{"round/R9":{"no":9}}`)))
		p.send(get(9))
		p.send(patch(9, 10, `{"round/R1":{}}`))
		p.send(snapshot(12, `{"round/R12":{"no":12}}`))
		p.ack(12)
		close(release)
		synctest.Wait() // for the response, which the later snapshot has made useless
		p.send(patch(12, 13, `{"notice/n1":{}}`))
		p.ack(13)
		if v := c.View(); len(v.Cards) != 2 {
			t.Errorf("%s", text(v))
		}
	})
}

func TestFetch_EndsWithItsConnection(t *testing.T) {
	scripted(t, func(t *testing.T, f *fakeServer) {
		c, p := f.connected(f.options(), `{}`)
		release := f.respondToGets(body(view(9, `{"round/R9":{"no":9}}`)))
		p.send(get(9))
		p.close(wire.CloseRestart)
		p = f.accept()
		if h := p.hello(); *h.Have != position(5) {
			t.Errorf("%+v", h)
		}
		close(release)
		p.welcome()
		p.send(patch(5, 6, `{"notice/n1":{}}`))
		p.ack(6)
		if v := c.View(); len(v.Cards) != 1 {
			t.Errorf("%s", text(v))
		}
	})
}
