package e2e_test

import (
	"slices"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/client"
)

// Two consoles without a WebSocket, by streams and by polls, beside one that has
// one, while everything that happens on the floor reaches them a hundred times a
// second: they keep up, and are never told that they come too often.
func TestFallback_ConsolesKeepUpUnderLoad(t *testing.T) {
	v := nodesVenue(t, 1)
	s := startLoad(v, testSeed(t), newClientBalancer(v.addrs()...), 100)
	base := v.nodes[0].url()
	console := func(key string, way client.Transport) *person {
		p := &person{v: v, name: "moderator:s1", base: base, transport: way}
		v.people[key] = p
		if p.dial(nil); t.Failed() {
			t.FailNow()
		}
		return p
	}
	socket := console("by socket", client.TransportSocket)
	others := map[string]*person{"stream": console("by stream", client.TransportStream), "poll": console("by polls", client.TransportPoll)}
	began := map[string]int{"socket": socket.frameCount()}
	for way, p := range others {
		began[way] = p.frameCount()
	}
	sleep(t.Context(), 6*time.Second)
	s.end()
	v.checkConverged()
	s.audit()
	reached := socket.framesSince(began["socket"])
	for way, p := range others {
		frames := p.framesSince(began[way])
		behind := delays(frames, reached)
		if len(behind) < 10 {
			t.Fatalf("by %s: %d frames only", way, len(behind))
		}
		t.Logf("by %s: %d frames beside %d by socket; behind it by p50 %v, p99 %v, at most %v", way, len(frames), len(reached),
			percentile(behind, 50), percentile(behind, 99), percentile(behind, 100))
		if late := percentile(behind, 99); late > 3*time.Second {
			t.Errorf("by %s a console is %v behind", way, late)
		}
	}
	if n := v.sum(`matchfloor_live_closed_total{code="4001"}`); n > 0 {
		t.Errorf("%.0f connections were closed for coming too often", n)
	}
}

// delays answers how much later than the reference a screen showed each record, of
// those that both have shown.
func delays(frames, reference []frame) (by []time.Duration) {
	for _, f := range reference {
		i := slices.IndexFunc(frames, func(g frame) bool { return g.to >= f.to })
		if i >= 0 {
			by = append(by, frames[i].at.Sub(f.at))
		}
	}
	return by
}
