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

// markupCount counts what passes through, of all parts of a file together.
type markupCount struct{ tags, attributes int }

// limit answers r, which fails with errMarkup beyond the limits.
func (m *markupCount) limit(r io.Reader, longest int) io.Reader {
	return &tagReader{r: r, total: m, longest: longest}
}

type tagReader struct {
	r         io.Reader
	total     *markupCount
	longest   int
	tagLength int // bytes since the tag began; 0: outside of one
}

// Read implements io.Reader.
func (t *tagReader) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if !t.count(p[:n]) {
		return 0, errMarkup
	}
	return n, err
}

// count reports whether what was read is within the limits.
func (t *tagReader) count(b []byte) bool {
	for len(b) > 0 {
		if t.tagLength == 0 {
			at := bytes.IndexByte(b, '<')
			if at < 0 {
				return true
			}
			t.total.tags++
			t.tagLength, b = 1, b[at+1:]
		}
		end := bytes.IndexByte(b, '>')
		if end < 0 {
			t.addToTag(b)
			return t.withinLimits()
		}
		if t.addToTag(b[:end]); !t.withinLimits() {
			return false
		}
		t.tagLength, b = 0, b[end+1:]
	}
	return t.withinLimits()
}

// addToTag takes a piece of a tag.
func (t *tagReader) addToTag(piece []byte) {
	t.tagLength += len(piece)
	t.total.attributes += bytes.Count(piece, []byte{'='})
}

func (t *tagReader) withinLimits() bool {
	return t.total.tags <= maxMarkup && t.total.attributes <= maxMarkup && t.tagLength <= t.longest
}
