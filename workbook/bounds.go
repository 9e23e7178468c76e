package workbook

import (
	"bytes"
	"errors"
	"io"
)

// The limits of markup, which costs much more to parse than to send: half a million empty
// rows fit into 20 KB. A workbook with 300 tables and 20 rounds needs a third of these
// limits.
const (
	maxMarkup   = 900_000  // opening and closing tags of all parts; the same number of attributes
	maxTag      = 64 << 10 // bytes of a tag with its attributes
	maxTagOther = 1 << 20  // in a part that is not named as XML: the bytes of a picture may look like a tag
)

// errMarkup means that a part has more markup than a workbook needs.
var errMarkup = errors.New("too much markup")

// markupCount counts the markup of all parts of a file.
type markupCount struct{ tags, attributes int }

// limit returns a reader of r that counts into m and fails with errMarkup beyond the limits.
// longest is the length of the longest permitted tag.
func (m *markupCount) limit(r io.Reader, longest int) io.Reader {
	return &tagReader{r: r, total: m, longest: longest}
}

type tagReader struct {
	r         io.Reader
	total     *markupCount
	longest   int
	tagLength int // bytes since the current tag began; 0: outside of a tag
}

// Read implements io.Reader.
func (t *tagReader) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if !t.count(p[:n]) {
		return 0, errMarkup
	}
	return n, err
}

// count counts the tags in b. It reports whether everything so far is within the limits.
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

// addToTag counts a piece of the current tag.
func (t *tagReader) addToTag(piece []byte) {
	t.tagLength += len(piece)
	t.total.attributes += bytes.Count(piece, []byte{'='})
}

func (t *tagReader) withinLimits() bool {
	return t.total.tags <= maxMarkup && t.total.attributes <= maxMarkup && t.tagLength <= t.longest
}
