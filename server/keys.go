package server

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/matchfloor/matchfloor/floor"
)

// MinKey is the least length of an instance key, in bytes.
const MinKey = 32

// secretBytes is the length of a link's secret: 128 bits cannot be guessed at
// any rate, and a QR code of the link stays small.
const secretBytes = 16

// The purposes that subkeys are derived for. One key never serves two.
const (
	purposeLink    = "matchfloor link secret v1"
	purposeSession = "matchfloor session token v1"
	purposeKeyID   = "matchfloor key id v1"
)

// strict64 refuses text whose last digit has bits to spare, so that every
// encoded value has one spelling.
var strict64 = base64.RawURLEncoding.Strict()

// Keys are the subkeys of an instance key. They make links' secrets and sign
// sessions. A value is read-only and safe for concurrent use; it formats as
// nothing, so that it cannot slip into a log.
type Keys struct {
	link, session []byte
	id            [4]byte // tells tokens of another instance key apart before their signature does
}

// NewKeys derives the subkeys of an instance key of at least MinKey bytes; all
// of them count. Every node of an instance needs the same one.
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
	}, nil
}

// String answers a placeholder.
func (k Keys) String() string { return "server.Keys" }

// GoString answers a placeholder.
func (k Keys) GoString() string { return k.String() }

// Secret answers the secret of a link: 22 characters that can always be made
// again, and that change with the link's generation.
func (k Keys) Secret(event floor.EventID, link floor.Link) string {
	mac := hmac.New(sha256.New, k.link)
	mac.Write(lengthPrefixed(string(event), string(link.ID)))
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(link.Generation)))
	return strict64.EncodeToString(mac.Sum(nil)[:secretBytes])
}

// opens reports whether secret is the link's, in a time that does not tell how
// much of it was right.
func (k Keys) opens(event floor.EventID, link floor.Link, secret string) bool {
	return subtle.ConstantTimeCompare([]byte(k.Secret(event, link)), []byte(secret)) == 1
}

// LinkURL answers the address that signs link's owner in: their page under base
// (without one: the path alone), with event, link and secret in the fragment.
func (k Keys) LinkURL(base string, event floor.EventID, link floor.Link) string {
	fragment := strings.Join([]string{string(event), string(link.ID), k.Secret(event, link)}, ".")
	return strings.TrimSuffix(base, "/") + "/" + pageOf(link.Who.Role()) + "#" + fragment
}

// pageOf answers the page that a role works on.
func pageOf(role floor.Role) string {
	if role == floor.RoleRunner {
		return string(floor.RoleModerator)
	}
	return string(role)
}

// EventOf answers the event that a link belongs to when it is used within event:
// organisers are the instance's own, everyone else is the event's.
func EventOf(event floor.EventID, link floor.LinkID) floor.EventID {
	if strings.HasPrefix(string(link), string(floor.RoleOrganiser)+"-") {
		return InstanceEvent
	}
	return event
}

// lengthPrefixed joins fields so that no two lists of fields read the same.
func lengthPrefixed(fields ...string) []byte {
	var b []byte
	for _, f := range fields {
		b = binary.BigEndian.AppendUint32(b, uint32(len(f)))
		b = append(b, f...)
	}
	return b
}

// errToken is all that is said of a token that is not good: why is nobody's business.
var errToken = errors.New("not a session token of this instance, or expired")
