package floor

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/matchfloor/matchfloor/internal/hamt"
)

// TestState_IsImmutable shows that no state changes when others are made of it, or commands on it are refused.
func TestState_IsImmutable(t *testing.T) {
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
				t.Fatalf("state %d has changed", i)
			}
		}
	})
}

// TestState_DoesNotDependOnHashOrder gives the same commands under another hash of the maps: records, affected
// cards, views and states are the same.
func TestState_DoesNotDependOnHashOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.play(t)
		before := w.observations(t)
		defer hamt.Reseed(rapid.Uint64().Draw(t, "seed") | 1)()
		again := &world{states: []State{New()}, forum: w.forum}
		for _, o := range w.envelopes {
			again.wall = o.ReceivedAt
			again.give(o)
		}
		if now := again.observations(t); !slices.Equal(before, now) {
			i := 0
			for i < min(len(before), len(now)) && before[i] == now[i] {
				i++
			}
			t.Fatalf("%d and %d observations; the first that differs is %d:\n%s\n%s", len(before), len(now), i, before[i:min(i+1, len(before))], now[i:min(i+1, len(now))])
		}
	})
}

// observations returns everything that a world has shown: refusals, records, what they affected, what is due
// after each, and what each subject sees in the end.
func (w *world) observations(t *rapid.T) (all []string) {
	say := func(v any) {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(data))
	}
	say(w.refusals)
	for i, r := range w.records {
		data, err := EncodeRecord(r)
		if err != nil {
			t.Fatal(err)
		}
		due, next := w.states[i+1].Due(w.wall)
		all = append(all, string(data))
		say(w.affected[i])
		say(due)
		say(next)
	}
	for _, subject := range w.subjects() {
		say(w.now().View(subject))
	}
	return append(all, digest(t, w.now()))
}

// checkEqualAsSent fails if two cards are equal but encoded differently, or the other way round. Nodes rely on
// it: they do not send what is equal.
func checkEqualAsSent(t *rapid.T, a, b Card) {
	if sameView(View{"": a}, View{"": b}) != reflect.DeepEqual(a, b) {
		t.Fatalf("equal as values or as JSON, not both:\n%+v\n%+v", a, b)
	}
}

// TestExchange_RefusalChangesNothing refuses an exchange in a decision that has already changed the meetings.
func TestExchange_RefusalChangesNothing(t *testing.T) {
	d := newUnreleasedFloor(t)
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
		t.Fatal("a meeting was put at a closed table")
	}
	for _, m := range []Meeting{a, b} {
		if now, _ := of.meetingAt(m.Place); of.meetings.At(m.ID).Place != m.Place || now.ID != m.ID {
			t.Errorf("%s is at %v, and there is %s", m.ID, of.meetings.At(m.ID).Place, now.ID)
		}
	}
}
