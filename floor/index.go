package floor

import (
	"iter"
	"math/bits"
	"slices"
	"strings"
)

// index is a persistent map. Its zero value is empty; with and without answer a new
// index and leave the old one as it was: what both hold, they share.
//
// It is a trie of hashes. Each level takes five bits of a key's hash, and a node holds
// only those of its 32 places that are taken: an entry where one key has come so far,
// another node where several have. A change copies the nodes on one way down, of
// which there are three for ten thousand keys.
type index[K ~string, V any] struct {
	root *node[K, V]
}

type entry[K ~string, V any] struct {
	key   K
	value V
}

// node holds two entries at least, its own or further down, unless it is a root.
type node[K ~string, V any] struct {
	leaves, forks uint32         // the places that hold an entry, and a node
	entries       []*entry[K, V] // in the order of their places
	nodes         []*node[K, V]  // in the order of theirs
	of            *edit          // which may still write here
}

// edit names changes of which nobody sees a part: what one of them has copied, the
// next may write to. With nil for an edit, every change copies.
//
// A state must not be kept, and its indexes not be copied, while an edit goes on.
type edit struct{ _ byte }

// The way of a key through the nodes. Below the last level nodes are plain lists of
// the keys that have one hash. There are none unless somebody makes such keys, and
// what a phone may choose are its commands' ids, of which keepDone are remembered.
const (
	hashBits   = 5 // of each level
	hashLevels = 12
)

// hashSeed is the same in every process. With any other, states would hold their
// entries in other places, and nobody could tell; a test sees to that.
var hashSeed uint64 = 0x9e3779b97f4a7c15

// hashOf mixes eight bytes of a key at a time, by the halves of a product.
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

// place answers the bit of a hash's place in a node.
func place(hash uint64) uint32 { return 1 << (hash & (1<<hashBits - 1)) }

// rank answers how many places before bit are taken.
func rank(taken, bit uint32) int { return bits.OnesCount32(taken & (bit - 1)) }

func (x index[K, V]) find(k K) *entry[K, V] {
	if x.root == nil {
		return nil
	}
	return x.root.find(k, hashOf(string(k)), 0)
}

func (n *node[K, V]) find(k K, hash uint64, level int) *entry[K, V] {
	for ; level < hashLevels; level++ {
		bit := place(hash)
		if n.leaves&bit != 0 {
			if e := n.entries[rank(n.leaves, bit)]; e.key == k {
				return e
			}
			return nil
		}
		if n.forks&bit == 0 {
			return nil
		}
		n, hash = n.nodes[rank(n.forks, bit)], hash>>hashBits
	}
	if i := n.listed(k); i < len(n.entries) {
		return n.entries[i]
	}
	return nil
}

// listed answers where a node below the last level holds a key, or would.
func (n *node[K, V]) listed(k K) int {
	i := 0
	for i < len(n.entries) && n.entries[i].key != k {
		i++
	}
	return i
}

func (x index[K, V]) get(k K) (v V, ok bool) {
	if e := x.find(k); e != nil {
		return e.value, true
	}
	return v, false
}

// at answers the value under k, or the zero value.
func (x index[K, V]) at(k K) V { v, _ := x.get(k); return v }

func (x index[K, V]) has(k K) bool { return x.find(k) != nil }

func (x index[K, V]) with(by *edit, k K, v V) index[K, V] {
	root := x.root
	if root == nil {
		root = &node[K, V]{of: by}
	}
	return index[K, V]{root.with(by, &entry[K, V]{k, v}, hashOf(string(k)), 0)}
}

// own answers the node, or a copy of it, for an edit to write to.
func (n *node[K, V]) own(by *edit) *node[K, V] {
	if by != nil && n.of == by {
		return n
	}
	return &node[K, V]{n.leaves, n.forks, slices.Clone(n.entries), slices.Clone(n.nodes), by}
}

