package auth

import (
	"bytes"
	"fmt"
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

func TestKeys_SecretIsOfOneLinkAndGeneration(t *testing.T) {
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
		t.Error("opens does not recognise the right secret")
	}
}

// The id is data: logs hold it.
func TestKeys_IDTellsKeysApart(t *testing.T) {
	one, again, other := testKeys(t, 1).ID(), testKeys(t, 1).ID(), testKeys(t, 2).ID()
	if one != again || one == other || one != "c6d65d6cce586829" {
		t.Errorf("the ids are %q, %q and %q", one, again, other)
	}
}

func TestNewKeys_ShortKeysAreRefused(t *testing.T) {
	for length, ok := range map[int]bool{0: false, MinKey - 1: false, MinKey: true, MinKey + 1: true, 500: true} {
		if _, err := NewKeys(make([]byte, length)); (err == nil) != ok {
			t.Errorf("%d bytes: %v", length, err)
		}
	}
}

func TestKeys_FormatAsAPlaceholder(t *testing.T) {
	keys := testKeys(t, 'K')
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, keys); strings.ContainsAny(text, "0123456789[") {
			t.Errorf("%s prints %s", format, text)
		}
	}
}
