package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/matchfloor/matchfloor/floor"
)

// tokenVersion is the first byte of every token. There is one algorithm,
// HMAC-SHA256, and no field that could name another.
const tokenVersion = 1

// A token holds when its session began, in seconds since 1970, and a serial number that
// makes two sessions of one link different. A renewed token has the same ones. Earlier
// versions have random bytes in place of the time.
const (
	beganSize  = 4
	serialSize = 4
)

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
	SignedIn   time.Time        // when the session began, in whole seconds
	Serial     [serialSize]byte // random; the same in all tokens of a session
	Expires    time.Time        // in whole milliseconds
}

// newClaims returns what the first token of a session states.
func newClaims(event floor.EventID, link floor.Link, now, limit time.Time) Claims {
	c := Claims{Event: event, Link: link.ID, Generation: link.Generation, SignedIn: now.Truncate(time.Second), Expires: expiryAt(now, limit)}
	rand.Read(c.Serial[:]) // never fails: see crypto/rand
	return c
}

// sessionID stands for a session: the same for all of its tokens.
type sessionID [sha256.Size / 2]byte

func (c Claims) sessionID() sessionID {
	b := lengthPrefixed(string(c.Event), string(c.Link), string(c.Serial[:]))
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(b, uint64(c.Generation)))
	return sessionID(sum[:])
}

// SealToken returns a token that states c. It is the base64url encoding of version,
// key id, expiry, generation, the time of the sign-in, the serial number, the
// length-prefixed event and link, and the signature of all that.
func (k Keys) SealToken(c Claims) string {
	b := append([]byte{tokenVersion}, k.id[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(c.Expires.UnixMilli()))
	b = binary.BigEndian.AppendUint64(b, uint64(c.Generation))
	b = binary.BigEndian.AppendUint32(b, uint32(c.SignedIn.Unix()))
	b = append(b, c.Serial[:]...)
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

// operatorTokenLife is how long an operator's token is valid: for one request, and for
// clocks that differ.
const operatorTokenLife = 5 * time.Minute

// operatorLink is the link of an operator's tokens. Nobody has it: no role of a link has
// this name.
const operatorLink = floor.LinkID("operator-cli")

// OperatorToken returns a token for one request of the operator to a node. Only the
// instance key can make one. It signs in to nothing.
func (k Keys) OperatorToken(now time.Time) string {
	return k.SealToken(Claims{Event: InstanceEvent, Link: operatorLink, Expires: now.Add(operatorTokenLife).Truncate(time.Millisecond)})
}

// ByOperator reports whether a request has an operator's token, as a bearer token.
func (k Keys) ByOperator(r *http.Request, now time.Time) bool {
	kind, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(kind, "Bearer") {
		return false
	}
	claims, err := k.OpenToken(token, now)
	return err == nil && claims.Event == InstanceEvent && claims.Link == operatorLink
}

// parseClaims reads the body of a token whose signature was right.
func (k Keys) parseClaims(b []byte) (c Claims, ok bool) {
	const fixed = 1 + 4 + 8 + 8 + beganSize + serialSize
	if len(b) < fixed || b[0] != tokenVersion || [4]byte(b[1:5]) != k.id {
		return c, false
	}
	c.Expires = time.UnixMilli(int64(binary.BigEndian.Uint64(b[5:])))
	c.Generation = int(binary.BigEndian.Uint64(b[13:]))
	c.SignedIn = signedIn(binary.BigEndian.Uint32(b[21:]), c.Expires)
	c.Serial = [serialSize]byte(b[21+beganSize:])
	event, b, ok := cutField(b[fixed:])
	if !ok {
		return c, false
	}
	link, b, ok := cutField(b)
	c.Event, c.Link = floor.EventID(event), floor.LinkID(link)
	return c, ok && len(b) == 0
}

// signedIn reads the time of a sign-in. A time after the expiry, or longer before it than
// the limits need to know, is taken for the random bytes of an earlier version, whose
// sessions were idleLife long.
func signedIn(seconds uint32, expires time.Time) time.Time {
	at := time.Unix(int64(seconds), 0)
	if life := expires.Sub(at); life < 0 || life > longestLife {
		return expires.Add(-idleLife)
	}
	return at
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