func (n *node[K, V]) with(by *edit, e *entry[K, V], hash uint64, level int) *node[K, V] {
	n = n.own(by)
	if level == hashLevels {
		if i := n.listed(e.key); i < len(n.entries) {
			n.entries[i] = e
		} else {
			n.entries = append(n.entries, e)
		}
		return n
	}
	bit := place(hash)
	i, j := rank(n.leaves, bit), rank(n.forks, bit)
	switch {
	case n.forks&bit != 0:
		n.nodes[j] = n.nodes[j].with(by, e, hash>>hashBits, level+1)
	case n.leaves&bit == 0:
		n.leaves, n.entries = n.leaves|bit, slices.Insert(n.entries, i, e)
	case n.entries[i].key == e.key:
		n.entries[i] = e
	default:
		next := (&node[K, V]{of: by}).with(by, n.entries[i], hashOf(string(n.entries[i].key))>>((level+1)*hashBits), level+1)
		next = next.with(by, e, hash>>hashBits, level+1)
		n.leaves, n.entries = n.leaves&^bit, slices.Delete(n.entries, i, i+1)
		n.forks, n.nodes = n.forks|bit, slices.Insert(n.nodes, j, next)
	}
	return n
}

func (x index[K, V]) without(by *edit, k K) index[K, V] {
	if !x.has(k) {
		return x
	}
	return index[K, V]{x.root.without(by, k, hashOf(string(k)), 0)}
}

// without is asked only for a key that is there.
func (n *node[K, V]) without(by *edit, k K, hash uint64, level int) *node[K, V] {
	n = n.own(by)
	if level == hashLevels {
		i := n.listed(k)
		n.entries = slices.Delete(n.entries, i, i+1)
		return n
	}
	bit := place(hash)
	i, j := rank(n.leaves, bit), rank(n.forks, bit)
	if n.leaves&bit != 0 {
		n.leaves, n.entries = n.leaves&^bit, slices.Delete(n.entries, i, i+1)
		return n
	}
	next := n.nodes[j].without(by, k, hash>>hashBits, level+1)
	if n.nodes[j] = next; next.forks == 0 && len(next.entries) == 1 { // it needs no node of its own
		n.forks, n.nodes = n.forks&^bit, slices.Delete(n.nodes, j, j+1)
		n.leaves, n.entries = n.leaves|bit, slices.Insert(n.entries, i, next.entries[0])
	}
	return n
}

// len counts the entries; it costs a look at each node.
func (x index[K, V]) len() int {
	if x.root == nil {
		return 0
	}
	return x.root.len()
}

func (n *node[K, V]) len() int {
	count := len(n.entries)
	for _, next := range n.nodes {
		count += next.len()
	}
	return count
}

// each yields the entries in the order of hashes. Nothing that a state holds or that
// anybody is told may follow from it: see all.
func (x index[K, V]) each() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		if x.root != nil {
			x.root.each(func(e *entry[K, V]) bool { return yield(e.key, e.value) })
		}
	}
}

func (n *node[K, V]) each(yield func(*entry[K, V]) bool) bool {
	for _, e := range n.entries {
		if !yield(e) {
			return false
		}
	}
	for _, next := range n.nodes {
		if !next.each(yield) {
			return false
		}
	}
	return true
}

// all yields the entries in key order.
func (x index[K, V]) all() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		if x.root == nil {
			return
		}
		entries := make([]*entry[K, V], 0, x.len())
		x.root.each(func(e *entry[K, V]) bool { entries = append(entries, e); return true })
		slices.SortFunc(entries, func(a, b *entry[K, V]) int { return strings.Compare(string(a.key), string(b.key)) })
		for _, e := range entries {
			if !yield(e.key, e.value) {
				return
			}
		}
	}
}

// list answers the values in key order.
func (x index[K, V]) list() []V { return slices.AppendSeq(make([]V, 0, x.len()), x.values()) }

// values yields the values in key order.
func (x index[K, V]) values() iter.Seq[V] {
	return func(yield func(V) bool) {
		for _, v := range x.all() {
			if !yield(v) {
				return
			}
		}
	}
}
