package session

import (
	"bytes"
	"compress/gzip"
	"sync"

	"github.com/matchfloor/matchfloor/journal"
)

// EncodedView is one client's whole view, encoded. Its slices are shared: callers must
// not change them.
type EncodedView struct {
	At     journal.Position
	Body   []byte // a snapshot with its cards: {"at":…,"cards":{…}}
	Digest string // of the view, as docs/PROTOCOL.md defines it

	once    sync.Once
	gzipped []byte
}

// Gzip returns Body compressed with gzip. The first caller compresses it; concurrent
// callers block until that is done.
func (v *EncodedView) Gzip() []byte {
	v.once.Do(func() {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write(v.Body) // a bytes.Buffer takes everything: neither can fail
		_ = w.Close()
		v.gzipped = b.Bytes()
	})
	return v.gzipped
}
