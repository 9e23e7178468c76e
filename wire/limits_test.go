package wire_test

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

func TestDecode_RefusesOneMoreThanEachLimit(t *testing.T) {
	reason := func(n int) string {
		return `{"id":"c1","cancelMeeting":{"meeting":"m1","reason":"` + strings.Repeat("가", n) + `"}}`
	}
	list := func(n int) string { return strings.TrimSuffix(strings.Repeat(`"x",`, n), ",") }
	tests := []struct {
		name string
		text func(n int) string
		last int // the largest n that is accepted
		code wire.Code
	}{
		{"id", func(n int) string { return `{"id":"` + strings.Repeat("x", n) + `","release":{}}` }, floor.MaxID, wire.CodeBadBody},
		{"id of", func(n int) string {
			return `{"id":"c1","checkIn":{"attendee":"` + strings.Repeat("x", n) + `"}}`
		}, floor.MaxID, wire.CodeBadValue},
		{"link", func(n int) string {
			return `{"id":"c1","rotateLink":{"link":"interpreter-` + strings.Repeat("x", n) + `"}}`
		}, floor.MaxID, wire.CodeBadValue},
		{"reason", reason, wire.MaxReason, wire.CodeBadValue},
		{"after", func(n int) string { return `{"id":"c1","after":[` + list(n) + `],"release":{}}` }, wire.MaxAfter, wire.CodeBadValue},
		{"notices", func(n int) string { return `{"id":"c1","seen":{"notices":[` + list(n) + `]}}` }, wire.MaxNotices, wire.CodeBadValue},
		{"sentence", func(n int) string {
			return `{"id":"c1","announce":{"text":{"zh":"` + strings.Repeat("班", n) + `"}}}`
		}, wire.MaxSentence, wire.CodeBadValue},
		{"size", func(n int) string {
			text := `{"id":"c1","release":{}}`
			return text + strings.Repeat(" ", n-len(text))
		}, wire.MaxCommand, wire.CodeTooLarge},
	}
	for _, test := range tests {
		if _, p := wire.DecodeCommand([]byte(test.text(test.last))); p != nil {
			t.Errorf("%s of %d: %v", test.name, test.last, p)
		}
		if _, p := wire.DecodeCommand([]byte(test.text(test.last + 1))); p == nil || p.Code != test.code {
			t.Errorf("%s of %d: %v, want %s", test.name, test.last+1, p, test.code)
		}
	}
}

func TestDecodeClient_BoundsFramesAndCommands(t *testing.T) {
	frame := func(n int) []byte {
		text := `{"ack":{"seq":1}}`
		return []byte(text + strings.Repeat(" ", n-len(text)))
	}
	if _, p := wire.DecodeClient(frame(wire.MaxFrame)); p != nil {
		t.Error(p)
	}
	if _, p := wire.DecodeClient(frame(wire.MaxFrame + 1)); p == nil || p.Code != wire.CodeTooLarge {
		t.Errorf("%v, not %s", p, wire.CodeTooLarge)
	}
	// The limit of a command in a frame is that of a POST.
	large := `{"command":{"id":"c1","release":{` + strings.Repeat(" ", wire.MaxCommand) + `}}}`
	if f, p := wire.DecodeClient([]byte(large)); p == nil || p.Code != wire.CodeTooLarge || f.Command == nil {
		t.Errorf("%v, not %s", p, wire.CodeTooLarge)
	}
}

func TestDecodeClient_HelloOfAnotherVersionIsNoProblem(t *testing.T) {
	f, p := wire.DecodeClient([]byte(`{"hello":{"v":2,"token":"x","have":[1,2,3]}}`))
	if p != nil || f.Hello == nil || f.Hello.Version != 2 {
		t.Errorf("%+v, %v", f.Hello, p)
	}
}

