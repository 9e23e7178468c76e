package floor

import (
	"fmt"
	"testing"
)

// export gives a RecordExport and returns its refusal.
func (w *world) export(key CommandKey, by ActorID, c RecordExport) *Error {
	return w.give(Envelope{Key: key, By: by, Unconditional: true, Command: c})
}

// TestExports_SurviveImportAndUndo also shows what an export says, and that moderators see nothing of it.
func TestExports_SurviveImportAndUndo(t *testing.T) {
	w := logOf(t, 0)
	people := len(littleForum().Attendees) + len(littleForum().Staff) + len(littleForum().Interpreters)
	before := w.now().View(Everyone, Moderator)
	if err := w.export("organiser-o1/a", "organiser:o1", RecordExport{What: ExportLinks, People: 7000}); err != nil {
		t.Fatal(err)
	}
	want := Export{Seq: 2, What: ExportLinks, By: "organiser:o1", Wall: w.wall, People: people}
	holds := func(after string) {
		t.Helper()
		if got := w.now().Exports(); len(got) != 1 || got[0] != want {
			t.Fatalf("%s: %+v, want %+v", after, got, want)
		}
	}
	holds("taken out")
	if after := w.now().View(Everyone, Moderator); len(after) != len(before) {
		t.Errorf("%d cards became %d", len(before), len(after))
	}
	undo := w.give(Envelope{Key: "organiser-o1/b", By: "organiser:o1", Unconditional: true, Command: Undo{"organiser-o1/a"}})
	if undo == nil || undo.Code != CodeNothingToUndo {
		t.Errorf("undone: %v", undo)
	}
	if err := w.give(Envelope{Key: "cli/again", By: Operator, Unconditional: true, Command: ImportForum{littleForum()}}); err != nil {
		t.Fatal(err)
	}
	holds("another import")
	data, err := w.now().Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := DecodeState(data)
	if err != nil || len(back.Exports()) != 1 || back.Exports()[0] != want {
		t.Errorf("stored and read again: %+v, %v", back.Exports(), err)
	}
}

func TestRecordExport_ChecksRightsAndValues(t *testing.T) {
	w := logOf(t, 0)
	for i, by := range []ActorID{"moderator:lead", "moderator:north", "runner:run", "interpreter:i1", "attendee:k1a", "display:wallA", Clock} {
		if err := w.export(CommandKey(fmt.Sprint("x/", i)), by, RecordExport{What: ExportLinks}); err == nil || err.Code != CodeForbidden {
			t.Errorf("%s: %v", by, err)
		}
	}
	for name, of := range map[string]struct {
		by ActorID
		RecordExport
	}{
		"a backup by an organiser": {"organiser:o1", RecordExport{What: ExportBackup}},
		"fewer than nobody":        {Operator, RecordExport{What: ExportBackup, People: -1}},
		"nothing":                  {Operator, RecordExport{}},
		"something else":           {Operator, RecordExport{What: "names"}},
	} {
		if err := w.export(CommandKey("y/"+name), of.by, of.RecordExport); err == nil || err.Code != CodeBadValue {
			t.Errorf("%s: %v", name, err)
		}
	}
	empty := &world{states: []State{New()}, wall: day}
	if err := empty.export("cli/x", Operator, RecordExport{What: ExportLinks}); err == nil || err.Code != CodeUnknown {
		t.Errorf("in an empty log: %v", err)
	}
	if w.now().Seq() != 1 {
		t.Errorf("the log is at %d", w.now().Seq())
	}
}

// TestExports_AreBounded also shows that no state writes into the list of an earlier one.
func TestExports_AreBounded(t *testing.T) {
	w := logOf(t, 0)
	for i := range maxExports + 20 {
		if err := w.export(CommandKey(fmt.Sprint("cli/", i)), Operator, RecordExport{What: ExportBackup, People: i}); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range w.states {
		s.Apply(Record{Key: "fork/x", By: Operator, Changes: []Change{Exported{What: ExportLinks, People: 99}}}) // a fork, which is dropped
	}
	for _, s := range w.states {
		list := s.Exports()
		if len(list) > maxExports {
			t.Fatalf("%d at %d", len(list), s.Seq())
		}
		for i, e := range list {
			if e.Seq != s.Seq()-uint64(len(list)-1-i) || e.People != int(e.Seq)-2 {
				t.Fatalf("at %d the entry %d is %+v", s.Seq(), i, e)
			}
		}
	}
}

// TestRecordExport_NeedsVersion3 exists because an older program would stop at the record.
func TestRecordExport_NeedsVersion3(t *testing.T) {
	w := logOf(t, 2)
	if err := w.export("cli/early", Operator, RecordExport{What: ExportLinks}); err == nil || err.Code != CodeNeedsUpgrade || err.Params["version"] != "3" {
		t.Errorf("on a log of version 2: %v", err)
	}
}

// TestEraseEveryone_KeepsExports: an export has no personal data.
func TestEraseEveryone_KeepsExports(t *testing.T) {
	exported := Record{By: "organiser:o1", Changes: []Change{Exported{What: ExportLinks, People: 3}}}
	if out := EraseEveryone([]Record{exported}); len(out.Changed) != 0 || out.Records[0].Changes[0] != exported.Changes[0] {
		t.Errorf("%+v", out)
	}
}
