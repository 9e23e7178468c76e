package floor

import (
	"bytes"
	"testing"
)

// FuzzDecodeRecord decodes any bytes: the result is an error, or a record whose encoding decodes to an equal
// record.
func FuzzDecodeRecord(f *testing.F) {
	for _, c := range []Change{
		ScheduleReleased{1}, MeetingMoved{Meeting: "m1", From: Place{"R1", "T1"}, To: Place{"R2", "T2"}}, CommandUndone{"a-b/c"},
		ClockSet{EventClock{1, 2, 3}}, TableClosed{Table: "T1", Closed: true}, SideMarked{"m1", Host, Expected, Present},
	} {
		text, err := EncodeRecord(Record{Key: "moderator-s1/x", Kind: "moveMeeting", By: "moderator:s1", Wall: 1, Changes: []Change{c}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
		f.Add(bytes.Replace(text, []byte(`"kind"`), []byte(`"Kind"`), 1))
	}
	for _, text := range []string{``, `null`, `{}`, `[]`, `{"changes":[{"kind":"x","body":{}}]}`, `{"changes":[{"kind":"meetingMoved","body":null}]}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := DecodeRecord(text)
		if err != nil {
			return
		}
		once, err := EncodeRecord(r)
		if err != nil {
			t.Fatal(err)
		}
		again, err := DecodeRecord(once)
		if err != nil {
			t.Fatalf("%q is decoded, but its own encoding %s is not: %v", text, once, err)
		}
		if twice, err := EncodeRecord(again); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%s\n%s, %v", once, twice, err)
		}
	})
}
