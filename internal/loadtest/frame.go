//go:build linux

package loadtest

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// frame is a frame of the server. Phones that received the same bytes share one frame, which
// is decoded once.
type frame struct {
	text string
	wire.ServerFrame
	personal bool // a patch that concerns one person; acknowledged at once
}

// frameCache finds a frame by its bytes. It grows during a run.
type frameCache map[string]*frame

// lookup returns the frame of text, and does not keep text itself.
func (f frameCache) lookup(text []byte) (*frame, error) {
	if known, ok := f[string(text)]; ok {
		return known, nil
	}
	made := &frame{text: string(text)}
	decoded, err := wire.DecodeServer(text)
	if err != nil {
		return nil, fmt.Errorf("decode a frame: %w", err)
	}
	made.ServerFrame = decoded
	made.personal = decoded.Patch != nil && isPersonal(decoded.Patch.Set)
	f[made.text] = made
	return made, nil
}

// personalKinds are the kinds of cards that concern one person: docs/PROTOCOL.md, "ack".
var personalKinds = []string{"notice/", "meeting/", "request/", "offer/", "assignment/"}

func isPersonal(set wire.Cards) bool {
	for key := range set {
		for _, kind := range personalKinds {
			if strings.HasPrefix(string(key), kind) {
				return true
			}
		}
	}
	return false
}

// snapshotHead is the part of a snapshot that is decoded at once. No two phones share a
// snapshot; its cards are decoded only when the view is materialized.
type snapshotHead struct {
	Snapshot struct {
		At  journal.Position `json:"at"`
		Get string           `json:"get"`
	} `json:"snapshot"`
}

// snapshotFrame decodes a snapshot's position and nothing else.
func snapshotFrame(text []byte) (*frame, error) {
	var start snapshotHead
	if err := json.Unmarshal(text, &start); err != nil {
		return nil, fmt.Errorf("decode a snapshot: %w", err)
	}
	f := &frame{text: string(text)}
	f.Snapshot = &wire.Snapshot{At: start.Snapshot.At, Get: start.Snapshot.Get}
	return f, nil
}

// isSnapshot recognises a snapshot without decoding it: a frame's only key is its kind.
func isSnapshot(text []byte) bool {
	return strings.HasPrefix(string(text[:min(len(text), 16)]), `{"snapshot":`)
}
