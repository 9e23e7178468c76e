package wire

import (
	"encoding/json"
	"maps"
	"slices"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"github.com/matchfloor/matchfloor/floor"
)

// encoding is how everything on the wire is written: equal values give equal
// bytes on every node, nothing is escaped for HTML, and "omitempty" also leaves
// out false and 0. Invalid UTF-8 cannot come in, so it cannot make this fail.
var encoding = jsonv2.JoinOptions(
	jsonv2.Deterministic(true),
	jsonv1.OmitEmptyWithLegacySemantics(true),
	jsontext.AllowInvalidUTF8(true),
)

// mustMarshal writes one of the wire's or floor's own types. These hold nothing
// that JSON has no form for, so an error is a mistake in the program.
func mustMarshal(value any) []byte {
	b, err := jsonv2.Marshal(value, encoding)
	if err != nil {
		panic("wire: a type without a JSON form: " + err.Error())
	}
	return b
}

// EncodeCard answers a card's JSON: the same bytes for an equal card, on every
// node and in every version that has not changed the card's type.
func EncodeCard(card floor.Card) json.RawMessage { return mustMarshal(card) }

// Encode answers a server's frame as the text to send. Cards go out byte for byte
// as they are held, in the order of their keys. Exactly one field of f must be
// set; otherwise Encode panics.
func Encode(f ServerFrame) []byte {
	switch {
	case count(f.Hello != nil, f.Snapshot != nil, f.Patch != nil, f.Pong != nil,
		f.Live != nil, f.Accepted != nil, f.Rejected != nil, f.Error != nil) != 1:
		panic("wire: a frame has exactly one kind")
	case f.Snapshot != nil:
		frame, _ := EncodeFullView(*f.Snapshot)
		return frame
	case f.Patch != nil:
		return encodePatch(*f.Patch)
	}
	return mustMarshal(&f)
}

// EncodeClient answers a client's frame as the text to send. Exactly one field of
// f must be set; otherwise EncodeClient panics.
func EncodeClient(f ClientFrame) []byte {
	if count(f.Hello != nil, f.Ping != nil, f.Ack != nil, f.Command != nil) != 1 {
		panic("wire: a frame has exactly one kind")
	}
	if f.Command != nil {
		return wrap("command", EncodeCommand(*f.Command))
	}
	return mustMarshal(&f)
}

// EncodeFullView answers a snapshot's frame and, within it, the snapshot alone: what
// EncodeSnapshot answers.
func EncodeFullView(s Snapshot) (frame, body []byte) {
	const head = `{"snapshot":`
	frame = append(make([]byte, 0, roomFor+s.Cards.size()), head...)
	frame = append(appendSnapshot(frame, s), '}')
	return frame, frame[len(head) : len(frame)-1 : len(frame)-1]
}

// EncodeSnapshot answers a snapshot without the frame around it: the body of
// GET …/snapshot.
func EncodeSnapshot(s Snapshot) []byte {
	return appendSnapshot(make([]byte, 0, roomFor+s.Cards.size()), s)
}

// roomFor is about how many bytes a frame takes beside its cards.
const roomFor = 240

func appendSnapshot(b []byte, s Snapshot) []byte {
	b = append(append(b, `{"at":`...), mustMarshal(&s.At)...)
	if s.Get != "" {
		b = appendQuote(append(b, `,"get":`...), s.Get)
	} else {
		b = s.Cards.append(append(b, `,"cards":`...))
	}
	return append(b, '}')
}

func encodePatch(p Patch) []byte {
	text := NewPatchWriter(make([]byte, 0, roomFor+p.Set.size()), p.From, p.To)
	for _, key := range slices.Sorted(maps.Keys(p.Set)) {
		text.name(key)
		text.text = append(text.text, p.Set[key]...)
	}
	return text.End(p.Drop)
}

// size answers about how many bytes the cards take.
func (c Cards) size() (n int) {
	for key, card := range c {
		n += len(key) + len(card) + len(`"":,`)
	}
	return n
}

// append writes the cards as one object in the order of their keys.
func (c Cards) append(b []byte) []byte {
	b = append(b, '{')
	for i, key := range slices.Sorted(maps.Keys(c)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(appendQuote(b, string(key)), ':'), c[key]...)
	}
	return append(b, '}')
}

func appendQuote(b []byte, s string) []byte {
	// The error tells of invalid UTF-8, which is replaced all the same.
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

func wrap(kind string, body []byte) []byte {
	b := make([]byte, 0, len(kind)+len(body)+len(`{"":}`))
	b = append(append(append(b, `{"`...), kind...), `":`...)
	return append(append(b, body...), '}')
}

func count(set ...bool) (n int) {
	for _, s := range set {
		if s {
			n++
		}
	}
	return n
}
