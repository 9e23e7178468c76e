package floor

import (
	"slices"
	"testing"
)

// unreleasedFloor is the state of the little forum, imported but not released.
type unreleasedFloor struct {
	t *testing.T
	State
	n int
}

func newUnreleasedFloor(t *testing.T) *unreleasedFloor {
	d := &unreleasedFloor{t: t}
	d.must(Operator, ImportForum{littleForum()})
	return d
}

func (d *unreleasedFloor) give(o Envelope) *Error {
	d.n++
	o.ReceivedAt = clock("08:00")
	if o.Key == "" {
		o.Key = CommandKey("k/" + itoa(d.n))
	}
	out, err := Decide(d.State, o)
	if err == nil {
		d.State, _ = d.Apply(Record{Key: o.Key, Kind: KindOf(o.Command), By: o.By, Wall: o.ReceivedAt, Changes: out.Changes})
	}
	return err
}

func (d *unreleasedFloor) must(by ActorID, c Command) {
	d.t.Helper()
	if err := d.give(Envelope{By: by, BaseSeq: d.Seq(), Unconditional: by == Operator, Command: c}); err != nil {
		d.t.Fatalf("%T: %v", c, err)
	}
}

func withoutDisplay(f Forum) Forum { f.Displays = nil; return f }

func withoutMeeting(f Forum, id MeetingID) Forum {
	f.Meetings = slices.DeleteFunc(f.Meetings, func(m Meeting) bool { return m.ID == id })
	return f
}

// TestImport_KeepsLinkRotations also imports once without the person: meanwhile the link signs nobody in, and
// afterwards the rotated secret is still invalid.
func TestImport_KeepsLinkRotations(t *testing.T) {
	d := newUnreleasedFloor(t)
	d.must("organiser:o", RotateLink{"display-wallA"})
	d.must(Operator, ImportForum{withoutDisplay(littleForum())})
	if l, ok := d.Link("display-wallA"); ok {
		t.Errorf("a display that is not listed has the link %+v", l)
	}
	data, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if d.State, err = DecodeState(data); err != nil {
		t.Fatal(err)
	}
	d.must(Operator, ImportForum{littleForum()})
	if l, _ := d.Link("display-wallA"); l.Generation != 2 {
		t.Errorf("the link came back as %+v", l)
	}
}

// TestImport_PreventsUndoOfEarlierCommands: they changed another floor.
func TestImport_PreventsUndoOfEarlierCommands(t *testing.T) {
	d := newUnreleasedFloor(t)
	if err := d.give(Envelope{Key: "lead/1", By: "moderator:lead", BaseSeq: d.Seq(), Command: MoveMeeting{Meeting: "m1", Tray: true}}); err != nil {
		t.Fatal(err)
	}
	d.must(Operator, ImportForum{withoutMeeting(littleForum(), "m1")})
	err := d.give(Envelope{By: "moderator:lead", BaseSeq: d.Seq(), Command: Undo{"lead/1"}})
	if err == nil || err.Code != CodeNothingToUndo {
		t.Errorf("an undo across an import: %v", err)
	}
}

// TestImport_MakesEarlierBasesStale: a sender who has not seen the new floor cannot change it.
func TestImport_MakesEarlierBasesStale(t *testing.T) {
	d := newUnreleasedFloor(t)
	seen := d.Seq()
	d.must(Operator, ImportForum{littleForum()})
	err := d.give(Envelope{By: "moderator:lead", BaseSeq: seen, Command: CloseTable{Table: "T1"}})
	if err == nil || err.Code != CodeStale {
		t.Errorf("a command on the floor before the import: %v", err)
	}
}
