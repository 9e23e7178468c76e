package floor

import (
	"slices"
	"testing"

	"github.com/matchfloor/matchfloor/internal/hamt"
)

// TestTouchedOnce: a thing that was touched often is noted once, however many are.
func TestTouchedOnce(t *testing.T) {
	d := newDraft(New(), Record{})
	var refs []Ref
	for i := range 3 * fewRefs {
		refs = append(refs, meetingRef(MeetingID(itoa(i))))
		for _, ref := range refs {
			d.touch(ref)
		}
	}
	if !slices.Equal(d.refs, refs) {
		t.Errorf("%d noted: %v", len(d.refs), d.refs)
	}
}

// TestWindows: of the staff's and of all others' commands the last ones are
// remembered, whatever the others do meanwhile, and also by a state that was read.
func TestWindows(t *testing.T) {
	const most = 3
	d := &draft{edit: new(hamt.Edit)}
	var staff, others []CommandKey
	for seq := uint64(1); seq <= 60; seq++ {
		e := doing{Key: CommandKey("k/" + itoa(int(seq))), Seq: seq, By: "attendee:a"}
		if seq%7 == 0 || seq > 50 {
			e.By = "moderator:m"
			staff = append(staff, e.Key)
		} else {
			others = append(others, e.Key)
		}
		d.seq = seq
		d.remember(e)
		d.forget(&d.staffAt, most)
		d.forget(&d.doneAt, most)
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
		held := slices.Concat(d.staffAt.keys.List(), d.doneAt.keys.List())
		if !slices.Equal(held, want) || d.done.Len() != len(want) {
			t.Fatalf("after %d: %v and %d commands, not %v", seq, held, d.done.Len(), want)
		}
		for _, key := range want {
			if e, ok := d.doneAtSeq(d.done.At(key).Seq); !ok || e.Key != key {
				t.Fatalf("after %d: %s is %s, %v", seq, key, e.Key, ok)
			}
		}
	}
}
