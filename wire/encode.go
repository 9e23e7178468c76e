package wire

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"github.com/matchfloor/matchfloor/floor"
)

// EncodeCard returns a card's JSON: the same bytes for an equal card, on every node and
// in every version that has not changed the card's type.
func EncodeCard(card floor.Card) json.RawMessage {
	var space [512]byte // holds most cards, so that the result is the only allocation
	return bytes.Clone(AppendCard(space[:0], card))
}

// Encode returns the text of a server's frame. Cards keep their bytes, and are written in
// the byte order of their keys. Exactly one field of f must be set; otherwise Encode
// panics.
func Encode(f ServerFrame) []byte {
	switch {
	case countTrue(f.Hello != nil, f.Snapshot != nil, f.Patch != nil, f.Pong != nil,
		f.Live != nil, f.Accepted != nil, f.Rejected != nil, f.Error != nil) != 1:
		panic("wire: set exactly one field of a frame")
	case f.Snapshot != nil:
		frame, _ := EncodeFullView(*f.Snapshot)
		return frame
	case f.Patch != nil:
		return encodePatch(*f.Patch)
	}
	return mustMarshal(&f)
}

// EncodeClient returns the text of a client's frame. Exactly one field of f must be set;
// otherwise EncodeClient panics.
func EncodeClient(f ClientFrame) []byte {
	if countTrue(f.Hello != nil, f.Ping != nil, f.Ack != nil, f.Command != nil) != 1 {
		panic("wire: set exactly one field of a frame")
	}
	if f.Command != nil {
		return wrapObject("command", EncodeCommand(*f.Command))
	}
	return mustMarshal(&f)
}

// EncodeFullView returns the text of a snapshot's frame. body is the part of it that
// EncodeSnapshot returns; it shares memory with frame.
func EncodeFullView(s Snapshot) (frame, body []byte) {
	const head = `{"snapshot":`
	frame = append(make([]byte, 0, frameOverhead+s.Cards.encodedSize()), head...)
	frame = append(appendSnapshot(frame, s), '}')
	return frame, frame[len(head) : len(frame)-1 : len(frame)-1]
}

// EncodeSnapshot returns a snapshot without the frame around it: the body of
// GET …/snapshot.
func EncodeSnapshot(s Snapshot) []byte {
	return appendSnapshot(make([]byte, 0, frameOverhead+s.Cards.encodedSize()), s)
}

// frameOverhead is the approximate size of a frame without its cards, in bytes.
const frameOverhead = 240

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
	text := NewPatchWriter(make([]byte, 0, frameOverhead+p.Set.encodedSize()), p.From, p.To)
	for _, key := range slices.Sorted(maps.Keys(p.Set)) {
		text.beginCard(key)
		text.frame = append(text.frame, p.Set[key]...)
	}
	return text.End(p.Drop)
}

// encodedSize returns the approximate size of the encoded cards, in bytes.
func (c Cards) encodedSize() (n int) {
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

func countTrue(set ...bool) (n int) {
	for _, s := range set {
		if s {
			n++
		}
	}
	return n
}
