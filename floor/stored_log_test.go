package floor

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// The logs in testdata/stored were written by the program of 30 November 2026, before types,
// functions and fields were renamed. A log is one record a line, as a journal holds it; next to it
// stand the states that the program stored in the middle and at the end. They are not made again
// when the program changes: they show that it still reads what it wrote. Should they be lost, the test
// below writes them with MATCHFLOOR_WRITE_STORED=1; it overwrites no file.

// storedVersion is the FormatVersion of that program.
const storedVersion = 3

// TestStoredLogs_AreWrittenOnce shows how the logs came about: transcripts are played on one floor,
// one after the other. It does nothing without that variable.
func TestStoredLogs_AreWrittenOnce(t *testing.T) {
	if os.Getenv("MATCHFLOOR_WRITE_STORED") != "1" {
		return
	}
	for name, records := range map[string][]Record{
		"event": eventRecords(t, "swap_and_undo", "receipts", "collisions", "interpreters", "lost", "marks_and_calls", "moves", "rights", "rounds"),
		"tray":  eventRecords(t, "without_interpreter"), "instance": instanceRecords(t),
	} {
		var log bytes.Buffer
		state := New()
		for i, r := range records {
			body, err := EncodeRecord(r)
			if err != nil {
				t.Fatal(err)
			}
			log.Write(append(body, '\n'))
			if state, _ = state.Apply(r); i == len(records)/2 {
				writeOnce(t, name+".middle.json", encoded(t, state))
			}
		}
		writeOnce(t, name+".jsonl", log.Bytes())
		writeOnce(t, name+".end.json", encoded(t, state))
	}
}

func writeOnce(t *testing.T, name string, data []byte) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join("testdata/stored", name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(data); err != nil {
		t.Fatal(err)
	}
}

func encoded(t *testing.T, s State) []byte {
	t.Helper()
	data, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// eventRecords plays transcripts, given by name, on one floor and returns what its log holds.
func eventRecords(t *testing.T, names ...string) []Record {
	t.Helper()
	w := &recorder{t: t, state: New()}
	w.give(Operator, clock("08:00"), ImportForum{littleForum()})
	w.give(Operator, clock("08:00"), ReleaseSchedule{})
	files := transcripts(t)
	for _, name := range names {
		i := slices.IndexFunc(files, func(f transcript) bool { return f.name == name })
		s := &script{t: t, state: w.state, n: w.n, shown: map[Subject]View{}, decided: w.keep}
		s.play(files[i].text)
		w.state, w.n = s.state, s.n
	}
	w.give("organiser:o1", clock("17:00"), SetClock{Event: clock("13:00"), Rate: 2})
	w.give("organiser:o1", clock("17:01"), RecordExport{What: ExportLinks})
	return w.records
}

// instanceRecords is the log of an instance with an organiser, an event and an export.
func instanceRecords(t *testing.T) []Record {
	t.Helper()
	w := &recorder{t: t, state: New()}
	at := clock("08:00")
	w.give(Operator, at, AddOrganiser{"o1", "Han Jiwoo"})
	w.give(Operator, at, RegisterEvent{"little", Text{En: "Little forum"}})
	w.give(Operator, at, SetPublicURL{"https://floor.example.org"})
	w.give(Operator, at, RecordExport{What: ExportBackup, People: 17})
	w.give("organiser:o1", at, RotateLink{"organiser-o1"})
	return w.records
}

// recorder decides orders and keeps the records.
type recorder struct {
	t       *testing.T
	state   State
	n       int
	records []Record
}

func (w *recorder) keep(r Record) { w.records = append(w.records, r) }

func (w *recorder) give(by ActorID, at Instant, c Command) {
	w.t.Helper()
	w.n++
	o := Envelope{Key: CommandKey(fmt.Sprintf("stored/%d", w.n)), By: by, Unconditional: true, ReceivedAt: at, Command: c}
	out, refused := Decide(w.state, o)
	if refused != nil {
		w.t.Fatalf("%s: %v", KindOf(c), refused)
	}
	w.keep(out.Record())
	w.state, _ = out.Next()
}

// TestStoredLogs_AreReadAsTheyWereWritten reads every record and state that an earlier build
// wrote, folds them, and encodes them again to the same bytes.
func TestStoredLogs_AreReadAsTheyWereWritten(t *testing.T) {
	kinds := map[ChangeKind]bool{}
	for name, digest := range map[string]string{"event": "f7fadce1663ff2b4a2e8688c8ea87e565a3ed31651d12f3cf464d9c8767b8440", "tray": "5c70a7a950bd13fa7e3e964e35e6e431cea1f505d0356acdd4e3fbe4012cf1e8", "instance": "3d92eb46c8d86402c61a78f889cf5aa655b93d1bd04f58681bc2f15b7491d24f"} {
		middle, end := storedFile(t, name+".middle.json"), storedFile(t, name+".end.json")
		started, err := DecodeState(middle)
		if err != nil {
			t.Fatal(err)
		}
		state := New()
		for line := range bytes.Lines(storedFile(t, name+".jsonl")) {
			r := reread(t, bytes.TrimSuffix(line, []byte("\n")))
			for _, c := range r.Changes {
				kinds[changeKind(c)] = true
			}
			if state, _ = state.Apply(r); state.Seq() > started.Seq() {
				started, _ = started.Apply(r)
			} else if state.Seq() == started.Seq() && !bytes.Equal(encoded(t, state), middle) {
				t.Errorf("%s: the fold at %d is not the stored state", name, state.Seq())
			}
		}
		last, err := DecodeState(end)
		if err != nil {
			t.Fatal(err)
		}
		for which, s := range map[string]State{"the fold": state, "a stored state with the records after it": started, "the stored state": last} {
			if got := encoded(t, s); !bytes.Equal(got, end) {
				t.Errorf("%s: %s at %d is encoded to other bytes than were stored", name, which, s.Seq())
			}
		}
		if got, err := state.Digest(); err != nil || got != digest {
			t.Errorf("%s: the digest is %s, was %s, %v", name, got, digest, err)
		}
	}
	for kind := range changeTypes {
		if versionOf(kind) <= storedVersion && !kinds[kind] {
			t.Errorf("no stored record has a change of the kind %s", kind)
		}
	}
}

func storedFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata/stored", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// reread decodes a stored record and holds its encoding to the bytes that were stored.
func reread(t *testing.T, body []byte) Record {
	t.Helper()
	r, err := DecodeRecord(body)
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	if got, err := EncodeRecord(r); err != nil || !bytes.Equal(got, body) {
		t.Fatalf("a stored record is encoded to other bytes, %v:\n%s\n%s", err, got, body)
	}
	return r
}
