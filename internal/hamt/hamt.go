// Package hamt implements a persistent map: a change returns a new map and leaves the old one as
// it was, and both share the parts that did not change.
//
// The map is a hash array mapped trie (Bagwell, "Ideal Hash Trees", 2001). Each level of the trie
// takes five bits of a key's hash. A node stores only those of its 32 slots that are in use: an
// entry where one key has come so far, a child node where several have. A change copies the nodes
// on one path from the root, which are three for ten thousand keys.
//
// # Cost
//
// Let n be the number of entries. [Map.Get], [Map.At], [Map.Has] and [Map.Find] visit about log32 n
// nodes and allocate nothing. [Map.With] and [Map.Without] visit as many, and copy those that they
// do not own (see [Edit]). [Map.Len] and [Map.Each] visit every node. [Map.All], [Map.Values] and
// [Map.List] also allocate a list of n pointers and sort it.
//
// # Sharing
//
// A Map is a value of one pointer. Copying it is free, and any number of goroutines may read maps
// that share nodes, as long as none of them is being changed under an Edit. Maps that share nodes
// keep the memory of those nodes alive.
package hamt

import (
	"iter"
	"math/bits"
	"slices"
	"strings"
)

// Map is a persistent map. Its zero value is empty. The caller must not change what a value
// refers to while a map holds it.
type Map[K ~string, V any] struct {
	root *node[K, V]
}

type entry[K ~string, V any] struct {
	key   K
	value V
}

// node has at least two entries, its own or those of its children, unless it is a root.
type node[K ~string, V any] struct {
	entryBits, childBits uint32         // the slots that hold an entry, and a child
	entries              []*entry[K, V] // in the order of their slots
	children             []*node[K, V]  // in the order of their slots
	owner                *Edit          // may change this node in place
}

// An Edit groups a series of changes, of which only the last map is used. The first change that
// touches a node copies it; later changes of the series change that copy in place. With a nil
// *Edit every change copies.
//
// During the series the caller must use only the newest map and must not share it with another
// goroutine. After the last change under the Edit the map is as immutable as any.
type Edit struct{ _ byte } // not empty, so that each has an address of its own

// The path of a key through the trie. Nodes below the last level are plain lists of the keys whose
// hashes are equal; looking one up costs a comparison with each. Such keys do not occur unless
// somebody chooses them for that, so a caller that takes keys from outside must bound their number.
const (
	hashBits   = 5 // that each level takes
	hashLevels = 12
)

// hashSeed is the same in every process. Only Each depends on it.
var hashSeed uint64 = 0x9e3779b97f4a7c15

// Reseed changes the hash of all maps of the process and returns a function that restores it. It
// lets a test show that the results of a program do not depend on the order of [Map.Each]. A map
// may be used only under the seed that it was made with, and no other goroutine may use any map
// while a seed is changed.
func Reseed(seed uint64) (restore func()) {
	before := hashSeed
	hashSeed = seed
	return func() { hashSeed = before }
}

// hashOf mixes eight bytes of a key at a time, by xoring the halves of a 128-bit product, as
// wyhash does.
func hashOf(key string) uint64 {
	const odd = 0xe7037ed1a0b428db
	hash := hashSeed ^ uint64(len(key))
	for ; len(key) >= 8; key = key[8:] {
		hash = mix(hash^(uint64(key[0])|uint64(key[1])<<8|uint64(key[2])<<16|uint64(key[3])<<24|
			uint64(key[4])<<32|uint64(key[5])<<40|uint64(key[6])<<48|uint64(key[7])<<56), odd)
	}
	var rest uint64
	for i := range len(key) {
		rest = rest<<8 | uint64(key[i])
	}
	return mix(mix(hash^rest, odd), hashSeed)
}

func mix(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}

// slotBit returns the bit of a hash's slot in a node of the level that the hash was shifted for.
func slotBit(hash uint64) uint32 { return 1 << (hash & (1<<hashBits - 1)) }

// rank returns how many slots before bit are in use.
func rank(used, bit uint32) int { return bits.OnesCount32(used & (bit - 1)) }

func (m Map[K, V]) find(k K) *entry[K, V] {
	if m.root == nil {
		return nil
	}
	return m.root.find(k, hashOf(string(k)), 0)
}

func (n *node[K, V]) find(k K, hash uint64, level int) *entry[K, V] {
	for ; level < hashLevels; level++ {
		bit := slotBit(hash)
		if n.entryBits&bit != 0 {
			if e := n.entries[rank(n.entryBits, bit)]; e.key == k {
				return e
			}
			return nil
		}
		if n.childBits&bit == 0 {
			return nil
		}
		n, hash = n.children[rank(n.childBits, bit)], hash>>hashBits
	}
	if i := n.indexInList(k); i < len(n.entries) {
		return n.entries[i]
	}
	return nil
}

// indexInList returns the index of a key in a node below the last level, or the number of entries
// if the node does not have the key.
func (n *node[K, V]) indexInList(k K) int {
	i := 0
	for i < len(n.entries) && n.entries[i].key != k {
		i++
	}
	return i
}

// Get returns the value under k. ok is false if there is none.
func (m Map[K, V]) Get(k K) (v V, ok bool) {
	if e := m.find(k); e != nil {
		return e.value, true
	}
	return v, false
}

// At returns the value under k, or the zero value.
func (m Map[K, V]) At(k K) V { v, _ := m.Get(k); return v }

