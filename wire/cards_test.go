package wire_test

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
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

// cardOptions are those of the JSON encoder that cards were first encoded with. Its bytes are the
// protocol's.
var cardOptions = jsonv2.JoinOptions(
	jsonv2.Deterministic(true), jsonv1.OmitEmptyWithLegacySemantics(true), jsontext.AllowInvalidUTF8(true),
)

// encoderBytes returns what the JSON encoder makes of a card.
func encoderBytes(t interface{ Fatal(...any) }, card floor.Card) string {
	text, err := jsonv2.Marshal(card, cardOptions)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
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

func TestAppendCard_EqualsJSONEncoder(t *testing.T) {
	for _, kind := range cards {
		t.Run(reflect.TypeOf(kind).Name(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				v := reflect.New(reflect.TypeOf(kind)).Elem()
				draw(t, v)
				card := v.Interface()
				want := encoderBytes(t, card)
				if got := string(wire.AppendCard([]byte("x"), card)); got != "x"+want {
					t.Fatalf("AppendCard(%#v) is\n%s\nwant\nx%s", card, got, want)
				}
				if got := string(wire.EncodeCard(card)); got != want {
					t.Fatalf("EncodeCard(%#v) is\n%s\nwant\n%s", card, got, want)
				}
			})
		})
	}
}

// TestAppendCard_TypeOfAnotherPackage: a card is any type, and the JSON encoder knows all.
func TestAppendCard_TypeOfAnotherPackage(t *testing.T) {
	card := struct {
		Name floor.Text `json:"name"`
	}{floor.Text{En: "Zone"}}
	if got, want := string(wire.AppendCard(nil, card)), `{"name":{"en":"Zone"}}`; got != want {
		t.Errorf("AppendCard is %s, want %s", got, want)
	}
}

// TestCards_AreThoseThatAreGenerated: a card that floor gets later is generated, and has to be in the
// list above so that it is compared.
func TestCards_AreThoseThatAreGenerated(t *testing.T) {
	source, err := os.ReadFile("cards_gen.go")
	if err != nil {
		t.Fatal(err)
	}
	var generated, listed []string
	for _, match := range regexp.MustCompile(`(?m)^\tcase floor\.(\w+):$`).FindAllStringSubmatch(string(source), -1) {
		generated = append(generated, match[1])
	}
	for _, card := range cards {
		listed = append(listed, reflect.TypeOf(card).Name())
	}
	slices.Sort(listed)
	if !slices.Equal(listed, generated) {
		t.Errorf("the cards listed in this test are\n%v\nwant\n%v", listed, generated)
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
