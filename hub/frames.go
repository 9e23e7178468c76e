package hub

import (
	"bytes"
	"compress/gzip"
	"slices"
	"strings"
	"sync"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/history"
	"github.com/matchfloor/matchfloor/wire"
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
	history  *history.History
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

func newFrames(h *Hub, p *history.History) *frames {
	return &frames{
		hub: h, history: p,
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

// patch answers the frame that leads over a gap which is not whole; it is not ok
// where the moments that it needs have gone meanwhile.
func (f *frames) patch(g history.Delta) value {
	if !slices.ContainsFunc(g.Subjects, shared) { // nobody else will ask for it
		return f.encodePatch(g)
	}
	key := patchKey{g.Lineage, join(g.Subjects), g.Since, g.To.At.Seq}
	return f.patches.get(key, func() value { return f.encodePatch(g) })
}

// drafts are the buffers in which frames are written.
var drafts = sync.Pool{New: func() any { return new([]byte) }}

// draftKept is how large a buffer may be that is kept for the next frame.
const draftKept = 64 << 10

func (f *frames) encodePatch(g history.Delta) value {
	touched, ok := f.history.AffectedCards(g)
	if !ok {
		return value{}
	}
	draft := drafts.Get().(*[]byte)
	patch := wire.NewPatchWriter((*draft)[:0], g.Since, g.To.At)
	var drop []floor.CardKey
	notice := false
	for _, t := range touched {
		switch card, differs := g.Card(t); {
		case !differs:
		case card == nil:
			drop = append(drop, t.Key)
		default:
			patch.Set(t.Key, card)
			notice = notice || strings.HasPrefix(string(t.Key), "notice/")
		}
	}
	text := patch.End(drop)
	frame := bytes.Clone(text)
	if cap(text) <= draftKept {
		*draft = text
		drafts.Put(draft)
	}
	f.hub.counters.patchesEncoded.Add(1)
	return value{frame: frame, notice: notice, ok: true}
}

// picture answers the newest whole view of subjects, and its frame unless that is
// too large for one.
func (f *frames) picture(subjects []floor.Subject) (m history.Version, lineage int, p *EncodedView, frame []byte) {
	m, lineage, levels := f.history.Revisions(subjects)
	v := f.pictures.get(pictureKey{lineage, join(subjects), m.At.Seq}, func() value {
		return f.encodePicture(m, lineage, subjects, levels)
	})
	return m, lineage, v.picture, v.frame
}

func (f *frames) encodePicture(m history.Version, lineage int, subjects []floor.Subject, levels []uint64) value {
	all := make(wire.Cards)
	for i, s := range subjects {
		for key, card := range f.subjects.of(subjectKey{lineage, s, levels[i]}, m.State) {
			all[key] = card
		}
	}
	f.hub.counters.snapshotsEncoded.Add(1)
	frame, body := wire.EncodeFullView(wire.Snapshot{At: m.At, Cards: all})
	v := value{picture: &EncodedView{At: m.At, Body: body, Digest: wire.Digest(all)}, ok: true}
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
	switch floor.ActorID(s).Role() {
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
