package hub_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
)

// hooked calls a function after each append that was stored, before its author
// learns of it.
type hooked struct {
	*deaf
	stored func([]journal.Record)
}

func (h *hooked) Append(ctx context.Context, log journal.LogID, expect journal.Position, batch []journal.Record) (journal.Result, error) {
	result, err := h.deaf.Append(ctx, log, expect, batch)
	if err == nil && result.Outcome == journal.Appended {
		h.stored(batch)
	}
	return result, err
}

// A command that is refused beside an accepted later one of the same sender stays
// refused, although another node was faster than the answer: decided once more, it
// would come behind the later one.
func TestRefusedStaysBeforeWhatFollowed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		other := newHub(t, m, m)
		open(t, other)
		j := &hooked{deaf: &deaf{Journal: m}, stored: func(batch []journal.Record) {
			if strings.HasSuffix(string(batch[0].Key), "/second") {
				give(t, other, demo, "moderator:lead", "frees", floor.MoveMeeting{Meeting: "m1", Table: "T4"})
			}
		}}
		p := dial(t, newHub(t, j, m), &oracle{mem: m}, "moderator:mod")
		j.hold(true)
		p.do("gathers", announce("tea"))
		synctest.Wait()
		p.do("first", floor.MoveMeeting{Meeting: "m0", Table: "T2"})
		p.do("second", floor.MoveMeeting{Meeting: "m0", Table: "T1", Round: "R2"})
		j.hold(false)
		synctest.Wait()
		_, rejected, _ := p.answer("first")
		accepted, _, _ := p.answer("second")
		if rejected == nil || rejected.Code != "table_taken" || accepted == nil {
			t.Errorf("the first: %+v, the second: %+v", rejected, accepted)
		}
		p.level()
		if m := decodeCard[floor.MeetingCard](t, p.cards["meeting/m0"]); m.Place.Round != "R2" {
			t.Errorf("the meeting stands at %+v", m.Place)
		}
	})
}
