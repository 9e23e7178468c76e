package client

import (
	"encoding/json"
	"iter"
	"strings"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// View is what a client holds: the cards that its link may see, at a position.
type View struct {
	At    journal.Position
	Cards wire.Cards // JSON, byte for byte as it was sent; must not be changed
}

// Digest returns the view's digest. It equals the header Matchfloor-View-Digest of
// GET …/snapshot at the same position.
func (v View) Digest() string { return wire.Digest(v.Cards) }

// Get decodes the card with this key as T, one of floor's card types. ok is false
// if the view has no such card or the card does not decode as T.
func Get[T any](v View, key floor.CardKey) (card T, ok bool) {
	raw, ok := v.Cards[key]
	if !ok {
		return card, false
	}
	return card, json.Unmarshal(raw, &card) == nil
}

// Each returns the cards of a kind, such as "meeting", decoded as T, each with the
// part of its key after the slash. The order is unspecified. Cards that do not
// decode as T are skipped.
func Each[T any](v View, kind string) iter.Seq2[string, T] {
	prefix := kind + "/"
	return func(yield func(string, T) bool) {
		for key := range v.Cards {
			id, ok := strings.CutPrefix(string(key), prefix)
			if !ok {
				continue
			}
			if card, ok := Get[T](v, key); ok && !yield(id, card) {
				return
			}
		}
	}
}

// SavedView is a view from which a later client of the same link resumes: see
// [Client.Save] and [Options]. It can be stored as JSON.
type SavedView struct {
	At       journal.Position `json:"at"`
	Subjects string           `json:"subjects"` // the hash of what the session watched
	Cards    wire.Cards       `json:"cards"`
}

// ViewChange describes one frame that changed the view. Its cards belong to the
// client and must not be changed.
type ViewChange struct {
	Snapshot bool   // the view was replaced
	From     uint64 // the sequence before
	To       journal.Position
	Bytes    int        // of the frame, or of the response that was fetched for it
	Received time.Time  // when the last byte arrived
	Set      wire.Cards // the cards that changed; of a snapshot, all
	Drop     []floor.CardKey
}
