package hub

import (
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
)

// moment is a log's state after one record. It never changes.
type moment struct {
	at    journal.Position
	state floor.State
}

// past is the newest moments of one log, without a gap, and which cards each of
// them touched. Only the fold adds to it; everyone reads.
type past struct {
	keep int

	mu      sync.RWMutex              // guards what follows
	lineage int                       // grows when the log's history was found to be another
	moments []*moment                 // oldest first; never empty once the log is loaded
	begun   uint64                    // the first of them since the log was loaded: all touches after it are known
	touches map[floor.Subject][]touch // after the oldest moment, and of each subject the one before them
	lastAll uint64                    // the last record that touched everyone's whole view
	large   uint64                    // the last record that changed who may see what, or closed a link
	changed chan struct{}             // closed and replaced at each addition
}

// touch is what one record touched of one subject's view.
type touch struct {
	seq   uint64
	keys  []floor.CardKey // each once
	whole bool            // what the subject may see at large: only a snapshot helps
}

func newPast(keep int) *past {
	p := &past{keep: keep, changed: make(chan struct{})}
	p.begin(moment{})
	return p
}

// reset begins another history at m, with what has followed. Nobody sees a part of it:
// at its beginning there may be no event, and no link, yet.
func (p *past) reset(m moment, followed []step) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begin(m)
	p.lineage++
	for _, s := range followed {
		p.push(s.moment, s.touched)
	}
	p.announce()
}

func (p *past) begin(m moment) {
	p.moments, p.begun = []*moment{&m}, m.at.Seq
	p.touches = make(map[floor.Subject][]touch)
	p.lastAll, p.large = 0, 0
}

// add appends the next moment, and forgets the oldest beyond keep.
func (p *past) add(m moment, t floor.Affected) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.push(m, t)
	p.announce()
}

// push is add; mu is held.
func (p *past) push(m moment, t floor.Affected) {
	p.moments = append(p.moments, &m)
	seq := m.at.Seq
	for keys := t.Keys; len(keys) > 0; {
		n := 1
		for n < len(keys) && keys[n].Subject == keys[0].Subject {
			n++
		}
		p.touch(keys[0].Subject, seq).add(keys[:n]) // floor names each once
		keys = keys[n:]
	}
	for _, s := range t.Whole {
		p.touch(s, seq).whole = true
	}
	if t.All {
		p.lastAll = seq
	}
	if t.All || len(t.Whole) > 0 || len(t.Links) > 0 {
		p.large = seq
	}
	for len(p.moments) > p.keep {
		p.forget()
	}
}

func (t *touch) add(of []floor.CardRef) {
	t.keys = slices.Grow(t.keys, len(of))
	for _, k := range of {
		t.keys = append(t.keys, k.Key)
	}
}

// touch answers the entry of one record in a subject's list.
func (p *past) touch(s floor.Subject, seq uint64) *touch {
	list := p.touches[s]
	if n := len(list); n == 0 || list[n-1].seq != seq {
		list = append(list, touch{seq: seq})
		p.touches[s] = list
	}
	return &list[len(list)-1]
}

// forget drops the oldest moment, and now and then the touches that led there.
func (p *past) forget() {
	p.moments[0] = nil // let the state go before the array does
	p.moments = p.moments[1:]
	if oldest := p.moments[0].at.Seq; oldest%256 == 0 {
		p.prune(oldest)
	}
}

// prune drops the touches up to the oldest moment: nobody is told the difference
// from before it. Of each subject the last one stays, without what it touched: who
// has seen that has missed nothing since.
func (p *past) prune(oldest uint64) {
	for s, list := range p.touches {
		if i := after(list, oldest); i > 1 {
			p.touches[s] = slices.Clone(list[i-1:])
		}
		if t := &p.touches[s][0]; t.seq <= oldest {
			*t = touch{seq: t.seq}
		}
	}
}

func (p *past) announce() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// head answers the newest moment.
func (p *past) head() moment {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return *p.moments[len(p.moments)-1]
}

// now answers the newest moment and its lineage.
func (p *past) now() (*moment, int) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.moments[len(p.moments)-1], p.lineage
}