// Has reports whether there is a value under k.
func (m Map[K, V]) Has(k K) bool { return m.find(k) != nil }

// Find returns a pointer to the value under k, or nil. It copies no value; the caller must not
// write through the pointer.
func (m Map[K, V]) Find(k K) *V {
	if e := m.find(k); e != nil {
		return &e.value
	}
	return nil
}

// With returns the map with v under k, in place of any value that was there.
func (m Map[K, V]) With(edit *Edit, k K, v V) Map[K, V] {
	root := m.root
	if root == nil {
		root = &node[K, V]{owner: edit}
	}
	return Map[K, V]{root.with(edit, &entry[K, V]{k, v}, hashOf(string(k)), 0)}
}

// writable returns the node itself if edit owns it, and else a copy that edit owns.
func (n *node[K, V]) writable(edit *Edit) *node[K, V] {
	if edit != nil && n.owner == edit {
		return n
	}
	return &node[K, V]{n.entryBits, n.childBits, slices.Clone(n.entries), slices.Clone(n.children), edit}
}

func (n *node[K, V]) with(edit *Edit, e *entry[K, V], hash uint64, level int) *node[K, V] {
	n = n.writable(edit)
	if level == hashLevels {
		if i := n.indexInList(e.key); i < len(n.entries) {
			n.entries[i] = e
		} else {
			n.entries = append(n.entries, e)
		}
		return n
	}
	bit := slotBit(hash)
	i, j := rank(n.entryBits, bit), rank(n.childBits, bit)
	switch {
	case n.childBits&bit != 0:
		n.children[j] = n.children[j].with(edit, e, hash>>hashBits, level+1)
	case n.entryBits&bit == 0:
		n.entryBits, n.entries = n.entryBits|bit, slices.Insert(n.entries, i, e)
	case n.entries[i].key == e.key:
		n.entries[i] = e
	default:
		child := (&node[K, V]{owner: edit}).with(edit, n.entries[i], hashOf(string(n.entries[i].key))>>((level+1)*hashBits), level+1)
		child = child.with(edit, e, hash>>hashBits, level+1)
		n.entryBits, n.entries = n.entryBits&^bit, slices.Delete(n.entries, i, i+1)
		n.childBits, n.children = n.childBits|bit, slices.Insert(n.children, j, child)
	}
	return n
}

// Without returns the map without k.
func (m Map[K, V]) Without(edit *Edit, k K) Map[K, V] {
	if !m.Has(k) {
		return m
	}
	return Map[K, V]{m.root.without(edit, k, hashOf(string(k)), 0)}
}

// without removes a key. The node or one of its children must have it.
func (n *node[K, V]) without(edit *Edit, k K, hash uint64, level int) *node[K, V] {
	n = n.writable(edit)
	if level == hashLevels {
		i := n.indexInList(k)
		n.entries = slices.Delete(n.entries, i, i+1)
		return n
	}
	bit := slotBit(hash)
	i, j := rank(n.entryBits, bit), rank(n.childBits, bit)
	if n.entryBits&bit != 0 {
		n.entryBits, n.entries = n.entryBits&^bit, slices.Delete(n.entries, i, i+1)
		return n
	}
	child := n.children[j].without(edit, k, hash>>hashBits, level+1)
	if n.children[j] = child; child.childBits == 0 && len(child.entries) == 1 { // the last entry needs no node of its own
		n.childBits, n.children = n.childBits&^bit, slices.Delete(n.children, j, j+1)
		n.entryBits, n.entries = n.entryBits|bit, slices.Insert(n.entries, i, child.entries[0])
	}
	return n
}

// Len returns the number of entries. It visits every node: the map stores no count.
func (m Map[K, V]) Len() int {
	if m.root == nil {
		return 0
	}
	return m.root.len()
}

func (n *node[K, V]) len() int {
	count := len(n.entries)
	for _, child := range n.children {
		count += child.len()
	}
	return count
}

// Each yields the entries in the order of their hashes. The order says nothing about the keys, so
// a caller whose results must not depend on it uses it only for sums, searches and sets; see
// [Map.All].
func (m Map[K, V]) Each() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		if m.root != nil {
			m.root.each(func(e *entry[K, V]) bool { return yield(e.key, e.value) })
		}
	}
}

func (n *node[K, V]) each(yield func(*entry[K, V]) bool) bool {
	for _, e := range n.entries {
		if !yield(e) {
			return false
		}
	}
	for _, child := range n.children {
		if !child.each(yield) {
			return false
		}
	}
	return true
}

// All yields the entries in the order of their keys.
func (m Map[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		if m.root == nil {
			return
		}
		entries := make([]*entry[K, V], 0, m.Len())
		m.root.each(func(e *entry[K, V]) bool { entries = append(entries, e); return true })
		slices.SortFunc(entries, func(a, b *entry[K, V]) int { return strings.Compare(string(a.key), string(b.key)) })
		for _, e := range entries {
			if !yield(e.key, e.value) {
				return
			}
		}
	}
}

// List returns the values in the order of their keys.
func (m Map[K, V]) List() []V { return slices.AppendSeq(make([]V, 0, m.Len()), m.Values()) }

// Values yields the values in the order of their keys.
func (m Map[K, V]) Values() iter.Seq[V] {
	return func(yield func(V) bool) {
		for _, v := range m.All() {
			if !yield(v) {
				return
			}
		}
	}
}
