package floor

import (
	"iter"
	"strings"

	"github.com/benbjohnson/immutable"
)

// index is a persistent map in key order. Its zero value is empty; with and
// without answer a new index and leave the old one as it was. It holds pointers to
// values that never change, because each change copies a leaf of 32 of them.
type index[K ~string, V any] struct {
	m *immutable.SortedMap[K, *V]
}

type byBytes[K ~string] struct{}

func (byBytes[K]) Compare(a, b K) int { return strings.Compare(string(a), string(b)) }

func (x index[K, V]) get(k K) (v V, ok bool) {
	if x.m == nil {
		return v, false
	}
	p, ok := x.m.Get(k)
	if ok {
		v = *p
	}
	return v, ok
}

// at answers the value under k, or the zero value.
func (x index[K, V]) at(k K) V { v, _ := x.get(k); return v }

func (x index[K, V]) has(k K) bool {
	if x.m == nil {
		return false
	}
	_, ok := x.m.Get(k)
	return ok
}

func (x index[K, V]) with(k K, v V) index[K, V] {
	if x.m == nil {
		x.m = immutable.NewSortedMap[K, *V](byBytes[K]{})
	}
	return index[K, V]{x.m.Set(k, &v)}
}

func (x index[K, V]) without(k K) index[K, V] {
	if x.m == nil {
		return x
	}
	return index[K, V]{x.m.Delete(k)}
}

func (x index[K, V]) len() int {
	if x.m == nil {
		return 0
	}
	return x.m.Len()
}

// all yields the entries in key order.
func (x index[K, V]) all() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		if x.m == nil {
			return
		}
		for it := x.m.Iterator(); !it.Done(); {
			k, v, _ := it.Next()
			if !yield(k, *v) {
				return
			}
		}
	}
}

// from yields the entries whose keys are at or after k, in key order.
func (x index[K, V]) from(k K) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		if x.m == nil {
			return
		}
		it := x.m.Iterator()
		for it.Seek(k); !it.Done(); {
			k, v, _ := it.Next()
			if !yield(k, *v) {
				return
			}
		}
	}
}

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
