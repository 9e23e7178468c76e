package wire

import (
	"encoding/hex"
	"strconv"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
)

// AppendCard appends what EncodeCard answers. The cards that a move of a meeting
// draws are written field by field: each move draws dozens of them, and looking at
// their types anew took longer than to write them. All others are written as
// everything is. A test holds both to the same bytes.
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
		return appendSent(b, c)
	case floor.HistoryCard:
		return appendDone(b, c)
	case floor.SeatCard:
		return appendSeat(b, c)
	}
	return append(b, mustMarshal(card)...)
}

// PatchWriter is a patch's frame while it is written.
type PatchWriter struct {
	text  []byte
	cards bool // some have been set
}

// NewPatchWriter begins the frame of a patch, at the end of b; the text is the caller's
// again when it is ended. It is what Encode makes of the same Patch.
func NewPatchWriter(b []byte, from uint64, to journal.Position) PatchWriter {
	b = strconv.AppendUint(append(b, `{"patch":{"from":`...), from, 10)
	return PatchWriter{text: appendPosition(append(b, `,"to":`...), to)}
}

// Set writes a card. Cards must be set in the order of their keys.
func (p *PatchWriter) Set(key floor.CardKey, card floor.Card) {
	p.name(key)
	p.text = AppendCard(p.text, card)
}

// name begins a card.
func (p *PatchWriter) name(key floor.CardKey) {
	before := ","
	if !p.cards {
		before = `,"set":{`
	}
	p.cards = true
	p.text = append(appendQuote(append(p.text, before...), string(key)), ':')
}

