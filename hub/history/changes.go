package history

import (
	"slices"
	"sort"

	"github.com/matchfloor/matchfloor/floor"
)

// changesBySubject records which cards of which subject each record changed. It
// has an entry for each record since the oldest version that is held, and for
// each subject one entry before that.
type changesBySubject struct {
	since     uint64                         // changes after this record are known
	bySubject map[floor.Subject][]cardChange // oldest first
	lastAll   uint64                         // the last record that changed every view as a whole

	// lastPermissionChange is the last record that changed who may see what, or
	// that closed a link.
	lastPermissionChange uint64
}

// cardChange is what one record changed in one subject's view.
type cardChange struct {
	seq  uint64
	keys []floor.CardKey // each once
	all  bool            // what the subject may see has changed: only a snapshot leads across
}

func newChangesBySubject(since uint64) changesBySubject {
	return changesBySubject{since: since, bySubject: make(map[floor.Subject][]cardChange)}
}

// add records what the record seq changed.
func (c *changesBySubject) add(seq uint64, affected floor.Affected) {
	for keys := affected.Keys; len(keys) > 0; {
		n := 1
		for n < len(keys) && keys[n].Subject == keys[0].Subject {
			n++
		}
		c.entry(keys[0].Subject, seq).add(keys[:n]) // floor names each card once
		keys = keys[n:]
	}
	for _, s := range affected.Whole {
		c.entry(s, seq).all = true
	}
	if affected.All {
		c.lastAll = seq
	}
	if affected.All || len(affected.Whole) > 0 || len(affected.Links) > 0 {
		c.lastPermissionChange = seq
	}
}

// entry returns the entry of one record in a subject's list.
func (c *changesBySubject) entry(s floor.Subject, seq uint64) *cardChange {
	list := c.bySubject[s]
	if n := len(list); n == 0 || list[n-1].seq != seq {
		list = append(list, cardChange{seq: seq})
		c.bySubject[s] = list
	}
	return &list[len(list)-1]
}

func (c *cardChange) add(refs []floor.CardRef) {
	c.keys = slices.Grow(c.keys, len(refs))
	for _, r := range refs {
		c.keys = append(c.keys, r.Key)
	}
}

// lastOf returns the last record that changed a subject's view.
func (c *changesBySubject) lastOf(s floor.Subject) uint64 {
	last := c.lastAll
	if list := c.bySubject[s]; len(list) > 0 {
		last = max(last, list[len(list)-1].seq)
	}
	return last
}

// prune drops the changes up to the oldest version: no patch begins before it.
// The last change of each subject stays, without its cards: a client that has
// seen it has missed nothing since.
func (c *changesBySubject) prune(oldest uint64) {
	for s, list := range c.bySubject {
		if i := firstAfter(list, oldest); i > 1 {
			c.bySubject[s] = slices.Clone(list[i-1:])
		}
		if first := &c.bySubject[s][0]; first.seq <= oldest {
			*first = cardChange{seq: first.seq}
		}
	}
}

// firstAfter returns the index of the first change after the record seq.
func firstAfter(list []cardChange, seq uint64) int {
	return sort.Search(len(list), func(i int) bool { return list[i].seq > seq })
}
