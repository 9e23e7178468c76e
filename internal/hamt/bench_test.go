package hamt

import (
	"fmt"
	"testing"

	"github.com/benbjohnson/immutable"

	"github.com/matchfloor/matchfloor/internal/compare"
)

// This file compares this package with the map of github.com/benbjohnson/immutable, for the uses
// that package floor has of it. docs/decisions/7-a-persistent-map-of-our-own.md has the figures and
// what follows from them.

// meeting has the size of floor's Meeting.
type meeting struct{ fields [30]uint64 }

type meetingID string

// hashed makes the other map use the hash function of this package, which is faster than its own.
type hashed struct{}

func (hashed) Hash(k meetingID) uint32   { return uint32(hashOf(string(k))) }
func (hashed) Equal(a, b meetingID) bool { return a == b }

// library is the other map. Its values are pointers, because a change copies an array of up to 32
// values; this package does the same inside.
type library = immutable.Map[meetingID, *meeting]

// sizes are the numbers of entries: those of forums of 5,000 and 10,000 people.
var sizes = []int{5_000, 10_000}

func keys(n int) []meetingID {
	out := make([]meetingID, n)
	for i := range out {
		out[i] = meetingID(fmt.Sprintf("m%05d%d", i/3, i%3))
	}
	return out
}

// build returns the same n entries in both maps.
func build(keys []meetingID) (Map[meetingID, meeting], *library) {
	return ours(keys), builder(keys).Map()
}

func ours(keys []meetingID) (m Map[meetingID, meeting]) {
	edit := new(Edit)
	for _, k := range keys {
		m = m.With(edit, k, meeting{})
	}
	return m
}

func builder(keys []meetingID) *immutable.MapBuilder[meetingID, *meeting] {
	m := immutable.NewMapBuilder[meetingID, *meeting](hashed{})
	for _, k := range keys {
		m.Set(k, &meeting{})
	}
	return m
}

// forSizes runs a benchmark for each size. next returns one key after the other, in an order that no
// cache can guess.
func forSizes(b *testing.B, run func(b *testing.B, keys []meetingID, next func() meetingID)) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			keys, i := keys(n), 0
			run(b, keys, func() meetingID { i = (i + 7919) % n; return keys[i] })
		})
	}
}

func BenchmarkGet(b *testing.B) {
	forSizes(b, func(b *testing.B, keys []meetingID, next func() meetingID) {
		m, l := build(keys)
		sum := uint64(0)
		compare.Run(b,
			func() { sum += m.Find(next()).fields[0] },
			func() { v, _ := l.Get(next()); sum += v.fields[0] })
	})
}

// BenchmarkSetOne measures a version that differs in one entry from the one before it.
func BenchmarkSetOne(b *testing.B) {
	forSizes(b, func(b *testing.B, keys []meetingID, next func() meetingID) {
		m, l := build(keys)
		compare.Run(b,
			func() { m = m.With(nil, next(), meeting{}) },
			func() { l = l.Set(next(), &meeting{}) })
	})
}

// BenchmarkSetEight measures a version that differs in eight entries, as after a record with several
// changes. The other map's builder cannot begin with the entries of a map.
func BenchmarkSetEight(b *testing.B) {
	forSizes(b, func(b *testing.B, keys []meetingID, next func() meetingID) {
		m, l := build(keys)
		compare.Run(b,
			func() {
				edit := new(Edit)
				for range 8 {
					m = m.With(edit, next(), meeting{})
				}
			},
			func() {
				for range 8 {
					l = l.Set(next(), &meeting{})
				}
			})
	})
}

// BenchmarkSetAll measures a map that is made at once, as by an import.
func BenchmarkSetAll(b *testing.B) {
	forSizes(b, func(b *testing.B, keys []meetingID, _ func() meetingID) {
		compare.Run(b, func() { ours(keys) }, func() { builder(keys).Map() })
	})
}

func BenchmarkEach(b *testing.B) {
	forSizes(b, func(b *testing.B, keys []meetingID, _ func() meetingID) {
		m, l := build(keys)
		sum := uint64(0)
		compare.Run(b,
			func() {
				for _, v := range m.Each() {
					sum += v.fields[0]
				}
			},
			func() {
				for all := l.Iterator(); !all.Done(); {
					_, v, _ := all.Next()
					sum += v.fields[0]
				}
			})
	})
}

// BenchmarkHeld reports what each of 2,000 versions keeps alive while all are kept, each of which
// differs in one entry from the one before it.
func BenchmarkHeld(b *testing.B) {
	const versions = 2000
	forSizes(b, func(b *testing.B, keys []meetingID, next func() meetingID) {
		m, l := build(keys)
		var ours, other float64
		for b.Loop() {
			ours = compare.Held(func() any {
				kept := make([]Map[meetingID, meeting], versions)
				for i := range kept {
					m = m.With(nil, next(), meeting{})
					kept[i] = m
				}
				return kept
			})
			other = compare.Held(func() any {
				kept := make([]*library, versions)
				for i := range kept {
					l = l.Set(next(), &meeting{})
					kept[i] = l
				}
				return kept
			})
		}
		b.ReportMetric(ours/versions, "ours-B/version")
		b.ReportMetric(other/versions, "other-B/version")
		b.ReportMetric(ours/other, "ours/other")
	})
}
