// Package history holds the newest versions of one log: its state after each of
// the latest records, which cards each record affected, and the records
// themselves.
//
// One goroutine adds to a [History]; any number of goroutines read it. A
// [RecentRecords] belongs to one goroutine. The package has one lock,
// History.mu, and takes no other while it holds it.
package history

import (
	"sync"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
)

// Version is a log's state after one record. It never changes.
type Version struct {
	At    journal.Position
	State floor.State
}

// Step is one applied record: the version that it makes, the cards that it
// affects, and the record as it is stored.
type Step struct {
	Version  Version
	Affected floor.Affected
	Record   journal.Record
}

// History holds the newest versions of one log, without a gap. Its methods are
// safe for concurrent use. Only the replica of the log adds to it.
//
// Versions are grouped by lineage: a number that grows each time the log's
// history is replaced by a different one. Sequence numbers of different
// lineages must not be compared.
type History struct {
	size int

	mu       sync.RWMutex // guards the fields below
	lineage  int
	versions []*Version // oldest first; never empty
	changes  changesBySubject
	changed  chan struct{} // closed and replaced at each addition
}

// New returns a history that holds up to size versions. It begins with one empty
// version, of lineage 0.
func New(size int) *History {
	h := &History{size: size, changed: make(chan struct{})}
	h.begin(Version{})
	return h
}

// Reset replaces all versions by base and the steps that follow it, and begins a
// new lineage. Readers see either the old versions or all of the new ones: at
// base there may be no event and no link yet, and a session that saw only base
// would end.
func (h *History) Reset(base Version, steps []Step) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.begin(base)
	h.lineage++
	for _, s := range steps {
		h.push(s.Version, s.Affected)
	}
	h.announce()
}

// begin drops all versions but base; mu is held.
func (h *History) begin(base Version) {
	h.versions = []*Version{&base}
	h.changes = newChangesBySubject(base.At.Seq)
}

// Append adds the next version, which affected the given cards, and drops the
// oldest versions beyond the history's size.
func (h *History) Append(v Version, affected floor.Affected) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.push(v, affected)
	h.announce()
}

// push is Append without the announcement; mu is held.
func (h *History) push(v Version, affected floor.Affected) {
	h.versions = append(h.versions, &v)
	h.changes.add(v.At.Seq, affected)
	for len(h.versions) > h.size {
		h.dropOldest()
	}
}

// pruneEvery is how many versions are dropped between two prunings of the
// changes that led to them.
const pruneEvery = 256

// dropOldest drops the oldest version; mu is held.
func (h *History) dropOldest() {
	h.versions[0] = nil // the array lives on; the state must not
	h.versions = h.versions[1:]
	if oldest := h.versions[0].At.Seq; oldest%pruneEvery == 0 {
		h.changes.prune(oldest)
	}
}

func (h *History) announce() {
	close(h.changed)
	h.changed = make(chan struct{})
}

// Head returns the newest version.
func (h *History) Head() Version {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return *h.head()
}

// HeadAndLineage returns the newest version and its lineage.
func (h *History) HeadAndLineage() (*Version, int) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.head(), h.lineage
}

// head returns the newest version; mu is held.
func (h *History) head() *Version { return h.versions[len(h.versions)-1] }

// Changed returns a channel that is closed at the next addition. A caller that
// waits for a version must call Changed before it looks at Head.
func (h *History) Changed() <-chan struct{} {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.changed
}

// LineageAt returns the current lineage, and reports whether at is the position
// of one of the versions held.
func (h *History) LineageAt(at journal.Position) (lineage int, ok bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	v, ok := h.find(at.Seq)
	return h.lineage, ok && v.At == at
}

// Find returns the version of a sequence number, if it is held.
func (h *History) Find(seq uint64) (*Version, bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.find(seq)
}

// find is Find; mu is held.
func (h *History) find(seq uint64) (*Version, bool) {
	oldest := h.versions[0].At.Seq
	if seq < oldest || seq-oldest >= uint64(len(h.versions)) {
		return nil, false
	}
	return h.versions[seq-oldest], true
}

// Revisions returns the newest version, its lineage, and for each subject the
// number of the last record that changed its view. Within a lineage, equal
// numbers mean equal views.
func (h *History) Revisions(subjects []floor.Subject) (head Version, lineage int, revisions []uint64) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, s := range subjects {
		revisions = append(revisions, h.changes.lastOf(s))
	}
	return *h.head(), h.lineage, revisions
}
