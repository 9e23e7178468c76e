package wire_test

import (
	"testing"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/matchfloor/matchfloor/demo"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/internal/compare"
	"github.com/matchfloor/matchfloor/wire"
)

// changedCards returns the cards that the last of the commands changes, on the sample forum.
func changedCards(b *testing.B, commands ...floor.Command) (cards []floor.Card) {
	forum, err := demo.Forum()
	if err != nil {
		b.Fatal(err)
	}
	state, affected := floor.New(), floor.Affected{}
	commands = append([]floor.Command{floor.ImportForum{Forum: forum}, floor.ReleaseSchedule{}}, commands...)
	for i, c := range commands {
		out, refused := floor.Decide(state, floor.Envelope{
			Key: floor.CommandKey("organiser-o/" + string(rune('a'+i))), By: "organiser:o", Unconditional: true, Command: c,
			ReceivedAt: forum.Rounds[0].Plan.Start,
		})
		if refused != nil {
			b.Fatal(refused)
		}
		state, affected = out.Next()
	}
	for _, ref := range affected.Keys {
		if card, ok := state.Card(ref.Subject, ref.Key); ok {
			cards = append(cards, card)
		}
	}
	return cards
}

// BenchmarkAppendCard compares the generated code with the JSON encoder, on the cards that a move of
// a meeting and the start of a round change.
func BenchmarkAppendCard(b *testing.B) {
	forum, err := demo.Forum()
	if err != nil {
		b.Fatal(err)
	}
	round := floor.SlotRef{Round: forum.Rounds[0].ID}
	moved := forum.Meetings[0]
	for name, cards := range map[string][]floor.Card{
		"move":        changedCards(b, floor.MoveMeeting{Meeting: moved.ID, Table: forum.Tables[len(forum.Tables)-1].ID}),
		"round start": changedCards(b, floor.CallSlot{SlotRef: round}, floor.StartSlot{SlotRef: round}),
	} {
		b.Run(name, func(b *testing.B) {
			var buffer []byte
			compare.Run(b, func() {
				buffer = buffer[:0]
				for _, card := range cards {
					buffer = wire.AppendCard(buffer, card)
				}
			}, func() {
				buffer = buffer[:0]
				for _, card := range cards {
					text, err := jsonv2.Marshal(card, cardOptions)
					if err != nil {
						b.Fatal(err)
					}
					buffer = append(buffer, text...)
				}
			})
			b.ReportMetric(float64(len(cards)), "cards")
			b.ReportMetric(float64(len(buffer)), "bytes")
		})
	}
}

func BenchmarkEncodeCard(b *testing.B) {
	card := floor.AttendeeCard{Company: "k1", Name: floor.Text{Ko: "김철수", En: "Kim Cheol-su"}, Title: "CEO"}
	compare.Run(b, func() { wire.EncodeCard(card) }, func() {
		if _, err := jsonv2.Marshal(card, cardOptions); err != nil {
			b.Fatal(err)
		}
	})
}
