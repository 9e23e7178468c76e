package wire

import (
	"encoding/hex"
	"strconv"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
)

//go:generate go run ./internal/cardgen

// AppendCard appends a card's JSON. The code for the cards of package floor is
// generated, because a move of a meeting changes dozens of cards, and reflection takes
// longer than writing them; docs/decisions/5-generated-card-encoders.md has the
// figures. A test compares the bytes with those of the JSON encoder, which encodes
// every other type.
func AppendCard(b []byte, card floor.Card) []byte {
	if text, ok := appendFloorCard(b, card); ok {
		return text
	}
	return append(b, mustMarshal(card)...)
}

// PatchWriter writes the frame of a patch, card by card: NewPatchWriter, then Set
// for each card, then End.
type PatchWriter struct {
	frame    []byte
	hasCards bool // at least one was set
}

// NewPatchWriter appends the beginning of a patch's frame to b. The caller must not
// use b until End has returned the whole frame, whose bytes equal those of Encode for
// the same Patch.
func NewPatchWriter(b []byte, from uint64, to journal.Position) PatchWriter {
	b = strconv.AppendUint(append(b, `{"patch":{"from":`...), from, 10)
	return PatchWriter{frame: appendPosition(append(b, `,"to":`...), to)}
}

// Set writes a card. The caller must set the cards in the byte order of their keys.
func (p *PatchWriter) Set(key floor.CardKey, card floor.Card) {
	p.beginCard(key)
	p.frame = AppendCard(p.frame, card)
}

// beginCard writes a card's key.
func (p *PatchWriter) beginCard(key floor.CardKey) {
	before := ","
	if !p.hasCards {
		before = `,"set":{`
	}
	p.hasCards = true
	p.frame = append(appendQuote(append(p.frame, before...), string(key)), ':')
}

// End writes the dropped keys, which must be sorted, and returns the frame.
func (p *PatchWriter) End(drop []floor.CardKey) []byte {
	b := p.frame
	if p.hasCards {
		b = append(b, '}')
	}
	for i, key := range drop {
		open := `,"drop":[`
		if i > 0 {
			open = ","
		}
		b = appendQuote(append(b, open...), string(key))
	}
	if len(drop) > 0 {
		b = append(b, ']')
	}
	return append(b, "}}"...)
}

func appendPosition(b []byte, p journal.Position) []byte {
	b = strconv.AppendUint(append(b, `{"epoch":`...), p.Epoch, 10)
	b = strconv.AppendUint(append(b, `,"seq":`...), p.Seq, 10)
	b = hex.AppendEncode(append(b, `,"hash":"`...), p.Hash[:])
	return append(b, `"}`...)
}

// appendStrings and appendList append a list. A nil list is an empty one.
func appendStrings[S ~string](b []byte, list []S) []byte {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendQuote(b, string(s))
	}
	return append(b, ']')
}

func appendList[T any](b []byte, list []T, appendOne func([]byte, T) []byte) []byte {
	b = append(b, '[')
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendOne(b, v)
	}
	return append(b, ']')
}

// appendName appends the name of a field to an object that has begun.
func appendName(b []byte, name string) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	return append(append(append(b, '"'), name...), `":`...)
}
