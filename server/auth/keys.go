// Package auth signs people in and says who a request comes from.
//
// Each person and each screen has a personal link, whose secret is derived from the instance key.
// Signing in exchanges the secret for a session token, which is kept in a cookie or, by programs,
// sent as a bearer token. A token holds the link, its generation and an expiry; role and rights are
// read from the newest state with each request. Rotating a link raises its generation, which makes
// its secret and all of its tokens invalid.
//
// The only lock is that of SessionRegistry. It is not held while sessions are closed.
package auth

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/matchfloor/matchfloor/floor"
)

// MinKey is the least length of an instance key, in bytes.
const MinKey = 32

// secretSize is the length of a link's secret, in bytes. 128 bits cannot be guessed
// at any rate, and the QR code of a link stays small.
const secretSize = 16

// The purposes that subkeys are derived for. No subkey has two purposes. The
// strings are data: another one would make every link or session invalid.
const (
	purposeLink    = "matchfloor link secret v1"
	purposeSession = "matchfloor session token v1"
	purposeKeyID   = "matchfloor key id v1"
)

// strictBase64 refuses text whose last digit has bits to spare, so that every value
// has one encoding.
var strictBase64 = base64.RawURLEncoding.Strict()

// Keys holds the subkeys of an instance key. They make the secrets of links and
// sign sessions. Keys is read-only and safe for concurrent use. It formats as a
// placeholder, so that no key gets into a log.
type Keys struct {
	link, session []byte
	id            [4]byte // tells tokens of another instance key apart before their signature does
	longID        string  // see ID; begins with id
}

// NewKeys derives the subkeys of an instance key, which must have at least MinKey
// bytes. All of its bytes count. Every node of an instance needs the same key.
func NewKeys(instance []byte) (Keys, error) {
	if len(instance) < MinKey {
		return Keys{}, fmt.Errorf("the instance key has %d bytes; at least %d are needed", len(instance), MinKey)
	}
	derived := map[string][]byte{}
	for _, purpose := range []string{purposeLink, purposeSession, purposeKeyID} {
		key, err := hkdf.Key(sha256.New, instance, nil, purpose, sha256.Size)
		if err != nil {
			return Keys{}, fmt.Errorf("derive a key: %w", err)
		}
		derived[purpose] = key
	}
	return Keys{
		link:    derived[purposeLink],
		session: derived[purposeSession],
		id:      [4]byte(derived[purposeKeyID]),
		longID:  hex.EncodeToString(derived[purposeKeyID])[:floor.KeyIDLength],
	}, nil
}

// IsZero reports whether k holds no keys.
func (k Keys) IsZero() bool { return k.session == nil }

// ID returns the id of the instance key, which tells it from other keys and is no secret:
// floor.KeyIDLength hex digits. The instance's log names the key of its links by it.
func (k Keys) ID() string { return k.longID }

// String returns a placeholder.
func (k Keys) String() string { return "auth.Keys" }

// GoString returns a placeholder.
func (k Keys) GoString() string { return k.String() }

// Secret returns the secret of a link: 22 characters that are always the same for
// a link, and that change with its generation.
func (k Keys) Secret(event floor.EventID, link floor.Link) string {
	mac := hmac.New(sha256.New, k.link)
	mac.Write(lengthPrefixed(string(event), string(link.ID)))
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(link.Generation)))
	return strictBase64.EncodeToString(mac.Sum(nil)[:secretSize])
}

// opens reports whether secret is the link's. It takes the same time however much
// of the secret is right.
func (k Keys) opens(event floor.EventID, link floor.Link, secret string) bool {
	return subtle.ConstantTimeCompare([]byte(k.Secret(event, link)), []byte(secret)) == 1
}

// sign returns the signature of a session token's body.
func (k Keys) sign(body []byte) []byte {
	mac := hmac.New(sha256.New, k.session)
	mac.Write(body)
	return mac.Sum(nil)
}

// lengthPrefixed joins fields so that no two lists of fields give the same bytes.
func lengthPrefixed(fields ...string) []byte {
	var b []byte
	for _, f := range fields {
		b = binary.BigEndian.AppendUint32(b, uint32(len(f)))
		b = append(b, f...)
	}
	return b
}
