package session

import (
	"bytes"
	"slices"
	"strings"
	"sync"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/history"
	"github.com/matchfloor/matchfloor/wire"
)

// The bounds of what is kept encoded, for each open event.
const (
	maxPatches    = 4096
	maxPatchBytes = 8 << 20
	maxViews      = 512
	maxViewBytes  = 16 << 20
)

// encodedFrames encodes patches and whole views of one log, each once for all clients
// that see the same.
type encodedFrames struct {
	counters *Counters
	history  *history.History
	patches  *cache[patchKey]
	views    *cache[viewKey]
	subjects *subjectCards
}

type patchKey struct {
	lineage  int
	subjects string
	from, to uint64
}

type viewKey struct {
	lineage  int
	subjects string
	at       uint64
}

func newEncodedFrames(c *Counters, h *history.History) *encodedFrames {
	return &encodedFrames{
		counters: c, history: h,
		patches:  newCache[patchKey](maxPatches, maxPatchBytes),
		views:    newCache[viewKey](maxViews, maxViewBytes),
		subjects: &subjectCards{young: make(map[subjectKey]wire.Cards)},
	}
}

// clear drops everything, when the history was replaced by a different one.
func (f *encodedFrames) clear() {
	f.patches.clear()
	f.views.clear()
}

// patch returns the patch that leads across a delta, which must not need a snapshot. It
// is not ok if the versions that it needs are not held any more.
func (f *encodedFrames) patch(d history.Delta) encoded {
	if !slices.ContainsFunc(d.Subjects, isShared) { // no other client will ask for it
		return f.encodePatch(d)
	}
	key := patchKey{d.Lineage, joinSubjects(d.Subjects), d.Since, d.To.At.Seq}
	return f.patches.get(key, func() encoded { return f.encodePatch(d) })
}

// patchBuffers are the buffers in which patches are written.
var patchBuffers = sync.Pool{New: func() any { return new([]byte) }}

// maxPatchBuffer is the size up to which a buffer is used again.
const maxPatchBuffer = 64 << 10

func (f *encodedFrames) encodePatch(d history.Delta) encoded {
	affected, ok := f.history.AffectedCards(d)
	if !ok {
		return encoded{}
	}
	buffer := patchBuffers.Get().(*[]byte)
	patch := wire.NewPatchWriter((*buffer)[:0], d.Since, d.To.At)
	var drop []floor.CardKey
	notice := false
	for _, ref := range affected {
		switch card, differs := d.Card(ref); {
		case !differs:
		case card == nil:
			drop = append(drop, ref.Key)
		default:
			patch.Set(ref.Key, card)
			notice = notice || strings.HasPrefix(string(ref.Key), "notice/")
		}
	}
	text := patch.End(drop)
	frame := bytes.Clone(text)
	if cap(text) <= maxPatchBuffer {
		*buffer = text
		patchBuffers.Put(buffer)
	}
	f.counters.Patches.Add(1)
	return encoded{frame: frame, notice: notice, ok: true}
}

// view returns the newest whole view of subjects and its lineage. Its frame is nil if
// the view is too large for one.
func (f *encodedFrames) view(subjects []floor.Subject) (head history.Version, lineage int, e encoded) {
	head, lineage, revisions := f.history.Revisions(subjects)
	e = f.views.get(viewKey{lineage, joinSubjects(subjects), head.At.Seq}, func() encoded {
		return f.encodeView(&head, lineage, subjects, revisions)
	})
	return head, lineage, e
}

func (f *encodedFrames) encodeView(v *history.Version, lineage int, subjects []floor.Subject, revisions []uint64) encoded {
	all := make(wire.Cards)
	for i, s := range subjects {
		for key, card := range f.subjects.of(subjectKey{lineage, s, revisions[i]}, &v.State) {
			all[key] = card
		}
	}
	f.counters.FullViews.Add(1)
	frame, body := wire.EncodeFullView(wire.Snapshot{At: v.At, Cards: all})
	e := encoded{view: &EncodedView{At: v.At, Body: body, Digest: wire.Digest(all)}, ok: true}
	if len(body) <= wire.InlineSnapshot {
		e.frame = frame
	}
	return e
}

// joinSubjects returns a name for a list of subjects, which always come in the same
// order. A subject contains no line feed.
func joinSubjects(subjects []floor.Subject) string {
	if len(subjects) == 1 {
		return string(subjects[0])
	}
	var b strings.Builder
	for _, s := range subjects {
		b.WriteString(string(s))
		b.WriteByte('\n')
	}
	return b.String()
}