func TestDecodeCommand_SyntaxErrorsAreBadBody(t *testing.T) {
	for text, why := range map[string]string{
		``:                                     wire.WhySyntax,
		`[]`:                                   wire.WhyType,
		`null`:                                 wire.WhyType,
		`{"release":{}}`:                       wire.WhyType,
		`{"id":"c1","id":"c2"}`:                wire.WhyDuplicate,
		`{"id":"c1"}`:                          wire.WhyKinds,
		`{"command":{"id":"c1","release":{}}}`: wire.WhyType,
		strings.Repeat("[", 17) + strings.Repeat("]", 17): wire.WhyDepth,
	} {
		if _, p := wire.DecodeCommand([]byte(text)); p == nil || p.Code != wire.CodeBadBody || p.Params["why"] != why {
			t.Errorf("%s: %v, not %s", text, p, why)
		}
	}
}

func TestPayloadDigest_IgnoresFormAndEnvelope(t *testing.T) {
	digest := func(text string) any {
		c, p := wire.DecodeCommand([]byte(text))
		if p != nil {
			t.Fatal(p)
		}
		return wire.PayloadDigest(c.Body)
	}
	first := digest(`{"id":"c1","base":4,"moveMeeting":{"meeting":"m1","table":"T1"}}`)
	for _, same := range []string{
		`{ "id": "c1", "base": 4, "moveMeeting": { "table": "T1", "meeting": "m1" } }`,
		`{"id":"c1","moveMeeting":{"meeting":"m1","table":"T1","tray":false}}`,
		`{"id":"c9","base":5,"until":1,"after":["c0"],"moveMeeting":{"meeting":"m1","table":"\u0054\u0031"}}`,
	} {
		if digest(same) != first {
			t.Errorf("the digest differs for %s", same)
		}
	}
	for _, other := range []string{
		`{"id":"c1","moveMeeting":{"meeting":"m1","table":"T2"}}`,
		`{"id":"c1","moveMeeting":{"meeting":"m1","table":"T1","override":true}}`,
		`{"id":"c1","swapMeetings":{"a":"m1","b":"T1"}}`,
	} {
		if digest(other) == first {
			t.Errorf("the digest is the same for %s", other)
		}
	}
}

func TestEncodeCard_EscapesNothingForHTML(t *testing.T) {
	card := floor.OwnMeetingCard{Partner: floor.Text{Zh: "<江苏> & 绿源\u2028"}, Side: floor.Host}
	want := `{"place":{},"side":"host","partner":{"zh":"<江苏> & 绿源` + "\u2028" +
		`"},"country":"","people":[],"mine":"","theirs":""}`
	if got := string(wire.EncodeCard(card)); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if got := string(wire.EncodeCard(&card)); got != want {
		t.Errorf("by pointer: %s", got)
	}
}

func TestDecodeServer_IgnoresWhatItDoesNotKnow(t *testing.T) {
	f, err := wire.DecodeServer([]byte(`{"pong":{"n":7,"now":1,"clock":{"wall":1,"event":1,"rate":1,"leap":0},"mood":"good"}}`))
	if err != nil || f.Pong == nil || f.Pong.N != 7 {
		t.Errorf("%+v, %v", f.Pong, err)
	}
	if f, err = wire.DecodeServer([]byte(`{"weather":{"rain":true}}`)); err != nil || f != (wire.ServerFrame{}) {
		t.Errorf("%+v, %v", f, err)
	}
	for _, text := range []string{``, `{`, `[]`, `{"pong":{"n":1,"n":2}}`, "{\"pong\":{\"n\":1}}\xff"} {
		if _, err := wire.DecodeServer([]byte(text)); err == nil {
			t.Errorf("%q was decoded as a frame", text)
		}
	}
}

// Digests are computed over the bytes that were sent.
func TestDecodeSnapshot_KeepsTheBytesOfCards(t *testing.T) {
	odd := `{"b" : "\u0041",  "a":1.0}`
	s, err := wire.DecodeSnapshot([]byte(`{"at":{"epoch":1,"seq":1,"hash":"` + strings.Repeat("0", 64) + `"},"cards":{"x/1":` + odd + `}}`))
	if err != nil || string(s.Cards["x/1"]) != odd {
		t.Errorf("%s, %v", s.Cards["x/1"], err)
	}
	if again := wire.EncodeSnapshot(s); !strings.Contains(string(again), odd) {
		t.Errorf("%s", again)
	}
}

