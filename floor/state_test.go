package floor

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/matchfloor/matchfloor/internal/hamt"
)

// TestStatesStay: no state is another after others were made of it, or were to be.
func TestStatesStay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		var digests []string
		for n := range between(t, 5, 30) {
			w.step(t, n)
			for len(digests) < len(w.states) {
				digests = append(digests, digest(t, w.states[len(digests)]))
			}
		}
		for i, s := range w.states {
			if digest(t, s) != digests[i] {
				t.Fatalf("state %d is another than it was", i)
			}
		}
	})
}

// TestHashesShowNowhere: nobody can tell where an index holds its entries: under any
// other hash the same orders make the same records, touches, views and state.
func TestHashesShowNowhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.play(t)
		told := w.tell(t)
		defer hamt.Reseed(rapid.Uint64().Draw(t, "seed") | 1)()
		again := &world{states: []State{New()}, forum: w.forum}
		for _, o := range w.orders {
			again.wall = o.ReceivedAt
			again.give(o)
		}
		if now := again.tell(t); !slices.Equal(told, now) {
			i := 0
			for i < min(len(told), len(now)) && told[i] == now[i] {
				i++
			}
			t.Fatalf("%d and %d told; the first to differ is %d:\n%s\n%s", len(told), len(now), i, told[i:min(i+1, len(told))], now[i:min(i+1, len(now))])
		}
	})
}

// tell answers everything that a world has said: refusals, records, what they touched,
// what is due after each and what each audience sees at the end.
func (w *world) tell(t *rapid.T) (told []string) {
	say := func(v any) {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		told = append(told, string(data))
	}
	say(w.refusals)
	for i, r := range w.records {
		data, err := EncodeRecord(r)
		if err != nil {
			t.Fatal(err)
		}
		due, next := w.states[i+1].Due(w.wall)
		told = append(told, string(data))
		say(w.touched[i])
		say(due)
		say(next)
	}
	for _, subject := range w.subjects() {
		say(w.now().View(subject))
	}
	return append(told, digest(t, w.now()))
}

// equalAsSent: two cards are equal just where they read alike. Nodes rely on it: what
// is equal is not sent.
func equalAsSent(t *rapid.T, a, b Card) {
	if sameView(View{"": a}, View{"": b}) != reflect.DeepEqual(a, b) {
		t.Fatalf("equal or not?\n%+v\n%+v", a, b)
	}
}

// TestProbeLeavesNothing: an exchange that is refused has moved nothing, also where
// its decision has changed the meetings before.
func TestProbeLeavesNothing(t *testing.T) {
	d := newDraftFloor(t)
	var a, b Meeting
	for _, m := range d.meetings.All() {
		if m.seated() && a.ID == "" {
			a = m
		} else if m.seated() && m.Place.Round != a.Place.Round {
			b = m
		}
	}
	of := &decision{transaction: newTransaction(d.State, Record{})}
	of.emit(MeetingLocked{a.ID, true})
	of.emit(MeetingLocked{b.ID, true})
	of.emit(TableClosed{Table: b.Place.Table, Closed: true})
	if err := of.exchange(of.meetings.At(a.ID), of.meetings.At(b.ID), false); err == nil {
		t.Fatal("exchanged with a table that is closed")
	}
	for _, m := range []Meeting{a, b} {
		if now, _ := of.meetingAt(m.Place); of.meetings.At(m.ID).Place != m.Place || now.ID != m.ID {
			t.Errorf("%s is at %v, and there is %s", m.ID, of.meetings.At(m.ID).Place, now.ID)
		}
	}
}
