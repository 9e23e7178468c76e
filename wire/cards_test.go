package wire_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// cards holds a card of each kind.
var cards = []floor.Card{
	floor.EventCard{}, floor.RoundCard{}, floor.ItemCard{}, floor.ZoneCard{}, floor.AnnouncementCard{}, floor.AttendeeSelfCard{},
	floor.OwnMeetingCard{}, floor.OwnRequestCard{}, floor.OwnNoticeCard{}, floor.InterpreterSelfCard{}, floor.AssignmentCard{}, floor.OfferCard{},
	floor.CompanyCard{}, floor.AttendeeCard{}, floor.InterpreterCard{}, floor.StaffCard{}, floor.DisplayCard{}, floor.TableCard{},
	floor.MeetingCard{}, floor.RequestCard{}, floor.NoticeCard{}, floor.UnseenCard{}, floor.DeliveryCard{}, floor.HistoryCard{}, floor.LostCard{},
	floor.SeatCard{}, floor.BoardCard{}, floor.ClockCard{},
}

// odd are strings with characters that JSON or HTML escapes.
var odd = []string{"", "", "a", "R1", "김철수", "Zoë \"Z\" <b>&amp;", "\\", "\n\t\x00\x1f\x7f", "\u2028\u2029", "\xff\xc0half", "😀"}

// draw fills a value at random: a field may be zero, and a list nil, empty or filled.
func draw(t *rapid.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for _, field := range v.Fields() {
			draw(t, field)
		}
	case reflect.Slice:
		if n := rapid.IntRange(-1, 3).Draw(t, "length"); n >= 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		for i := range v.Len() {
			draw(t, v.Index(i))
		}
	case reflect.String:
		v.SetString(rapid.OneOf(rapid.SampledFrom(odd), rapid.String()).Draw(t, "text"))
	case reflect.Int, reflect.Int64:
		v.SetInt(rapid.OneOf(rapid.SampledFrom([]int64{0, 0, -1, 1 << 53}), rapid.Int64()).Draw(t, "number"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "flag"))
	default:
		t.Fatalf("a card holds a %v", v.Type())
	}
}

func TestAppendCard_EqualsEncodeCard(t *testing.T) {
	for _, kind := range cards {
		t.Run(reflect.TypeOf(kind).Name(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				v := reflect.New(reflect.TypeOf(kind)).Elem()
				draw(t, v)
				card := v.Interface()
				if got, want := string(wire.AppendCard([]byte("x"), card)), "x"+string(wire.EncodeCard(card)); got != want {
					t.Fatalf("AppendCard(%#v) is\n%s\nwant\n%s", card, got, want)
				}
			})
		})
	}
}

func TestPatchWriter_EqualsEncode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := wire.Patch{From: rapid.Uint64().Draw(t, "from"), To: journal.Genesis("log", rapid.Uint64().Draw(t, "epoch")), Set: wire.Cards{}}
		text := wire.NewPatchWriter(nil, p.From, p.To)
		for _, key := range []floor.CardKey{"board/z1:\"T\"", "me/a", "zone/b"} {
			switch rapid.IntRange(0, 2).Draw(t, "what") {
			case 0:
				card := floor.ZoneCard{Name: floor.Text{En: rapid.String().Draw(t, "name")}}
				text.Set(key, card)
				p.Set[key] = wire.EncodeCard(card)
			case 1:
				p.Drop = append(p.Drop, key)
			}
		}
		got, want := string(text.End(p.Drop)), string(wire.Encode(wire.ServerFrame{Patch: &p}))
		at, err := json.Marshal(p.To)
		if err != nil {
			t.Fatal(err)
		}
		if got != want || !json.Valid([]byte(got)) || !strings.Contains(got, string(at)) {
			t.Fatalf("PatchWriter wrote\n%s\nwant\n%s", got, want)
		}
	})
}