func TestSubjectsHash_IgnoresOrder(t *testing.T) {
	a := wire.SubjectsHash([]floor.Subject{"everyone", "attendee:k1"})
	b := wire.SubjectsHash([]floor.Subject{"attendee:k1", "everyone"})
	c := wire.SubjectsHash([]floor.Subject{"attendee:k1", "everyone", "everyone"})
	if a != b || a == c || len(a) != 16 {
		t.Error(a, b, c)
	}
}

func TestCodes_AreDistinct(t *testing.T) {
	seen := map[wire.Code]bool{}
	for _, c := range wire.Codes() {
		if seen[c] || c == "" {
			t.Errorf("the code %q occurs twice or is empty", c)
		}
		seen[c] = true
	}
}

func TestProblem_ErrorAndRetry(t *testing.T) {
	refused := &floor.Error{Code: floor.CodeStale, Params: map[string]string{"of": "meeting/m1", "by": "moderator:s2"}}
	p := wire.ProblemOf(refused)
	if got := p.Error(); got != "stale by=moderator:s2 of=meeting/m1" {
		t.Error(got)
	}
	if wire.Retry(p.Code) || !wire.Retry(wire.CodeUnavailable) || !wire.Retry(wire.CodeDraining) {
		t.Error("Retry reports the wrong codes")
	}
	// A problem repeats what the client sent, but not at any length.
	_, p2 := wire.DecodeCommand([]byte(`{"id":"c1","` + strings.Repeat("가", 100) + `":{}}`))
	if p2 == nil || len(p2.Params["command"]) > 80 || !utf8.ValidString(p2.Params["command"]) {
		t.Errorf("%v", p2)
	}
}

func TestEncode_PanicsUnlessOneFieldIsSet(t *testing.T) {
	panics := func(encode func()) {
		defer func() {
			if recover() == nil {
				t.Error("a frame without exactly one field was encoded")
			}
		}()
		encode()
	}
	panics(func() { wire.Encode(wire.ServerFrame{}) })
	panics(func() { wire.Encode(wire.ServerFrame{Patch: &wire.Patch{}, Live: &wire.StatusFrame{}}) })
	panics(func() { wire.EncodeClient(wire.ClientFrame{}) })
}

func FuzzDecodeClient(f *testing.F) {
	for _, g := range golden[goldenFrame](f, "from_client.json") {
		f.Add([]byte(g.Frame))
	}
	for _, g := range golden[goldenFrame](f, "commands.json") {
		f.Add([]byte(`{"command":` + string(g.Command) + `}`))
	}
	for _, r := range golden[refused](f, "refused.json") {
		f.Add(r.bytes(f))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		frame, p := wire.DecodeClient(text)
		if p != nil {
			if p.Code == "" || frame.Command != nil && (frame.Command.Body != nil || !floor.ValidID(frame.Command.ID)) {
				t.Fatalf("%+v with %v", frame.Command, p)
			}
			return
		}
		if frame.Hello != nil && frame.Hello.Version != wire.Version {
			return
		}
		once := wire.EncodeClient(frame)
		again, p := wire.DecodeClient(once)
		if p != nil {
			t.Fatalf("%s was decoded, but its encoding %s is refused: %v", text, once, p)
		}
		if twice := wire.EncodeClient(again); string(once) != string(twice) {
			t.Fatalf("%s\n%s", once, twice)
		}
	})
}

// An ack with a leading space is decoded in the general way.
func TestDecodeClient_CompactAckEqualsTheGeneralWay(t *testing.T) {
	for _, seq := range []string{
		"0", "1", "7", "41", "01", "00", "-1", "1.0", "1e3", "", " 1", "1 ", "9007199254740991", "9007199254740992",
		"99999999999999999999", "18446744073709551617", "null", `"1"`, "1}", "1,\"seq\":2", "1x", ":1",
	} {
		short := `{"ack":{"seq":` + seq + `}}`
		got, problem := wire.DecodeClient([]byte(short))
		want, otherwise := wire.DecodeClient([]byte(" " + short))
		if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(problem, otherwise) {
			t.Errorf("%s: %+v %+v; with a leading space %+v %+v", short, got.Ack, problem, want.Ack, otherwise)
		}
	}
}
