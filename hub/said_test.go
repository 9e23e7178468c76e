package hub

import (
	"bytes"
	"fmt"
	"maps"
	"testing"

	"github.com/matchfloor/matchfloor/floor"
)

// crowd is where n people are: most are asleep, as phones in pockets are.
func crowd(n int, at floor.Instant) map[floor.ActorID]whereabouts {
	people := make(map[floor.ActorID]whereabouts, n)
	for i := range n {
		w := whereabouts{standing(1 + i%5%3), at - floor.Instant(i%4000)*1000}
		people[floor.ActorID(fmt.Sprintf("attendee:k%05da", i))] = w
	}
	return people
}

// What nodes tell each other comes back as it was, and is small.
func TestSaid(t *testing.T) {
	const at = 1_795_492_000_000
	for _, n := range []int{0, 1, 3, 10_000} {
		want := crowd(n, at)
		said := encodeSaid(want, at)
		got, err := decodeSaid(said)
		if err != nil || !maps.Equal(got.people, want) || got.at != at {
			t.Errorf("%d people come back as %d, of %d: %v", n, len(got.people), got.at, err)
		}
		if !bytes.Equal(said, encodeSaid(got.people, at)) {
			t.Error("equal whereabouts have other bytes")
		}
		t.Logf("%d people: %d bytes", n, len(said))
		if len(said) > 30+12*n {
			t.Errorf("%d people take %d bytes", n, len(said))
		}
	}
	if n := len(encodeSaid(crowd(peopleTold+1000, at), at)); n > 1<<20 {
		t.Errorf("the most that is told takes %d bytes", n)
	}
}

// FuzzSaid: whatever another node says is understood or refused; what is understood
// can be said again.
func FuzzSaid(f *testing.F) {
	for _, n := range []int{0, 1, 20} {
		f.Add(encodeSaid(crowd(n, 1_795_492_000_000), 1_795_492_000_000))
	}
	f.Add([]byte{2, 0})
	f.Add([]byte{1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, said []byte) {
		heard, err := decodeSaid(said)
		if err != nil {
			return
		}
		again, err := decodeSaid(encodeSaid(heard.people, 0))
		if err != nil || len(again.people) != len(heard.people) {
			t.Errorf("%d people come back as %d: %v", len(heard.people), len(again.people), err)
		}
	})
}

func BenchmarkSaid(b *testing.B) {
	people := crowd(10_000, 1_795_492_000_000)
	for b.Loop() {
		if _, err := decodeSaid(encodeSaid(people, 1_795_492_000_000)); err != nil {
			b.Fatal(err)
		}
	}
}
