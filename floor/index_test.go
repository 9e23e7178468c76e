package floor

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/bits"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// kept is an index beside the plain map that it is to equal.
type kept struct {
	index[string, int]
	plain map[string]int
}

// hold compares the two in every way that an index is asked.
func (k kept) hold(t *rapid.T, keys int) {
	var order []string
	for key, v := range k.all() {
		if want, ok := k.plain[key]; !ok || want != v {
			t.Fatalf("%q is %d, not %d, %v", key, v, want, ok)
		}
		order = append(order, key)
	}
	if !slices.IsSorted(order) || len(order) != len(k.plain) || k.len() != len(k.plain) || !maps.Equal(maps.Collect(k.each()), k.plain) {
		t.Fatalf("%v, %d entries, not %v", order, k.len(), k.plain)
	}
	if list := k.list(); len(list) != len(order) || len(order) > 0 && list[0] != k.plain[order[0]] {
		t.Fatalf("listed as %v", list)
	}
	for i := range keys {
		key := strconv.Itoa(i)
		want, ok := k.plain[key]
		if v, has := k.get(key); v != want || has != ok || k.has(key) != ok || k.at(key) != want {
			t.Fatalf("%q is %d, %v, not %d, %v", key, v, has, want, ok)
		}
	}
	if k.root != nil {
		holdShape(t, k.root, true)
	}
}

// holdShape: a node holds what its places say, and two entries at least, so that
// what was taken out leaves nothing behind.
func holdShape[V any](t *rapid.T, n *node[string, V], root bool) {
	if n.leaves&n.forks != 0 || bits.OnesCount32(n.leaves) != len(n.entries) || bits.OnesCount32(n.forks) != len(n.nodes) {
		t.Fatalf("places %b and %b of %d entries and %d nodes", n.leaves, n.forks, len(n.entries), len(n.nodes))
	}
	if !root && n.len() < 2 {
		t.Fatalf("a node of %d entries", n.len())
	}
	for _, next := range n.nodes {
		holdShape(t, next, false)
	}
}

// TestIndex: an index equals a map, and so does every one that it was made of, whoever
// goes on from it, and whatever an edit that began there has done since.
func TestIndex(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := oneOf(t, []int{4, 40, 2000})
		versions := []kept{{plain: map[string]int{}}}
		for range between(t, 1, 20) {
			k := oneOf(t, versions)
			k.plain = maps.Clone(k.plain)
			var by *edit
			if between(t, 0, 3) > 0 {
				by = new(edit)
			}
			for range between(t, 1, oneOf(t, []int{3, 300})) {
				key := strconv.Itoa(between(t, 0, keys-1))
				if between(t, 0, 2) == 0 {
					k.index = k.without(by, key)
					delete(k.plain, key)
					continue
				}
				v := between(t, 0, 1000)
				k.index, k.plain[key] = k.with(by, key, v), v
			}
			versions = append(versions, k)
		}
		for _, k := range versions {
			k.hold(t, keys)
		}
	})
}

// TestIndexOfOneHash: keys that have one hash are told apart all the same.
func TestIndexOfOneHash(t *testing.T) {
	const last, keys = hashLevels - 1, 20
	rapid.Check(t, func(t *rapid.T) {
		n, plain, by := new(node[string, int]), map[string]int{}, new(edit)
		for range between(t, 1, 60) {
			key := strconv.Itoa(between(t, 0, keys-1))
			before, held := n, n.len()
			if _, ok := plain[key]; ok && between(t, 0, 1) == 0 {
				n = n.without(oneOf(t, []*edit{nil, by}), key, 7, last)
				delete(plain, key)
			} else {
				v := between(t, 0, 1000)
				n = n.with(oneOf(t, []*edit{nil, by}), &entry[string, int]{key, v}, 7, last)
				plain[key] = v
			}
			if n != before && before.len() != held {
				t.Fatalf("the node before holds %d, not %d", before.len(), held)
			}
		}
		for i := range keys {
			key := strconv.Itoa(i)
			v, ok := plain[key]
			if e := n.find(key, 7, last); (e != nil) != ok || ok && e.value != v {
				t.Fatalf("%q is %v, not %d, %v", key, e, v, ok)
			}
		}
		if n.len() != len(plain) || len(plain) == 1 && len(n.nodes) > 0 {
			t.Fatalf("%d entries and %d nodes, not %v", n.len(), len(n.nodes), plain)
		}
	})
}

// TestHashSpreads: keys that differ in little differ in every level's bits.
func TestHashSpreads(t *testing.T) {
	const keys = 32 * 400
	for _, form := range []string{"m%05d", "attendee:h%05da", "meeting/m%05d", "moderator-lead/%d", "%020d"} {
		for level := range hashLevels {
			var at [32]int
			for i := range keys {
				at[hashOf(fmt.Sprintf(form, i))>>(level*hashBits)&31]++
			}
			if low, high := slices.Min(at[:]), slices.Max(at[:]); low < 300 || high > 500 {
				t.Errorf("%s, level %d: %d to %d of 400 at a place", form, level, low, high)
			}
		}
	}
}

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
	usual := hashSeed
	defer func() { hashSeed = usual }()
	rapid.Check(t, func(t *rapid.T) {
		hashSeed = usual
		w := newWorld(t)
		w.play(t)
		told := w.tell(t)
		hashSeed = rapid.Uint64().Draw(t, "seed") | 1
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
	for _, m := range d.meetings.all() {
		if m.seated() && a.ID == "" {
			a = m
		} else if m.seated() && m.Place.Round != a.Place.Round {
			b = m
		}
	}
	of := &decision{draft: newDraft(d.State, Record{})}
	of.do(MeetingLocked{a.ID, true})
	of.do(MeetingLocked{b.ID, true})
	of.do(TableClosed{Table: b.Place.Table, Closed: true})
	if err := of.exchange(of.meetings.at(a.ID), of.meetings.at(b.ID), false); err == nil {
		t.Fatal("exchanged with a table that is closed")
	}
	for _, m := range []Meeting{a, b} {
		if now, _ := of.meetingAt(m.Place); of.meetings.at(m.ID).Place != m.Place || now.ID != m.ID {
			t.Errorf("%s is at %v, and there is %s", m.ID, of.meetings.at(m.ID).Place, now.ID)
		}
	}
}
