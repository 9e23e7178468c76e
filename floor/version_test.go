package floor

import (
	"errors"
	"testing"
)

// TestKindVersions_AreOfKnownKinds also checks that the versions exist.
func TestKindVersions_AreOfKnownKinds(t *testing.T) {
	for kind, version := range kindVersions {
		if _, ok := changeTypes[kind]; !ok {
			t.Errorf("no change is called %s", kind)
		}
		if version < 2 || version > FormatVersion {
			t.Errorf("%s is of version %d; versions go up to %d", kind, version, FormatVersion)
		}
	}
}

// logOf returns a log that began at a version, with the little forum imported.
func logOf(t *testing.T, version int) *world {
	t.Helper()
	w := &world{states: []State{New()}, wall: day}
	o := Envelope{Key: "cli/import", By: Operator, Unconditional: true, Version: version, Command: ImportForum{littleForum()}}
	if err := w.give(o); err != nil {
		t.Fatal(err)
	}
	return w
}

func TestDecide_LaterKindsNeedTheirVersion(t *testing.T) {
	lose := func(key CommandKey) Envelope {
		return Envelope{Key: key, By: Clock, Unconditional: true, Command: ReportLost{LostCommand{Command: "moderator-lead/x", Kind: "call", By: "moderator:lead", Wall: day}}}
	}
	w := logOf(t, 1)
	if err := w.give(lose("clock/lost-1")); err == nil || err.Code != CodeNeedsUpgrade || err.Params["version"] != "2" {
		t.Fatalf("on a log of version 1: %v", err)
	}
	raise := func(to int) *Error {
		return w.give(Envelope{Key: "cli/raise", By: Operator, Unconditional: true, Command: RaiseVersion{to}})
	}
	if err := raise(FormatVersion + 1); err == nil || err.Code != CodeBadValue {
		t.Errorf("to a version that this program does not know: %v", err)
	}
	if err := raise(1); err == nil || err.Code != CodeNothingChanges {
		t.Errorf("to the same version: %v", err)
	}
	if err := raise(2); err != nil || w.now().Version() != 2 {
		t.Fatalf("raised: %v, at %d", err, w.now().Version())
	}
	if err := w.give(lose("clock/lost-1")); err != nil {
		t.Errorf("on the raised log: %v", err)
	}
	again := Envelope{Key: "cli/again", By: Operator, Unconditional: true, Version: 1, Command: ImportForum{littleForum()}}
	if err := w.give(again); err != nil || w.now().Version() != 2 || w.now().lost.Len() != 1 {
		t.Errorf("another import: %v, then version %d and %d lost", err, w.now().Version(), w.now().lost.Len())
	}
}

// TestLog_BeginsAtAVersion: at this program's version, or at the one that its first command names.
func TestLog_BeginsAtAVersion(t *testing.T) {
	for given, want := range map[int]int{0: FormatVersion, 1: 1, 2: 2, FormatVersion + 7: FormatVersion} {
		if got := logOf(t, given).now().Version(); got != want {
			t.Errorf("given %d it begins at %d, want %d", given, got, want)
		}
	}
}

// TestDecode_StopsAtLaterRecords: what a later version added is never dropped silently.
func TestDecode_StopsAtLaterRecords(t *testing.T) {
	for name, record := range map[string]string{
		"a kind":                   `{"key":"k/1","kind":"call","by":"a:b","wall":1,"changes":[{"kind":"teaServed","body":{}}]}`,
		"a field of a change":      `{"key":"k/1","kind":"call","by":"a:b","wall":1,"changes":[{"kind":"linkRotated","body":{"link":"x","why":"y"}}]}`,
		"a field deeper down":      `{"key":"k/1","kind":"call","by":"a:b","wall":1,"changes":[{"kind":"clockSet","body":{"clock":{"wall":1,"leap":2}}}]}`,
		"a field of the record":    `{"key":"k/1","kind":"call","by":"a:b","wall":1,"node":"n1","changes":[]}`,
		"a field next to a change": `{"key":"k/1","kind":"call","by":"a:b","wall":1,"changes":[{"kind":"linkRotated","body":{},"since":3}]}`,
	} {
		var unknown *UnknownChangeError
		if _, err := DecodeRecord([]byte(record)); !errors.As(err, &unknown) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := DecodeState([]byte(`{"format":999,"seq":1}`)); !errors.Is(err, ErrStateFormat) {
		t.Errorf("a state of another version: %v", err)
	}
}
