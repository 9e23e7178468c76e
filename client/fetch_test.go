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

// answers scripts the server's answers to GETs of a snapshot, one after the
// other; each waits until the test lets it go.
func (f *fake) answers(list ...func() (int, []byte)) (let chan struct{}) {
	let = make(chan struct{})
	n := 0
	f.script(func() {
		f.snapshot = func(query string) (int, []byte) {
			if query != "seq=9" {
				f.t.Errorf("GET …?%s", query)
			}
			<-let
			f.mu.Lock()
			defer f.mu.Unlock()
			n++
			return list[min(n, len(list))-1]()
		}
	})
	return let
}

func status(code int) func() (int, []byte) { return func() (int, []byte) { return code, []byte(`{}`) } }

func body(text string) func() (int, []byte) {
	return func() (int, []byte) { return http.StatusOK, []byte(text) }
}

func TestFetchesWhileFramesAreHeld(t *testing.T) {
	scripted(t, func(t *testing.T, f *fake) {
		c, p := f.connected(f.options(), `{"round/R1":{"no":1}}`)
		let := f.answers(body(view(9, `{"round/R9":{"no":9}}`)))
		p.send(get(9))
		p.send(patch(9, 10, `{"round/R10":{"no":10}}`))
		start := time.Now()
		for i := range 3 { // it says that it is there, and what it holds counts as come
			ping := p.ping()
			if took, want := time.Since(start), time.Duration(i+1)*5*time.Second; took != want || ping.Ack != 0 {
				t.Errorf("after %v: %+v", took, ping)
			}
			p.pong(ping.N, 10)
		}
		if v := c.View(); v.At != position(5) || len(v.Cards) != 1 {
			t.Errorf("the old view has gone: %s", text(v))
		}
		let <- struct{}{}
		p.ack(10)
		if v := c.View(); v.At != position(10) || len(v.Cards) != 2 {
			t.Errorf("%s", text(v))
		}
		p.pong(p.ping().N, 10)
		if took := time.Since(start); took != 20*time.Second {
			t.Errorf("the last hasty ping after %v", took)
		}
		p.pong(p.ping().N, 10)
		if took := time.Since(start); took != 40*time.Second {
			t.Errorf("the next ping after %v", took)
		}
	})
}

func TestFetchTriesAgain(t *testing.T) {
	scripted(t, func(t *testing.T, f *fake) {
		c, p := f.connected(f.options(), `{}`)
		let := f.answers(status(503), status(429), body(view(11, `{"round/R9":{"no":9}}`)))
		close(let)
		start := time.Now()
		p.send(get(9))
		p.send(patch(9, 10, `{"round/R1":{}}`))
		p.ack(11)
		if took := time.Since(start); took != 1500*time.Millisecond || len(c.View().Cards) != 1 {
			t.Errorf("after %v: %s", took, text(c.View()))
		}
	})
}

func TestFetchThatFails(t *testing.T) {
	tests := []struct {
		name   string
		answer func() (int, []byte)
		have   bool // the next hello has the old view
	}{
		{"always 503", status(503), true},
		{"gone", status(404), true},
		{"session over", status(401), false},
		{"no snapshot", body(`{"at":`), true},
		{"an earlier one", body(view(8, `{}`)), true},
		{"another epoch", body(`{"at":{"epoch":2,"seq":9,"hash":` + at(0)[len(at(0))-67:] + `,"cards":{}}`), true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			scripted(t, func(t *testing.T, f *fake) {
				c, p := f.connected(f.options(), `{"round/R1":{"no":1}}`)
				close(f.answers(test.answer))
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

func TestSnapshotOvertakesFetch(t *testing.T) {
	scripted(t, func(t *testing.T, f *fake) {
		c, p := f.connected(f.options(), `{}`)
		let := f.answers(body(view(9, `{"round/R9":{"no":9}}`)))
		p.send(get(9))
		p.send(patch(9, 10, `{"round/R1":{}}`))
		p.send(snapshot(12, `{"round/R12":{"no":12}}`))
		p.ack(12)
		close(let)
		synctest.Wait() // for an answer that nobody wants any more
		p.send(patch(12, 13, `{"notice/n1":{}}`))
		p.ack(13)
		if v := c.View(); len(v.Cards) != 2 {
			t.Errorf("%s", text(v))
		}
	})
}

func TestConnectionEndsDuringFetch(t *testing.T) {
	scripted(t, func(t *testing.T, f *fake) {
		c, p := f.connected(f.options(), `{}`)
		let := f.answers(body(view(9, `{"round/R9":{"no":9}}`)))
		p.send(get(9))
		p.close(wire.CloseRestart)
		p = f.accept()
		if h := p.hello(); *h.Have != position(5) {
			t.Errorf("%+v", h)
		}
		close(let)
		p.welcome()
		p.send(patch(5, 6, `{"notice/n1":{}}`))
		p.ack(6)
		if v := c.View(); len(v.Cards) != 1 {
			t.Errorf("%s", text(v))
		}
	})
}
