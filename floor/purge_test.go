package floor

import "testing"

// purged returns the little forum with a purge date.
func purged(at Instant) Forum {
	f := littleForum()
	f.Event.PurgeAt = at
	return f
}

// TestPurgeAt_NeedsVersion3 exists because an older program would stop at the purge date.
func TestPurgeAt_NeedsVersion3(t *testing.T) {
	at := littleForum().end() + 30*24*60*Minute
	w := logOf(t, 2)
	give := func(key CommandKey, c Command) *Error {
		return w.give(Envelope{Key: key, By: Operator, Unconditional: true, Command: c})
	}
	if err := give("cli/early", ImportForum{purged(at)}); err == nil || err.Code != CodeNeedsUpgrade || err.Params["version"] != "3" {
		t.Fatalf("on a log of version 2: %v", err)
	}
	if err := give("cli/raise", RaiseVersion{3}); err != nil {
		t.Fatal(err)
	}
	if err := give("cli/late", ImportForum{purged(at)}); err != nil || w.now().Event().PurgeAt != at {
		t.Errorf("on the raised log: %v, %d", err, w.now().Event().PurgeAt)
	}
	data, err := w.now().Encode()
	if err != nil {
		t.Fatal(err)
	}
	if back, err := DecodeState(data); err != nil || back.Event().PurgeAt != at {
		t.Errorf("stored and read again: %d, %v", back.Event().PurgeAt, err)
	}
}

// TestPurgeAt_IsNotBeforeTheEnd: nobody is to be erased while there are still meetings.
func TestPurgeAt_IsNotBeforeTheEnd(t *testing.T) {
	end := littleForum().end()
	for at, ok := range map[Instant]bool{0: true, end: true, lastInstant: true, end - 1: false, -1: false, lastInstant + 1: false} {
		if faults := CheckForum(purged(at)); (len(faults) == 0) != ok {
			t.Errorf("at %d of %d: %v", at, end, faults)
		}
	}
}
