package floor

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestSetInstanceKey_IsACompareAndSet: two nodes with different keys that start at the same time
// cannot both say which key the links are made with.
func TestSetInstanceKey_IsACompareAndSet(t *testing.T) {
	const one, two = "00112233445566aa", "99112233445566bb"
	w := &world{states: []State{New()}, wall: day}
	set := func(id, key, was string) *Error {
		return w.give(Envelope{Key: CommandKey("cli/" + id), By: Operator, Unconditional: true, Command: SetInstanceKey{key, was}})
	}
	for i, key := range []string{"", one[1:], one + "0", "0011223344556xyz", strings.ToUpper(one)} {
		if err := set("bad"+itoa(i), key, ""); err == nil || err.Code != CodeBadValue {
			t.Errorf("the key %q: %v", key, err)
		}
	}
	if err := set("first", one, ""); err != nil || w.now().KeyID() != one {
		t.Fatalf("the first: %v, %q", err, w.now().KeyID())
	}
	if err := set("same", one, ""); err == nil || err.Code != CodeNothingChanges {
		t.Errorf("the same key: %v", err)
	}
	for _, was := range []string{"", two} {
		if err := set("other"+was, two, was); err == nil || err.Code != CodeAlready || w.now().KeyID() != one {
			t.Errorf("another key in place of %q: %v, %q", was, err, w.now().KeyID())
		}
	}
	if err := set("next", two, one); err != nil || w.now().KeyID() != two {
		t.Errorf("another key in place of the first: %v, %q", err, w.now().KeyID())
	}
}

func TestSetInstanceKey_NeedsTheUpgrade(t *testing.T) {
	w := logOf(t, 3)
	set := Envelope{Key: "cli/key", By: Operator, Unconditional: true, Command: SetInstanceKey{Key: "00112233445566aa"}}
	if err := w.give(set); err == nil || err.Code != CodeNeedsUpgrade || err.Params["version"] != "4" {
		t.Errorf("on a log of version 3: %v", err)
	}
}

// TestEncode_StateWithoutAKeyIsStoredAsBefore: nodes of the version before use the same snapshots
// until the log has what they do not know.
func TestEncode_StateWithoutAKeyIsStoredAsBefore(t *testing.T) {
	w := logOf(t, FormatVersion)
	formatOf := func() (f struct {
		Format int
		KeyID  string
	}) {
		if err := json.Unmarshal(encoded(t, w.now()), &f); err != nil {
			t.Fatal(err)
		}
		return f
	}
	if f := formatOf(); f.Format != keylessFormat {
		t.Errorf("without a key the state is stored in format %d", f.Format)
	}
	if err := w.give(Envelope{Key: "cli/key", By: Operator, Unconditional: true, Command: SetInstanceKey{Key: "00112233445566aa"}}); err != nil {
		t.Fatal(err)
	}
	if f := formatOf(); f.Format != stateFormat || f.KeyID != w.now().KeyID() {
		t.Errorf("with a key it is %+v", f)
	}
	again, err := DecodeState(encoded(t, w.now()))
	if err != nil || again.KeyID() != w.now().KeyID() {
		t.Errorf("read back: %v, the key %q", err, again.KeyID())
	}
}
