package hub

import (
	"bytes"
	"compress/gzip"
	"reflect"
	"slices"
	"strings"
	"sync"

	"matchfloor/floor"
	"matchfloor/wire"
)

// The bounds of what is kept encoded, for each open event.
const (
	framesKept      = 4096
	frameBytesKept  = 8 << 20
	picturesKept    = 512
	pictureBytes    = 16 << 20
	subjectsKept    = 2048
	subjectCardsMax = 8 << 20
)

// frames is what was encoded of one log: patches, whole views, and the cards of
// whole subjects, each once for all who see the same.
type frames struct {
	hub      *Hub
	past     *past
	patches  *cache[patchKey]
	pictures *cache[pictureKey]
	subjects *subjectCards
}

type patchKey struct {
	lineage  int
	subjects string
	from, to uint64
}

type pictureKey struct {
	lineage  int
	subjects string
	at       uint64
}

func newFrames(h *Hub, p *past) *frames {
	return &frames{
		hub: h, past: p,
		patches:  newCache[patchKey](framesKept, frameBytesKept),
		pictures: newCache[pictureKey](picturesKept, pictureBytes),
		subjects: &subjectCards{young: make(map[subjectKey]wire.Cards)},
	}
}

// forget drops everything, when the log's history was found to be another.
func (f *frames) forget() {
	f.patches.clear()
	f.pictures.clear()
}

// patch answers the frame that leads over a gap which is not whole; ok is false
// where the moments that it needs have gone meanwhile.
func (f *frames) patch(g gap) (frame []byte, ok bool) {
	key := patchKey{g.lineage, join(g.subjects), g.since, g.to.at.Seq}
	v := f.patches.get(key, func() value { return f.encodePatch(g) })
	return v.frame, v.ok
}

func (f *frames) encodePatch(g gap) value {
	keys, ok := f.past.between(g)
	if !ok {
		return value{}
	}
	p := wire.Patch{From: g.since, To: g.to.at, Set: make(wire.Cards)}
	for subject, touched := range keys {
		for _, key := range touched {
			difference(&p, g, subject, key)
		}
	}
	slices.Sort(p.Drop)
	f.hub.counters.patchesEncoded.Add(1)
	return value{frame: wire.Encode(wire.FromServer{Patch: &p}), ok: true}
}

// difference puts into p how a card differs between the two ends of a gap. Cards are
// compared before they are encoded: two that are not equal never read alike.
func difference(p *wire.Patch, g gap, subject floor.Subject, key floor.CardKey) {
	before, was := g.from.state.Card(subject, key)
	after, is := g.to.state.Card(subject, key)
	switch {
	case !is && was:
		p.Drop = append(p.Drop, key)
	case is && !(was && reflect.DeepEqual(before, after)):
		p.Set[key] = wire.EncodeCard(after)
	}
}

// picture answers the newest whole view of subjects, and its frame unless that is
// too large for one.
func (f *frames) picture(subjects []floor.Subject) (m moment, lineage int, p *Picture, frame []byte) {
	m, lineage, levels := f.past.newest(subjects)
	v := f.pictures.get(pictureKey{lineage, join(subjects), m.at.Seq}, func() value {
		return f.encodePicture(m, lineage, subjects, levels)
	})
	return m, lineage, v.picture, v.frame
}

func (f *frames) encodePicture(m moment, lineage int, subjects []floor.Subject, levels []uint64) value {
	all := make(wire.Cards)
	for i, s := range subjects {
		for key, card := range f.subjects.of(subjectKey{lineage, s, levels[i]}, m.state) {
			all[key] = card
		}
	}
	f.hub.counters.snapshotsEncoded.Add(1)
	frame, body := wire.EncodeWhole(wire.Snapshot{At: m.at, Cards: all})
	v := value{picture: &Picture{At: m.at, Body: body, Digest: wire.Digest(all)}, ok: true}
	if len(body) <= wire.InlineSnapshot {
		v.frame = frame
	}
	return v
}

// subjectCards keeps the encoded cards of whole subjects: ten thousand phones
// share those of everyone. The same two generations as cache, without the wait:
// two may encode the same at once.
type subjectCards struct {
	mu    sync.Mutex // guards what follows
	young map[subjectKey]wire.Cards
	old   map[subjectKey]wire.Cards
	bytes int
}

// subjectKey names a subject's view by the record that touched it last.
type subjectKey struct {
	lineage int
	subject floor.Subject
	level   uint64
}

// of answers the cards of key's subject in state; they are read-only.
func (c *subjectCards) of(key subjectKey, state floor.State) wire.Cards {
	if cards, ok := c.find(key); ok {
		return cards
	}
	view := state.View(key.subject)
	cards, size := make(wire.Cards, len(view)), 0
	for k, card := range view {
		cards[k] = wire.EncodeCard(card)
		size += len(cards[k]) + len(k)
	}
	if shared(key.subject) {
		c.keep(key, cards, size)
	}
	return cards
}

// shared reports whether a subject is watched by more than one person: what is one
// person's is asked for once, and kept in the whole view if at all.
func shared(s floor.Subject) bool {
	switch floor.Who(s).Role() {
	case floor.RoleAttendee, floor.RoleInterpreter:
		return false
	}
	return true
}

func (c *subjectCards) find(key subjectKey) (wire.Cards, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cards, ok := c.young[key]
	if !ok {
		cards, ok = c.old[key]
	}
	return cards, ok
}

func (c *subjectCards) keep(key subjectKey, cards wire.Cards, size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.young) >= subjectsKept || c.bytes > subjectCardsMax {
		c.old, c.young, c.bytes = c.young, make(map[subjectKey]wire.Cards), 0
	}
	c.young[key] = cards
	c.bytes += size
}

// join names a list of subjects, which always come in the same order.
func join(subjects []floor.Subject) string {
	if len(subjects) == 1 {
		return string(subjects[0]) // which holds no line feed
	}
	var b strings.Builder
	for _, s := range subjects {
		b.WriteString(string(s))
		b.WriteByte('\n')
	}
	return b.String()
}

// zipOnce compresses something once.
type zipOnce struct {
	once   sync.Once
	zipped []byte
}

func (z *zipOnce) of(body []byte) []byte {
	z.once.Do(func() {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		// A bytes.Buffer takes everything: these cannot fail.
		_, _ = w.Write(body)
		_ = w.Close()
		z.zipped = b.Bytes()
	})
	return z.zipped
}
