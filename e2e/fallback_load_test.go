package e2e_test

import (
	"slices"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/client"
)

// Two consoles without a WebSocket, one by stream and one by polls, and one with a WebSocket
// receive a hundred changes per second. They keep up, and none is closed for sending too
// often.
func TestFallback_ConsolesKeepUpUnderLoad(t *testing.T) {
	v := nodesVenue(t, 1)
	s := startLoad(v, newClientBalancer(v.addrs()...), 100)
	base := v.nodes[0].url()
	console := func(key string, transport client.Transport) *person {
		p := &person{v: v, name: "moderator:s1", base: base, transport: transport}
		v.people[key] = p
		if p.dial(nil); t.Failed() {
			t.FailNow()
		}
		return p
	}
	socket := console("by socket", client.TransportSocket)
	others := map[string]*person{"stream": console("by stream", client.TransportStream), "poll": console("by polls", client.TransportPoll)}
	began := map[string]int{"socket": socket.frameCount()}
	for transport, p := range others {
		began[transport] = p.frameCount()
	}
	sleep(t.Context(), 6*time.Second)
	s.finish()
	reached := socket.framesSince(began["socket"])
	for transport, p := range others {
		frames := p.framesSince(began[transport])
		late := delays(frames, reached)
		if len(late) < 10 {
			t.Fatalf("by %s: %d frames only", transport, len(late))
		}
		t.Logf("by %s: %d frames, by socket %d; later by p50 %v, p99 %v, at most %v", transport, len(frames), len(reached),
			percentile(late, 50), percentile(late, 99), percentile(late, 100))
		if late := percentile(late, 99); late > 3*time.Second {
			t.Errorf("by %s a console is %v behind", transport, late)
		}
	}
	if n := v.sum(`matchfloor_live_closed_total{code="4001"}`); n > 0 {
		t.Errorf("%.0f connections were closed because of too many requests", n)
	}
}

// delays returns how much later than the reference a screen showed each record that both have
// shown.
func delays(frames, reference []frame) (by []time.Duration) {
	for _, f := range reference {
		i := slices.IndexFunc(frames, func(g frame) bool { return g.to >= f.to })
		if i >= 0 {
			by = append(by, frames[i].at.Sub(f.at))
		}
	}
	return by
}
