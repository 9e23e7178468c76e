package hamt

import (
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// modelled is a map with the plain map that it must equal.
type modelled struct {
	Map[string, int]
	plain map[string]int
}

// check compares the two through every method that reads. Keys are "0" to keys-1.
func (m modelled) check(t *rapid.T, keys int) {
	var order []string
	for key, v := range m.All() {
		if want, ok := m.plain[key]; !ok || want != v {
			t.Fatalf("%q is %d, want %d, %v", key, v, want, ok)
		}
		order = append(order, key)
	}
	if !slices.IsSorted(order) || len(order) != len(m.plain) || m.Len() != len(m.plain) || !maps.Equal(maps.Collect(m.Each()), m.plain) {
		t.Fatalf("%v, %d entries, want %v", order, m.Len(), m.plain)
	}
	if list := m.List(); len(list) != len(order) || len(order) > 0 && list[0] != m.plain[order[0]] {
		t.Fatalf("List returns %v", list)
	}
	for i := range keys {
		key := strconv.Itoa(i)
		want, ok := m.plain[key]
		if v, has := m.Get(key); v != want || has != ok || m.Has(key) != ok || m.At(key) != want {
			t.Fatalf("%q is %d, %v, want %d, %v", key, v, has, want, ok)
		}
		if p := m.Find(key); (p != nil) != ok || ok && *p != want {
			t.Fatalf("Find(%q) returns %v, want %d, %v", key, p, want, ok)
		}
	}
	if m.root != nil {
		checkShape(t, m.root, true)
	}
}

// checkShape fails if a node's bits do not match its entries and children, or if it has fewer
// than two entries: removing entries must not leave such nodes behind.
func checkShape[V any](t *rapid.T, n *node[string, V], root bool) {
	if n.entryBits&n.childBits != 0 || bits.OnesCount32(n.entryBits) != len(n.entries) || bits.OnesCount32(n.childBits) != len(n.children) {
		t.Fatalf("bits %b and %b for %d entries and %d children", n.entryBits, n.childBits, len(n.entries), len(n.children))
	}
	if !root && n.len() < 2 {
		t.Fatalf("a node with %d entries", n.len())
	}
	for _, child := range n.children {
		checkShape(t, child, false)
	}
}

// TestMap_EqualsPlainMapInEveryVersion makes a tree of versions, each from an earlier one, under
// an Edit or without, and compares all of them in the end.
func TestMap_EqualsPlainMapInEveryVersion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SampledFrom([]int{4, 40, 2000}).Draw(t, "keys")
		most := rapid.SampledFrom([]int{3, 300}).Draw(t, "changes of one version")
		random := rapid.Uint64().Draw(t, "random")
		draw := func(n int) int { // evenly: rapid's own ranges favour small numbers
			random = mix(random^0x9e3779b97f4a7c15, 0xd1342543de82ef95) + 1
			return int(random % uint64(n))
		}
		versions := []modelled{{plain: map[string]int{}}}
		for range 1 + draw(20) {
			m := versions[draw(len(versions))]
			m.plain = maps.Clone(m.plain)
			var edit *Edit
			if draw(4) > 0 {
				edit = new(Edit)
			}
			for range 1 + draw(most) {
				key := strconv.Itoa(draw(keys))
				if draw(3) == 0 {
					m.Map = m.Without(edit, key)
					delete(m.plain, key)
					continue
				}
				v := draw(1000)
				m.Map, m.plain[key] = m.With(edit, key, v), v
			}
			versions = append(versions, m)
		}
		for _, m := range versions {
			m.check(t, keys)
		}
	})
}

// TestNode_KeysOfEqualHashStayApart works on a node of the last level, so that all keys collide.
func TestNode_KeysOfEqualHashStayApart(t *testing.T) {
	const last, keys = hashLevels - 1, 20
	rapid.Check(t, func(t *rapid.T) {
		n, plain, edit := new(node[string, int]), map[string]int{}, new(Edit)
		for range rapid.IntRange(1, 60).Draw(t, "changes") {
			key := strconv.Itoa(rapid.IntRange(0, keys-1).Draw(t, "key"))
			by := rapid.SampledFrom([]*Edit{nil, edit}).Draw(t, "edit")
			before, held := n, n.len()
			if _, ok := plain[key]; ok && rapid.Bool().Draw(t, "remove") {
				n = n.without(by, key, 7, last)
				delete(plain, key)
			} else {
				v := rapid.IntRange(0, 1000).Draw(t, "value")
				n = n.with(by, &entry[string, int]{key, v}, 7, last)
				plain[key] = v
			}
			if n != before && before.len() != held {
				t.Fatalf("the node before has %d entries, want %d", before.len(), held)
			}
		}
		for i := range keys {
			key := strconv.Itoa(i)
			v, ok := plain[key]
			if e := n.find(key, 7, last); (e != nil) != ok || ok && e.value != v {
				t.Fatalf("%q is %v, want %d, %v", key, e, v, ok)
			}
		}
		if n.len() != len(plain) || len(plain) == 1 && len(n.children) > 0 {
			t.Fatalf("%d entries and %d children, want %v", n.len(), len(n.children), plain)
		}
	})
}

// TestHashOf_SpreadsSimilarKeys counts keys that differ in few bytes by their slots in each level.
func TestHashOf_SpreadsSimilarKeys(t *testing.T) {
	const keys = 32 * 400
	for _, form := range []string{"m%05d", "attendee:h%05da", "meeting/m%05d", "moderator-lead/%d", "%020d"} {
		for level := range hashLevels {
			var slots [32]int
			for i := range keys {
				slots[hashOf(fmt.Sprintf(form, i))>>(level*hashBits)&31]++
			}
			if low, high := slices.Min(slots[:]), slices.Max(slots[:]); low < 300 || high > 500 {
				t.Errorf("%s, level %d: %d to %d keys in a slot, want about 400", form, level, low, high)
			}
		}
	}
}

// TestReseed_ChangesOnlyTheOrderOfEach also shows that restore brings the order back.
func TestReseed_ChangesOnlyTheOrderOfEach(t *testing.T) {
	orders := func() (each, all []string) {
		var m Map[string, int]
		for i := range 100 {
			m = m.With(nil, strconv.Itoa(i), i)
		}
		for k := range m.Each() {
			each = append(each, k)
		}
		for k := range m.All() {
			all = append(all, k)
		}
		return each, all
	}
	each, all := orders()
	restore := Reseed(12345)
	otherEach, otherAll := orders()
	restore()
	if slices.Equal(each, otherEach) || !slices.Equal(all, otherAll) {
		t.Errorf("under another seed: Each in the same order: %v, All in the same order: %v", slices.Equal(each, otherEach), slices.Equal(all, otherAll))
	}
	if again, _ := orders(); !slices.Equal(each, again) {
		t.Error("restore did not bring the order back")
	}
}
