package hub

import (
	"context"

	"github.com/matchfloor/matchfloor/journal"
)

// EncodedView is one client's whole view, encoded. Its slices are shared and
// read-only.
type EncodedView struct {
	At     journal.Position
	Body   []byte // a snapshot with its cards: {"at":…,"cards":{…}}
	Digest string // of the view, as docs/PROTOCOL.md tells

	zipped zipOnce
}

// Gzip answers Body compressed. It is done once, by the first caller; it blocks
// for as long as that takes.
func (p *EncodedView) Gzip() []byte { return p.zipped.of(p.Body) }

// View answers the view of who at the position atLeast or a later one, encoded
// once for all who see the same. If this node is behind atLeast it reads on first;
// if that takes more than 2 s the error is ErrUnavailable, as where the journal is
// away and nothing is known. Other errors: ErrNoEvent, ErrUnauthenticated.
func (h *Hub) View(ctx context.Context, log journal.LogID, who Credential, atLeast uint64) (*EncodedView, error) {
	return h.picture(ctx, log, who, atLeast)
}
