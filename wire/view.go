package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"github.com/matchfloor/matchfloor/floor"
)

// Digest answers the digest of a view: the SHA-256, in hex, over its cards in the
// byte order of their keys, of each the key, a line feed, the card's JSON as it
// was sent, and a line feed.
func Digest(cards Cards) string {
	h := sha256.New()
	for _, key := range slices.Sorted(maps.Keys(cards)) {
		h.Write([]byte(key))
		h.Write([]byte{'\n'})
		h.Write(cards[key])
		h.Write([]byte{'\n'})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// SubjectsHash answers the hash by which hello tells whether a session still
// watches what the kept view showed: 16 hex digits, the same for any order.
func SubjectsHash(subjects []floor.Subject) string {
	sorted := slices.Sorted(slices.Values(subjects))
	lines := make([]string, len(sorted))
	for i, s := range sorted {
		lines[i] = string(s) + "\n"
	}
	sum := sha256.Sum256([]byte(strings.Join(lines, "")))
	return hex.EncodeToString(sum[:8])
}
