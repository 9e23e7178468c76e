package auth

import (
	"bytes"
	"encoding/base64"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/floor"
)

func testClaims() Claims {
	return Claims{Event: "demo", Link: "attendee-k03a", Generation: 3, Expires: testNow.Add(time.Hour)}
}

func TestToken_OpensAsItWasSealed(t *testing.T) {
	keys := testKeys(t, 1)
	want := testClaims()
	got, err := keys.OpenToken(keys.SealToken(want), testNow)
	if err != nil || got.Event != want.Event || got.Link != want.Link || got.Generation != want.Generation || !got.Expires.Equal(want.Expires) {
		t.Fatalf("OpenToken(SealToken(%+v)) = %+v, %v", want, got, err)
	}
}

// Every change of a character, and of a bit of the decoded bytes, makes a token
// invalid. The three lengths leave no, two and four spare bits in the last digit.
func TestToken_AnyChangeMakesItInvalid(t *testing.T) {
	keys := testKeys(t, 1)
	for _, link := range []floor.LinkID{"attendee-k03", "attendee-k03a", "attendee-k03ab"} {
		c := testClaims()
		c.Link = link
		for forged := range forgeries(t, keys.SealToken(c)) {
			if _, err := keys.OpenToken(forged, testNow); err == nil {
				t.Fatalf("%q still opens as %q", forged, keys.SealToken(c))
			}
		}
	}
}

// forgeries yields a token changed in each single place.
func forgeries(t *testing.T, token string) iter.Seq[string] {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(string) bool) {
		for i := range len(token) {
			all := []string{token[:i] + token[i+1:]}
			for b := range 256 {
				if byte(b) != token[i] {
					all = append(all, token[:i]+string([]byte{byte(b)})+token[i+1:])
				}
			}
			for _, extra := range []string{"\n", "\r", "=", "A", "."} {
				all = append(all, token[:i]+extra+token[i:], token+extra)
			}
			for _, forged := range all {
				if !yield(forged) {
					return
				}
			}
		}
		for bit := range 8 * len(raw) {
			forged := bytes.Clone(raw)
			forged[bit/8] ^= 1 << (bit % 8)
			if !yield(base64.RawURLEncoding.EncodeToString(forged)) {
				return
			}
		}
	}
}

func TestToken_Expires(t *testing.T) {
	keys := testKeys(t, 1)
	c := testClaims()
	token := keys.SealToken(c)
	if _, err := keys.OpenToken(token, c.Expires.Add(-time.Millisecond)); err != nil {
		t.Errorf("a millisecond before: %v", err)
	}
	if _, err := keys.OpenToken(token, c.Expires); err == nil {
		t.Error("at its expiry it still opens")
	}
}

func TestToken_OfAnotherInstanceIsInvalid(t *testing.T) {
	if _, err := testKeys(t, 2).OpenToken(testKeys(t, 1).SealToken(testClaims()), testNow); err == nil {
		t.Error("another instance's token opens")
	}
}

// knownToken was sealed with testKeys(1) from testClaims. Tokens of earlier versions
// must open.
const knownToken = "AcbWXWwAAAGiDeuxwAAAAAAAAAADpDQm_6Zr960AAAAEZGVtbwAAAA1hdHRlbmRlZS1rMDNhEvZwgAxQyisYzDjTK50Vxr0JDXDNMaLImKT0B0E4VoQ"

// FuzzToken checks that nothing opens but what was sealed.
func FuzzToken(f *testing.F) {
	keys := testKeys(f, 1)
	if _, err := keys.OpenToken(knownToken, testNow); err != nil {
		f.Fatal("the known token does not open")
	}
	f.Add(knownToken)
	f.Add("")
	f.Add(strings.Repeat("A", maxToken+1))
	f.Add(knownToken + "=")
	f.Add(testKeys(f, 2).SealToken(testClaims()))
	f.Fuzz(func(t *testing.T, token string) {
		if c, err := keys.OpenToken(token, testNow); err == nil && token != knownToken {
			t.Fatalf("%q opens as %+v", token, c)
		}
	})
}

// FuzzSignedToken checks what is behind the signature: any signed body can be parsed,
// and what opens is sealed and opens again as the same.
func FuzzSignedToken(f *testing.F) {
	keys := testKeys(f, 1)
	raw, err := strictBase64.DecodeString(knownToken)
	if err != nil {
		f.Fatal(err)
	}
	body := raw[:len(raw)-32]
	f.Add(body)
	f.Add(body[:len(body)-1])
	f.Add(append(slices.Clone(body), 0))
	f.Add(append(slices.Clone(body[:29]), 0xff, 0xff, 0xff, 0xff))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := keys.OpenToken(strictBase64.EncodeToString(append(slices.Clone(body), keys.sign(body)...)), testNow)
		if err != nil {
			return
		}
		again, err := keys.OpenToken(keys.SealToken(got), testNow)
		if err != nil || again.Event != got.Event || again.Link != got.Link || again.Generation != got.Generation || !again.Expires.Equal(got.Expires) {
			t.Fatalf("%+v is read again as %+v, %v", got, again, err)
		}
	})
}
