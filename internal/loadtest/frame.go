//go:build linux

package loadtest

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// frame is one frame that a server sent. Ten thousand phones that were sent the
// same bytes hold the same frame, so it is read once.
type frame struct {
	text string
	wire.ServerFrame
	personal bool // a patch that tells one person something: it is acknowledged at once
}

// frameCache finds the frame of bytes that came before. It grows with the run.
type frameCache map[string]*frame

// lookup answers the frame of text, which it does not keep.
func (f frameCache) lookup(text []byte) (*frame, error) {
	if known, ok := f[string(text)]; ok {
		return known, nil
	}
	made := &frame{text: string(text)}
	decoded, err := wire.DecodeServer(text)
	if err != nil {
		return nil, fmt.Errorf("a frame that cannot be read: %w", err)
	}
	made.ServerFrame = decoded
	made.personal = decoded.Patch != nil && isPersonal(decoded.Patch.Set)
	f[made.text] = made
	return made, nil
}

// personalKinds are the kinds of cards that tell one person something: see
// docs/PROTOCOL.md, "ack".
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

// snapshotHead is what is read at once of a snapshot, which no two phones share:
// its cards are only read when the view is folded.
type snapshotHead struct {
	Snapshot struct {
		At  journal.Position `json:"at"`
		Get string           `json:"get"`
	} `json:"snapshot"`
}

// snapshotFrame answers a snapshot's frame with its position and nothing else.
func snapshotFrame(text []byte) (*frame, error) {
	var start snapshotHead
	if err := json.Unmarshal(text, &start); err != nil {
		return nil, fmt.Errorf("a snapshot that cannot be read: %w", err)
	}
	f := &frame{text: string(text)}
	f.Snapshot = &wire.Snapshot{At: start.Snapshot.At, Get: start.Snapshot.Get}
	return f, nil
}

// isSnapshot tells a snapshot without reading it: a frame's only name is its kind.
func isSnapshot(text []byte) bool {
	return strings.HasPrefix(string(text[:min(len(text), 16)]), `{"snapshot":`)
}
