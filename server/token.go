package server

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
)

// InstanceEvent is the name that organisers' links and sessions carry in place
// of an event: that of the instance's own log.
const InstanceEvent = floor.EventID(journal.InstanceLog)

// sessionLife is how long a sign-in lasts unless its link is rotated before.
const sessionLife = 36 * time.Hour

// tokenVersion is the first byte of every token. There is one algorithm,
// HMAC-SHA256, and no field that could name another.
const tokenVersion = 1

// nonceSize is how many random bytes a token holds.
const nonceSize = 8

// maxToken is the longest text that is looked at as a token, in bytes.
const maxToken = 512

// maxLinkID is the longest id of a link: the longest role, a hyphen, an id.
const maxLinkID = len(floor.RoleInterpreter) + 1 + floor.MaxID

// session is what a token says: which link signed in, at which generation of
// it, and until when. Role and rights are not in it; they are read from the
// state at each request.
type session struct {
	event      floor.EventID // InstanceEvent for organisers
	link       floor.LinkID
	generation int
	expires    time.Time // whole milliseconds
}

// seal answers a token of s: base64url of version, key id, expiry, generation, a
// random number that sets apart two sessions of one link, length-prefixed event
// and link, and the signature over all that.
func (k Keys) seal(s session) string {
	b := append([]byte{tokenVersion}, k.id[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(s.expires.UnixMilli()))
	b = binary.BigEndian.AppendUint64(b, uint64(s.generation))
	b = append(b, make([]byte, nonceSize)...)
	rand.Read(b[len(b)-nonceSize:]) // it never fails: see crypto/rand
	b = append(b, lengthPrefixed(string(s.event), string(s.link))...)
	return strict64.EncodeToString(append(b, k.sign(b)...))
}

// open answers what a token says, or errToken unless this instance's key signed
// exactly these bytes and it is before their expiry.
func (k Keys) open(token string, now time.Time) (session, error) {
	if len(token) > maxToken {
		return session{}, errToken
	}
	b, err := strict64.DecodeString(token)
	// The decoder skips line ends; a token has one spelling only.
	if err != nil || strict64.EncodedLen(len(b)) != len(token) || len(b) < sha256.Size {
		return session{}, errToken
	}
	body, signature := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if !hmac.Equal(signature, k.sign(body)) {
		return session{}, errToken
	}
	s, ok := k.parse(body)
	if !ok || !now.Before(s.expires) {
		return session{}, errToken
	}
	return s, nil
}

func (k Keys) sign(body []byte) []byte {
	mac := hmac.New(sha256.New, k.session)
	mac.Write(body)
	return mac.Sum(nil)
}

// parse reads a body whose signature was right.
func (k Keys) parse(b []byte) (s session, ok bool) {
	const fixed = 1 + 4 + 8 + 8 + nonceSize
	if len(b) < fixed || b[0] != tokenVersion || [4]byte(b[1:5]) != k.id {
		return s, false
	}
	s.expires = time.UnixMilli(int64(binary.BigEndian.Uint64(b[5:])))
	s.generation = int(binary.BigEndian.Uint64(b[13:]))
	event, b, ok := cutField(b[fixed:])
	if !ok {
		return s, false
	}
	link, b, ok := cutField(b)
	s.event, s.link = floor.EventID(event), floor.LinkID(link)
	return s, ok && len(b) == 0
}

// cutField answers the first length-prefixed field of b and what follows it.
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

// validLink reports whether id could be a link's.
func validLink(id floor.LinkID) bool {
	if len(id) == 0 || len(id) > maxLinkID {
		return false
	}
	for i := range len(id) {
		if !floor.ValidID(string(id[i : i+1])) {
			return false
		}
	}
	return true
}
