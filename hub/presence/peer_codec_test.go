package presence

import (
	"bytes"
	"fmt"
	"maps"
	"testing"

	"github.com/matchfloor/matchfloor/floor"
)

// crowd returns the whereabouts of n people. Most are in the background, as phones in
// pockets are.
func crowd(n int, at floor.Instant) map[floor.ActorID]whereabouts {
	people := make(map[floor.ActorID]whereabouts, n)
	for i := range n {
		w := whereabouts{State(1 + i%5%3), at - floor.Instant(i%4000)*1000}
		people[floor.ActorID(fmt.Sprintf("attendee:k%05da", i))] = w
	}
	return people
}

func TestPeerCodec_RoundTripIsExactAndSmall(t *testing.T) {
	const at = 1_795_492_000_000
	for _, n := range []int{0, 1, 3, 10_000} {
		want := crowd(n, at)
		message := encodePeer(want, at)
		got, err := decodePeer(message)
		if err != nil || !maps.Equal(got.people, want) || got.at != at {
			t.Errorf("%d people come back as %d, of %d: %v", n, len(got.people), got.at, err)
		}
		if !bytes.Equal(message, encodePeer(got.people, at)) {
			t.Error("equal whereabouts are encoded to different bytes")
		}
		t.Logf("%d people: %d bytes", n, len(message))
		if len(message) > 30+12*n {
			t.Errorf("%d people take %d bytes", n, len(message))
		}
	}
	if n := len(encodePeer(crowd(maxPeople+1000, at), at)); n > 1<<20 {
		t.Errorf("the largest message takes %d bytes", n)
	}
}

// FuzzPeerCodec: every message is decoded or rejected, and what is decoded can be
// encoded again.
func FuzzPeerCodec(f *testing.F) {
	for _, n := range []int{0, 1, 20} {
		f.Add(encodePeer(crowd(n, 1_795_492_000_000), 1_795_492_000_000))
	}
	f.Add([]byte{2, 0})
	f.Add([]byte{1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, message []byte) {
		got, err := decodePeer(message)
		if err != nil {
			return
		}
		again, err := decodePeer(encodePeer(got.people, 0))
		if err != nil || len(again.people) != len(got.people) {
			t.Errorf("%d people come back as %d: %v", len(got.people), len(again.people), err)
		}
	})
}

func BenchmarkPeerCodec(b *testing.B) {
	people := crowd(10_000, 1_795_492_000_000)
	for b.Loop() {
		if _, err := decodePeer(encodePeer(people, 1_795_492_000_000)); err != nil {
			b.Fatal(err)
		}
	}
}
