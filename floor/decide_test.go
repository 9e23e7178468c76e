package floor

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// TestDecision_NextEqualsApplyOfItsRecord also calls Next twice, and shows that neither call changes the
// state that was decided on.
func TestDecision_NextEqualsApplyOfItsRecord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.play(t)
		before := w.now()
		was := digest(t, before)
		o := Envelope{Key: "last/1", BaseSeq: before.Seq(), ReceivedAt: w.wall, By: "moderator:lead", Command: w.drawCommand(t)}
		out, refused := Decide(before, o)
		if refused != nil {
			return
		}
		if r := (Record{o.Key, KindOf(o.Command), o.By, o.ReceivedAt, out.Changes}); !reflect.DeepEqual(out.Record(), r) {
			t.Fatalf("the record is %+v, not %+v", out.Record(), r)
		}
		first, _ := out.Next()
		once := digest(t, first)
		next, affected := out.Next()
		applied, alike := before.Apply(out.Record())
		if a, b := digest(t, next), digest(t, applied); a != b || once != b || digest(t, first) != once {
			t.Fatalf("Next leads to %s and %s, Apply to %s", once, a, b)
		}
		if !reflect.DeepEqual(affected, alike) {
			t.Fatalf("Next affects\n%+v, Apply\n%+v", affected, alike)
		}
		if digest(t, before) != was {
			t.Fatal("the state that was decided on has changed")
		}
	})
}

// TestDecision_NextAfterManyChanges affects more things than are searched without a set.
func TestDecision_NextAfterManyChanges(t *testing.T) {
	s, f := benchState(t, 100)
	d := &decision{transaction: newTransaction(s, Record{Key: "last/1", Kind: "closeTable", By: "moderator:lead"})}
	for _, table := range f.Tables {
		d.emit(TableClosed{Table: table.ID, Closed: true})
	}
	d.result.tx = d.transaction
	if d.affectedSet == nil {
		t.Fatalf("%d changes are few", len(d.result.Changes))
	}
	_, want := s.Apply(d.result.Record())
	for range 2 {
		if _, affected := d.result.Next(); !reflect.DeepEqual(affected, want) {
			t.Fatalf("Next affects\n%+v, Apply\n%+v", affected, want)
		}
	}
}

// TestRoundTrips_ReportsInvalidUTF8 also shows that a valid U+FFFD passes.
func TestRoundTrips_ReportsInvalidUTF8(t *testing.T) {
	for text, want := range map[string]bool{"Zoë \ufffd <&>\u2028": true, "half a \xc3": false} {
		data, err := EncodeRecord(Record{Changes: []Change{PublicURLSet{text}}})
		if err != nil {
			t.Fatal(err)
		}
		back, err := DecodeRecord(data)
		if err != nil {
			t.Fatal(err)
		}
		if same := reflect.DeepEqual(back.Changes, []Change{PublicURLSet{text}}); same != want || RoundTrips(data) != want {
			t.Errorf("%q: decoded as encoded: %v, RoundTrips: %v", text, same, RoundTrips(data))
		}
	}
}
