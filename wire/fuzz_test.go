package wire_test

import (
	"testing"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// FuzzDecodeCommand decodes the body of a POST. A decoded command must survive a round
// trip. A refusal must have a code, no body, and an id only if that is valid.
func FuzzDecodeCommand(f *testing.F) {
	for _, g := range golden[goldenFrame](f, "commands.json") {
		f.Add([]byte(g.Command))
	}
	for _, r := range golden[refused](f, "refused.json") {
		f.Add(r.bytes(f))
	}
	for _, kind := range floor.CommandKinds() {
		f.Add([]byte(`{"id":"c1","base":9007199254740991,"after":["c0"],"until":1,"` + string(kind) + `":{}}`))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, p := wire.DecodeCommand(text)
		if p != nil {
			if p.Code == "" || c.Body != nil || c.ID != "" && !floor.ValidID(c.ID) {
				t.Fatalf("%+v with %v", c, p)
			}
			return
		}
		once := wire.EncodeCommand(c)
		again, p := wire.DecodeCommand(once)
		if p != nil {
			t.Fatalf("%q was decoded, but its encoding %s is refused: %v", text, once, p)
		}
		if twice := wire.EncodeCommand(again); string(once) != string(twice) || wire.PayloadDigest(c.Body) != wire.PayloadDigest(again.Body) {
			t.Fatalf("%s\n%s", once, twice)
		}
	})
}

// FuzzDecodeServer decodes the frame of a server, which must fail or keep the bytes of
// the cards.
func FuzzDecodeServer(f *testing.F) {
	for _, g := range golden[goldenFrame](f, "from_server.json") {
		f.Add([]byte(g.Frame))
	}
	f.Add([]byte(`{"snapshot":{"at":{"epoch":1,"seq":1,"hash":"00"},"cards":{"":null}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		frame, err := wire.DecodeServer(text)
		if err != nil || frame.Snapshot == nil {
			return
		}
		again, err := wire.DecodeSnapshot(wire.EncodeSnapshot(*frame.Snapshot))
		if err != nil || again.At != frame.Snapshot.At || len(again.Cards) != len(frame.Snapshot.Cards) {
			t.Fatalf("%q: %+v, %v", text, again, err)
		}
		for key, card := range frame.Snapshot.Cards {
			if string(again.Cards[key]) != string(card) {
				t.Fatalf("%s: %q became %q", key, card, again.Cards[key])
			}
		}
	})
}
