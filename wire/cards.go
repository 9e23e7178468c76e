package wire

import (
	"encoding/hex"
	"strconv"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
)

// AppendCard appends a card's JSON, the same bytes as EncodeCard returns. The cards
// that a move of a meeting changes are written field by field: each move changes
// dozens of them, and reflection took longer than writing them. All others are
// written by the encoder of EncodeCard. A test compares the bytes of both ways.
func AppendCard(b []byte, card floor.Card) []byte {
	switch c := card.(type) {
	case floor.OwnMeetingCard:
		return appendOwnMeeting(b, c)
	case floor.OwnNoticeCard:
		return appendOwnNotice(b, c)
	case floor.MeetingCard:
		return appendMeeting(b, c)
	case floor.NoticeCard:
		return appendNotice(b, c)
	case floor.UnseenCard:
		return appendUnseen(b, c)
	case floor.DeliveryCard:
		return appendDelivery(b, c)
	case floor.HistoryCard:
		return appendHistory(b, c)
	case floor.SeatCard:
		return appendSeat(b, c)
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

func appendOwnMeeting(b []byte, c floor.OwnMeetingCard) []byte {
	b = appendPlaceCard(append(b, `{"place":`...), c.Place)
	b = stringField(b, "side", c.Side)
	b = appendText(append(b, `,"partner":`...), c.Partner)
	b = stringField(b, "country", c.Country)
	b = append(b, `,"people":[`...)
	for i, r := range c.People {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(append(b, `{"name":`...), r.Name)
		b = append(optionalField(b, "title", r.Title), '}')
	}
	b = optionalField(append(b, ']'), "pair", c.Pair)
	if c.Interpreter != (floor.Text{}) {
		b = appendText(append(b, `,"interpreter":`...), c.Interpreter)
	}
	b = stringField(b, "mine", c.Mine)
	b = stringField(b, "theirs", c.Theirs)
	return append(flagField(b, "cancelled", c.Cancelled), '}')
}

func appendOwnNotice(b []byte, c floor.OwnNoticeCard) []byte {
	b = stringField(append(b, '{'), "kind", c.Kind)
	b = optionalField(b, "round", c.Round)
	b = optionalField(b, "meeting", c.Meeting)
	if c.From != (floor.PlaceCard{}) {
		b = appendPlaceCard(append(b, `,"from":`...), c.From)
	}
	if c.To != (floor.PlaceCard{}) {
		b = appendPlaceCard(append(b, `,"to":`...), c.To)
	}
	b = numberField(b, "at", c.At)
	b = flagField(b, "last", c.Last)
	return append(flagField(b, "undo", c.Undo), '}')
}

func appendMeeting(b []byte, c floor.MeetingCard) []byte {
	b = appendPlace(append(b, `{"place":`...), c.Place)
	b = appendParty(append(b, `,"host":`...), c.Host)
	b = appendParty(append(b, `,"guest":`...), c.Guest)
	b = optionalField(b, "pair", c.Pair)
	b = optionalField(b, "interpreter", c.Interpreter)
	b = flagField(b, "locked", c.Locked)
	b = flagField(b, "cancelled", c.Cancelled)
	return append(optionalField(b, "reason", c.Reason), '}')
}

func appendNotice(b []byte, c floor.NoticeCard) []byte {
	b = stringField(append(b, '{'), "kind", c.Kind)
	b = optionalField(b, "round", c.Round)
	b = optionalField(b, "meeting", c.Meeting)
	if c.From != (floor.Place{}) {
		b = appendPlace(append(b, `,"from":`...), c.From)
	}
	if c.To != (floor.Place{}) {
		b = appendPlace(append(b, `,"to":`...), c.To)
	}
	b = numberField(b, "at", c.At)
	b = flagField(b, "last", c.Last)
	b = numberField(b, "for", c.For)
	return append(numberField(b, "seen", c.Seen), '}')
}

func appendUnseen(b []byte, c floor.UnseenCard) []byte {
	b = stringField(append(b, '{'), "notice", c.Notice)
	b = stringField(b, "who", c.Who)
	return append(optionalField(b, "toldBy", c.ToldBy), '}')
}

func appendDelivery(b []byte, c floor.DeliveryCard) []byte {
	b = numberField(append(b, '{'), "count", c.Count)
	if len(c.Who) > 0 {
		b = appendList(append(b, `,"who":`...), c.Who)
	}
	return append(b, '}')
}

func appendHistory(b []byte, c floor.HistoryCard) []byte {
	b = stringField(append(b, '{'), "command", c.Command)
	b = stringField(b, "kind", c.Kind)
	b = stringField(b, "by", c.By)
	b = numberField(b, "at", c.At)
	b = appendList(append(b, `,"of":`...), c.Of)
	b = strconv.AppendBool(append(b, `,"undo":`...), c.Undo)
	return append(b, '}')
}

func appendSeat(b []byte, c floor.SeatCard) []byte {
	b = stringField(append(b, '{'), "round", c.Round)
	b = stringField(b, "table", c.Table)
	b = stringField(b, "label", c.Label)
	b = appendText(append(b, `,"host":`...), c.Host)
	b = appendText(append(b, `,"guest":`...), c.Guest)
	b = flagField(b, "interpreted", c.Interpreted)
	if c.MovedAt != 0 {
		b = numberField(b, "movedAt", c.MovedAt)
	}
	return append(flagField(b, "cancelled", c.Cancelled), '}')
}

func appendPlaceCard(b []byte, p floor.PlaceCard) []byte {
	b = optionalField(append(b, '{'), "round", p.Round)
	b = optionalField(b, "table", p.Table)
	b = optionalField(b, "label", p.Label)
	return append(optionalField(b, "zone", p.Zone), '}')
}

func appendPlace(b []byte, p floor.Place) []byte {
	b = optionalField(append(b, '{'), "round", p.Round)
	return append(optionalField(b, "table", p.Table), '}')
}

func appendParty(b []byte, p floor.Party) []byte {
	b = stringField(append(b, '{'), "company", p.Company)
	b = appendList(append(b, `,"people":`...), p.People)
	b = stringField(b, "presence", p.Presence)
	return append(flagField(b, "graceEnd", p.GraceEnd), '}')
}

func appendPosition(b []byte, p journal.Position) []byte {
	b = strconv.AppendUint(append(b, `{"epoch":`...), p.Epoch, 10)
	b = strconv.AppendUint(append(b, `,"seq":`...), p.Seq, 10)
	b = hex.AppendEncode(append(b, `,"hash":"`...), p.Hash[:])
	return append(b, `"}`...)
}

func appendText(b []byte, t floor.Text) []byte {
	b = optionalField(append(b, '{'), "ko", t.Ko)
	b = optionalField(b, "zh", t.Zh)
	return append(optionalField(b, "en", t.En), '}')
}

func appendList[S ~string](b []byte, list []S) []byte {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendQuote(b, string(s))
	}
	return append(b, ']')
}

// stringField, optionalField, numberField and flagField append a field to an object that
// has begun. optionalField and flagField append nothing for the zero value.
func stringField[S ~string](b []byte, name string, value S) []byte {
	return appendQuote(appendName(b, name), string(value))
}

func optionalField[S ~string](b []byte, name string, value S) []byte {
	if value == "" {
		return b
	}
	return stringField(b, name, value)
}

func numberField[N ~int | ~int64](b []byte, name string, value N) []byte {
	return strconv.AppendInt(appendName(b, name), int64(value), 10)
}

func flagField(b []byte, name string, value bool) []byte {
	if !value {
		return b
	}
	return append(appendName(b, name), "true"...)
}

func appendName(b []byte, name string) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	return append(append(append(b, '"'), name...), `":`...)
}
