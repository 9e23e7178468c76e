package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"

	"github.com/matchfloor/matchfloor/floor"
)

// sessionLife is how long a sign-in lasts, unless its link is rotated before.
const sessionLife = 36 * time.Hour

// tokenVersion is the first byte of every token. There is one algorithm,
// HMAC-SHA256, and no field that could name another.
const tokenVersion = 1

// nonceSize is how many random bytes a token holds.
const nonceSize = 8

// maxToken is the longest text that is read as a token, in bytes.
const maxToken = 512

// errToken is the only error about tokens. It does not say what is wrong with one,
// so that forging gets no help.
var errToken = errors.New("not a session token of this instance, or expired")

// Claims is what a session token states: which link signed in, at which generation,
// and until when. Role and rights are not in it.
type Claims struct {
	Event      floor.EventID // InstanceEvent for organisers
	Link       floor.LinkID
	Generation int
	Expires    time.Time // in whole milliseconds
}

// SealToken returns a token that states c. It is the base64url encoding of version,
// key id, expiry, generation, a random number that makes two sessions of one link
// different, the length-prefixed event and link, and the signature of all that.
func (k Keys) SealToken(c Claims) string {
	b := append([]byte{tokenVersion}, k.id[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(c.Expires.UnixMilli()))
	b = binary.BigEndian.AppendUint64(b, uint64(c.Generation))
	b = append(b, make([]byte, nonceSize)...)
	rand.Read(b[len(b)-nonceSize:]) // never fails: see crypto/rand
	b = append(b, lengthPrefixed(string(c.Event), string(c.Link))...)
	return strictBase64.EncodeToString(append(b, k.sign(b)...))
}

// OpenToken returns what a token states. It fails unless these keys signed exactly
// these bytes and now is before the expiry.
func (k Keys) OpenToken(token string, now time.Time) (Claims, error) {
	if len(token) > maxToken {
		return Claims{}, errToken
	}
	b, err := strictBase64.DecodeString(token)
	// The decoder skips line ends, but a token must have one spelling only.
	if err != nil || strictBase64.EncodedLen(len(b)) != len(token) || len(b) < sha256.Size {
		return Claims{}, errToken
	}
	body, signature := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if !hmac.Equal(signature, k.sign(body)) {
		return Claims{}, errToken
	}
	c, ok := k.parseClaims(body)
	if !ok || !now.Before(c.Expires) {
		return Claims{}, errToken
	}
	return c, nil
}

// parseClaims reads the body of a token whose signature was right.
func (k Keys) parseClaims(b []byte) (c Claims, ok bool) {
	const fixed = 1 + 4 + 8 + 8 + nonceSize
	if len(b) < fixed || b[0] != tokenVersion || [4]byte(b[1:5]) != k.id {
		return c, false
	}
	c.Expires = time.UnixMilli(int64(binary.BigEndian.Uint64(b[5:])))
	c.Generation = int(binary.BigEndian.Uint64(b[13:]))
	event, b, ok := cutField(b[fixed:])
	if !ok {
		return c, false
	}
	link, b, ok := cutField(b)
	c.Event, c.Link = floor.EventID(event), floor.LinkID(link)
	return c, ok && len(b) == 0
}

// cutField returns the first length-prefixed field of b and the bytes after it.
func cutField(b []byte) (field string, rest []byte, ok bool) {
	if len(b) < 4 {
		return "", nil, false
	}
	n := binary.BigEndian.Uint32(b)
	if b = b[4:]; uint64(n) > uint64(len(b)) {
		return "", nil, false
	}
	return string(b[:n]), b[n:], true
}