// wait answers a channel that is closed when there is something newer than what
// the caller has seen of head before the call.
func (p *past) wait() <-chan struct{} {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.changed
}

// holds reports whether at is a position of the moments kept, and of which lineage.
func (p *past) holds(at journal.Position) (lineage int, ok bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	m, ok := p.find(at.Seq)
	return p.lineage, ok && m.at == at
}

// at answers the moment of a sequence number, if it is kept.
func (p *past) at(seq uint64) (*moment, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.find(seq)
}

// find answers the moment of a sequence number; mu is held.
func (p *past) find(seq uint64) (*moment, bool) {
	oldest := p.moments[0].at.Seq
	if seq < oldest || seq-oldest >= uint64(len(p.moments)) {
		return nil, false
	}
	return p.moments[seq-oldest], true
}

// gap is what lies between a session and now.
type gap struct {
	lineage  int
	large    uint64          // up to to: the last record that changed who may see what, or closed a link
	since    uint64          // a frame leads from any view in [since, to) to to
	from, to *moment         // of the same view as since, or since itself; and the newest
	subjects []floor.Subject // of the session, those that were touched; none: its view is level
	whole    bool            // no difference leads there, only a snapshot
}

// level answers the gap of someone who has everything.
func (p *past) level() gap {
	p.mu.RLock()
	defer p.mu.RUnlock()
	head := p.moments[len(p.moments)-1]
	return gap{lineage: p.lineage, large: p.large, since: head.at.Seq, from: head, to: head}
}

// gap answers what someone who watches subjects and holds the sequence number at
// of a lineage has not been sent. That number may lie before the oldest moment: where
// nothing touched the subjects in between, their view is still that moment's.
func (p *past) gap(lineage int, at uint64, subjects []floor.Subject) gap {
	p.mu.RLock()
	defer p.mu.RUnlock()
	oldest, head := p.moments[0], p.moments[len(p.moments)-1]
	g := gap{lineage: p.lineage, large: p.large, since: at, from: head, to: head}
	if at >= head.at.Seq && lineage == p.lineage {
		return g
	}
	if lineage != p.lineage || at < p.begun || p.lastAll > at {
		g.whole = true
		return g
	}
	level := max(p.begun, p.lastAll)
	for _, s := range subjects {
		list := p.touches[s]
		i := after(list, at)
		if i == len(list) {
			continue
		}
		g.subjects = append(g.subjects, s)
		g.whole = g.whole || list[i].seq <= oldest.at.Seq || slices.ContainsFunc(list[i:], func(t touch) bool { return t.whole })
		if i > 0 {
			level = max(level, list[i-1].seq)
		}
	}
	if len(g.subjects) > 0 {
		g.since = level
	}
	g.from, _ = p.find(max(g.since, oldest.at.Seq))
	return g
}

// between answers the cards that were touched after a gap's from, up to its to,
// each once and in the order of their keys. ok is false where that is not known any more.
func (p *past) between(g gap) (touched []floor.CardRef, ok bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if g.lineage != p.lineage || g.from.at.Seq < p.moments[0].at.Seq {
		return nil, false
	}
	for _, s := range g.subjects {
		list := p.touches[s]
		for _, t := range list[after(list, g.from.at.Seq):after(list, g.to.at.Seq)] {
			touched = slices.Grow(touched, len(t.keys))
			for _, key := range t.keys {
				touched = append(touched, floor.CardRef{Subject: s, Key: key})
			}
		}
	}
	slices.SortFunc(touched, func(a, b floor.CardRef) int { return strings.Compare(string(a.Key), string(b.Key)) })
	return slices.Compact(touched), true
}

// newest answers the head, its lineage, and at which record each subject's view
// was last touched: equal numbers mean an equal view.
func (p *past) newest(subjects []floor.Subject) (m moment, lineage int, levels []uint64) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, s := range subjects {
		level := p.lastAll
		if list := p.touches[s]; len(list) > 0 {
			level = max(level, list[len(list)-1].seq)
		}
		levels = append(levels, level)
	}
	return *p.moments[len(p.moments)-1], p.lineage, levels
}

// after answers the index of the first touch past seq.
func after(list []touch, seq uint64) int {
	return sort.Search(len(list), func(i int) bool { return list[i].seq > seq })
}
