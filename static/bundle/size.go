package bundle

import (
	"bytes"
	"compress/gzip"
	"strings"
)

// Size returns the number of bytes that a browser fetches to open a page for the first time: its
// HTML, script, style and the sentences of the language with the most, each gzipped.
func (f Files) Size(page string) int {
	total, words := 0, 0
	for name, text := range f {
		if name != page+".html" && !strings.HasPrefix(name, "assets/"+page+"-") {
			continue
		}
		if strings.HasSuffix(name, ".json") {
			words = max(words, gzipped(text))
			continue
		}
		total += gzipped(text)
	}
	return total + words
}

func gzipped(text []byte) int {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		panic("bundle: " + err.Error()) // the level is a constant that gzip knows
	}
	// Writing to a bytes.Buffer cannot fail.
	_, _ = w.Write(text)
	_ = w.Close()
	return packed.Len()
}
