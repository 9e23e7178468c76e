package session

import (
	"sync"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// The bounds of the cards that are kept encoded, for each open event.
const (
	maxSubjects         = 2048
	maxSubjectCardBytes = 8 << 20
)

// subjectCards holds the encoded cards of whole subjects: all phones share those of
// everyone. It has two generations, as a cache has, but two callers may encode the same
// cards at once.
type subjectCards struct {
	mu    sync.Mutex // guards the fields below
	young map[subjectKey]wire.Cards
	old   map[subjectKey]wire.Cards
	bytes int // of the younger generation
}

// subjectKey names a subject's view by the last record that changed it.
type subjectKey struct {
	lineage  int
	subject  floor.Subject
	revision uint64
}

// of returns the cards of a subject in a state. Callers must not change them.
func (c *subjectCards) of(key subjectKey, state *floor.State) wire.Cards {
	if cards, ok := c.find(key); ok {
		return cards
	}
	view := state.View(key.subject)
	cards, size := make(wire.Cards, len(view)), 0
	for k, card := range view {
		cards[k] = wire.EncodeCard(card)
		size += len(cards[k]) + len(k)
	}
	if isShared(key.subject) {
		c.keep(key, cards, size)
	}
	return cards
}

// isShared reports whether a subject is watched by more than one person. What is one
// person's is asked for once, and is kept in the encoded view if at all.
func isShared(s floor.Subject) bool { return !isVisitor(floor.ActorID(s)) }

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
	if len(c.young) >= maxSubjects || c.bytes > maxSubjectCardBytes {
		c.old, c.young, c.bytes = c.young, make(map[subjectKey]wire.Cards), 0
	}
	c.young[key] = cards
	c.bytes += size
}
