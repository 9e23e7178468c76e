package server

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/floor"
)

var testNow = time.Date(2026, 11, 24, 13, 18, 0, 0, time.UTC)

func testKeys(t testing.TB, seed byte) Keys {
	t.Helper()
	keys, err := NewKeys(bytes.Repeat([]byte{seed}, MinKey))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func testSession() session {
	return session{event: "demo", link: "attendee-k03a", generation: 3, expires: testNow.Add(time.Hour)}
}

func TestTokenSaysWhatWasSealed(t *testing.T) {
	keys := testKeys(t, 1)
	want := testSession()
	got, err := keys.open(keys.seal(want), testNow)
	if err != nil || got.event != want.event || got.link != want.link || got.generation != want.generation || !got.expires.Equal(want.expires) {
		t.Fatalf("open(seal(%+v)) = %+v, %v", want, got, err)
	}
}

// Every change of every byte, and every bit of the bytes beneath, voids a token.
// The three lengths leave no, two and four bits to spare in its last digit.
func TestTokenWithAnyByteChangedIsVoid(t *testing.T) {
	keys := testKeys(t, 1)
	for _, link := range []floor.LinkID{"attendee-k03", "attendee-k03a", "attendee-k03ab"} {
		s := testSession()
		s.link = link
		for forged := range forgeries(t, keys.seal(s)) {
			if _, err := keys.open(forged, testNow); err == nil {
				t.Fatalf("%q still opens as %q", forged, keys.seal(s))
			}
		}
	}
}

// forgeries answers a token changed in every single place.
func forgeries(t *testing.T, token string) iter.Seq[string] {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(string) bool) {
		for i := range len(token) {
			all := []string{token[:i] + token[i+1:]}
			for c := range 256 {
				if byte(c) != token[i] {
					all = append(all, token[:i]+string([]byte{byte(c)})+token[i+1:])
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

func TestTokenEndsAtItsExpiry(t *testing.T) {
	keys := testKeys(t, 1)
	s := testSession()
	token := keys.seal(s)
	if _, err := keys.open(token, s.expires.Add(-time.Millisecond)); err != nil {
		t.Errorf("a millisecond before: %v", err)
	}
	if _, err := keys.open(token, s.expires); err == nil {
		t.Error("at its expiry it still opens")
	}
}

func TestTokenOfAnotherInstanceIsVoid(t *testing.T) {
	if _, err := testKeys(t, 2).open(testKeys(t, 1).seal(testSession()), testNow); err == nil {
		t.Error("another instance's token opens")
	}
}

func TestSecretBelongsToOneLinkAndGeneration(t *testing.T) {
	keys, other := testKeys(t, 1), testKeys(t, 2)
	seen := map[string]string{}
	for _, event := range []floor.EventID{"demo", "demo1", "_"} {
		for _, link := range []floor.LinkID{"attendee-a", "attendee-a1", "1attendee-a"} {
			for generation := 1; generation <= 3; generation++ {
				for name, k := range map[string]Keys{"one": keys, "other": other} {
					what := fmt.Sprint(event, " ", link, " ", generation, " ", name)
					secret := k.Secret(event, floor.Link{ID: link, Generation: generation})
					if before, ok := seen[secret]; ok {
						t.Errorf("%s and %s share a secret", before, what)
					}
					seen[secret] = what
				}
			}
		}
	}
	l := floor.Link{ID: "attendee-a", Generation: 1}
	if a, b := keys.Secret("demo", l), testKeys(t, 1).Secret("demo", l); a != b || len(a) != 22 {
		t.Errorf("the secret is not reproducible, or not of 22 characters: %q %q", a, b)
	}
	if !keys.opens("demo", l, keys.Secret("demo", l)) || keys.opens("demo", l, "") {
		t.Error("opens does not tell the right secret")
	}
}

func TestLinkURLHidesTheSecretInTheFragment(t *testing.T) {
	keys := testKeys(t, 1)
	for role, page := range map[floor.Role]string{
		floor.RoleAttendee: "attendee", floor.RoleRunner: "moderator", floor.RoleModerator: "moderator",
		floor.RoleInterpreter: "interpreter", floor.RoleDisplay: "display", floor.RoleOrganiser: "organiser",
	} {
		link := floor.Link{ID: floor.LinkID(role) + "-x1", Who: floor.NewActorID(role, "x1"), Generation: 1}
		got := keys.LinkURL("https://forum.example/", "demo", link)
		want := "https://forum.example/" + page + "#demo." + string(link.ID) + "." + keys.Secret("demo", link)
		if got != want {
			t.Errorf("%s: %s, want %s", role, got, want)
		}
		if path := keys.LinkURL("", "demo", link); path != strings.TrimPrefix(want, "https://forum.example") {
			t.Errorf("%s without a base: %s", role, path)
		}
	}
}

func TestShortKeysAreRefused(t *testing.T) {
	for length, ok := range map[int]bool{0: false, MinKey - 1: false, MinKey: true, MinKey + 1: true, 500: true} {
		if _, err := NewKeys(make([]byte, length)); (err == nil) != ok {
			t.Errorf("%d bytes: %v", length, err)
		}
	}
}

func TestKeysFormatAsNothing(t *testing.T) {
	keys := testKeys(t, 'K')
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, keys); strings.ContainsAny(text, "0123456789[") {
			t.Errorf("%s prints %s", format, text)
		}
	}
}

func TestLinkIDs(t *testing.T) {
	for id, ok := range map[floor.LinkID]bool{
		"attendee-a": true, "": false, "a b": false, "a.b": false, "a/b": false, "a%2Fb": false, "ä": false,
		floor.LinkID("interpreter-" + strings.Repeat("x", floor.MaxID)):   true,
		floor.LinkID("interpreter-" + strings.Repeat("x", floor.MaxID+1)): false,
	} {
		if validLink(id) != ok {
			t.Errorf("validLink(%q) = %v", id, !ok)
		}
	}
}