// End writes the sorted keys that are dropped, and answers the frame.
func (p *PatchWriter) End(drop []floor.CardKey) []byte {
	b := p.text
	if p.cards {
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
	b = field(b, "side", c.Side)
	b = appendText(append(b, `,"partner":`...), c.Partner)
	b = field(b, "country", c.Country)
	b = append(b, `,"people":[`...)
	for i, r := range c.People {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(append(b, `{"name":`...), r.Name)
		b = append(unlessZero(b, "title", r.Title), '}')
	}
	b = unlessZero(append(b, ']'), "pair", c.Pair)
	if c.Interpreter != (floor.Text{}) {
		b = appendText(append(b, `,"interpreter":`...), c.Interpreter)
	}
	b = field(b, "mine", c.Mine)
	b = field(b, "theirs", c.Theirs)
	return append(flag(b, "cancelled", c.Cancelled), '}')
}

func appendOwnNotice(b []byte, c floor.OwnNoticeCard) []byte {
	b = field(append(b, '{'), "kind", c.Kind)
	b = unlessZero(b, "round", c.Round)
	b = unlessZero(b, "meeting", c.Meeting)
	if c.From != (floor.PlaceCard{}) {
		b = appendPlaceCard(append(b, `,"from":`...), c.From)
	}
	if c.To != (floor.PlaceCard{}) {
		b = appendPlaceCard(append(b, `,"to":`...), c.To)
	}
	b = number(b, "at", c.At)
	b = flag(b, "last", c.Last)
	return append(flag(b, "undo", c.Undo), '}')
}

func appendMeeting(b []byte, c floor.MeetingCard) []byte {
	b = appendPlace(append(b, `{"place":`...), c.Place)
	b = appendParty(append(b, `,"host":`...), c.Host)
	b = appendParty(append(b, `,"guest":`...), c.Guest)
	b = unlessZero(b, "pair", c.Pair)
	b = unlessZero(b, "interpreter", c.Interpreter)
	b = flag(b, "locked", c.Locked)
	b = flag(b, "cancelled", c.Cancelled)
	return append(unlessZero(b, "reason", c.Reason), '}')
}

func appendNotice(b []byte, c floor.NoticeCard) []byte {
	b = field(append(b, '{'), "kind", c.Kind)
	b = unlessZero(b, "round", c.Round)
	b = unlessZero(b, "meeting", c.Meeting)
	if c.From != (floor.Place{}) {
		b = appendPlace(append(b, `,"from":`...), c.From)
	}
	if c.To != (floor.Place{}) {
		b = appendPlace(append(b, `,"to":`...), c.To)
	}
	b = number(b, "at", c.At)
	b = flag(b, "last", c.Last)
	b = number(b, "for", c.For)
	return append(number(b, "seen", c.Seen), '}')
}

func appendUnseen(b []byte, c floor.UnseenCard) []byte {
	b = field(append(b, '{'), "notice", c.Notice)
	b = field(b, "who", c.Who)
	return append(unlessZero(b, "toldBy", c.ToldBy), '}')
}

func appendSent(b []byte, c floor.DeliveryCard) []byte {
	b = number(append(b, '{'), "count", c.Count)
	if len(c.Who) > 0 {
		b = appendList(append(b, `,"who":`...), c.Who)
	}
	return append(b, '}')
}

func appendDone(b []byte, c floor.HistoryCard) []byte {
	b = field(append(b, '{'), "command", c.Command)
	b = field(b, "kind", c.Kind)
	b = field(b, "by", c.By)
	b = number(b, "at", c.At)
	b = appendList(append(b, `,"of":`...), c.Of)
	b = strconv.AppendBool(append(b, `,"undo":`...), c.Undo)
	return append(b, '}')
}

func appendSeat(b []byte, c floor.SeatCard) []byte {
	b = field(append(b, '{'), "round", c.Round)
	b = field(b, "table", c.Table)
	b = field(b, "label", c.Label)
	b = appendText(append(b, `,"host":`...), c.Host)
	b = appendText(append(b, `,"guest":`...), c.Guest)
	b = flag(b, "interpreted", c.Interpreted)
	if c.MovedAt != 0 {
		b = number(b, "movedAt", c.MovedAt)
	}
	return append(flag(b, "cancelled", c.Cancelled), '}')
}

func appendPlaceCard(b []byte, p floor.PlaceCard) []byte {
	b = unlessZero(append(b, '{'), "round", p.Round)
	b = unlessZero(b, "table", p.Table)
	b = unlessZero(b, "label", p.Label)
	return append(unlessZero(b, "zone", p.Zone), '}')
}

func appendPlace(b []byte, p floor.Place) []byte {
	b = unlessZero(append(b, '{'), "round", p.Round)
	return append(unlessZero(b, "table", p.Table), '}')
}

func appendParty(b []byte, p floor.Party) []byte {
	b = field(append(b, '{'), "company", p.Company)
	b = appendList(append(b, `,"people":`...), p.People)
	b = field(b, "presence", p.Presence)
	return append(flag(b, "graceEnd", p.GraceEnd), '}')
}

func appendPosition(b []byte, p journal.Position) []byte {
	b = strconv.AppendUint(append(b, `{"epoch":`...), p.Epoch, 10)
	b = strconv.AppendUint(append(b, `,"seq":`...), p.Seq, 10)
	b = hex.AppendEncode(append(b, `,"hash":"`...), p.Hash[:])
	return append(b, `"}`...)
}

func appendText(b []byte, t floor.Text) []byte {
	b = unlessZero(append(b, '{'), "ko", t.Ko)
	b = unlessZero(b, "zh", t.Zh)
	return append(unlessZero(b, "en", t.En), '}')
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

// field, unlessZero, number and flag write a field of an object that was begun,
// behind those before it; flag and unlessZero leave out what is zero.
func field[S ~string](b []byte, name string, value S) []byte {
	return appendQuote(appendName(b, name), string(value))
}

func unlessZero[S ~string](b []byte, name string, value S) []byte {
	if value == "" {
		return b
	}
	return field(b, name, value)
}

func number[N ~int | ~int64](b []byte, name string, value N) []byte {
	return strconv.AppendInt(appendName(b, name), int64(value), 10)
}

func flag(b []byte, name string, value bool) []byte {
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
