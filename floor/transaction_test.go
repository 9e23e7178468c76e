package floor

import (
	"slices"
	"testing"

	"github.com/matchfloor/matchfloor/internal/hamt"
)

// TestTransaction_ListsEachAffectedThingOnce marks more things than are searched without a set.
func TestTransaction_ListsEachAffectedThingOnce(t *testing.T) {
	d := newTransaction(New(), Record{})
	var refs []Ref
	for i := range 3 * smallRefs {
		refs = append(refs, meetingRef(MeetingID(itoa(i))))
		for _, ref := range refs {
			d.markAffected(ref)
		}
	}
	if !slices.Equal(d.affectedRefs, refs) {
		t.Errorf("%d are listed: %v", len(d.affectedRefs), d.affectedRefs)
	}
}

// TestHistory_KeepsTheLastOfStaffAndOfOthers adds commands of both in turn, and reads the state from its
// bytes on the way.
func TestHistory_KeepsTheLastOfStaffAndOfOthers(t *testing.T) {
	const most = 3
	d := &transaction{edit: new(hamt.Edit)}
	var staff, others []CommandKey
	for seq := uint64(1); seq <= 60; seq++ {
		e := historyEntry{Key: CommandKey("k/" + itoa(int(seq))), Seq: seq, By: "attendee:a"}
		if seq%7 == 0 || seq > 50 {
			e.By = "moderator:m"
			staff = append(staff, e.Key)
		} else {
			others = append(others, e.Key)
		}
		d.seq = seq
		d.remember(e)
		d.forgetOldest(&d.staffWindow, most)
		d.forgetOldest(&d.otherWindow, most)
		if seq == 30 {
			data, err := d.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if d.State, err = DecodeState(data); err != nil {
				t.Fatal(err)
			}
		}
		want := slices.Concat(staff[max(0, len(staff)-most):], others[max(0, len(others)-most):])
		held := slices.Concat(d.staffWindow.keys.List(), d.otherWindow.keys.List())
		if !slices.Equal(held, want) || d.history.Len() != len(want) {
			t.Fatalf("after %d: %v and %d commands, not %v", seq, held, d.history.Len(), want)
		}
		for _, key := range want {
			if e, ok := d.historyAt(d.history.At(key).Seq); !ok || e.Key != key {
				t.Fatalf("after %d: %s is %s, %v", seq, key, e.Key, ok)
			}
		}
	}
}
