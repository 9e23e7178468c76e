package workbook

import (
	"bytes"
	"errors"
	"io"
)

// The limits of markup, which costs far more to read than it takes to send: half
// a million empty rows fit into 20 KB. A floor of 300 tables and 20 rounds needs
// a third of them.
const (
	maxMarkup   = 900_000  // tags, opening and closing, of all parts; and as many attributes
	maxTag      = 64 << 10 // bytes of one, with its attributes
	maxTagOther = 1 << 20  // in a part that does not claim to be XML: a picture may look like that
)

// errMarkup says that a part has more markup than a workbook needs.
var errMarkup = errors.New("too much markup")

// markup counts what passes through, of all parts of a file together.
type markup struct{ tags, attributes int }

// in answers r, which fails with errMarkup beyond the limits.
func (m *markup) in(r io.Reader, longest int) io.Reader {
	return &tagReader{r: r, all: m, longest: longest}
}

type tagReader struct {
	r       io.Reader
	all     *markup
	longest int
	inside  int // bytes since the tag began; 0: outside of one
}

// Read implements io.Reader.
func (t *tagReader) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if !t.pass(p[:n]) {
		return 0, errMarkup
	}
	return n, err
}

// pass reports whether what was read is within the limits.
func (t *tagReader) pass(b []byte) bool {
	for len(b) > 0 {
		if t.inside == 0 {
			at := bytes.IndexByte(b, '<')
			if at < 0 {
				return true
			}
			t.all.tags++
			t.inside, b = 1, b[at+1:]
		}
		end := bytes.IndexByte(b, '>')
		if end < 0 {
			t.grow(b)
			return t.within()
		}
		if t.grow(b[:end]); !t.within() {
			return false
		}
		t.inside, b = 0, b[end+1:]
	}
	return t.within()
}

// grow takes a piece of a tag.
func (t *tagReader) grow(piece []byte) {
	t.inside += len(piece)
	t.all.attributes += bytes.Count(piece, []byte{'='})
}

func (t *tagReader) within() bool {
	return t.all.tags <= maxMarkup && t.all.attributes <= maxMarkup && t.inside <= t.longest
}
