package hub_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
)

// hookedJournal calls a function after each append that was stored, before its caller has the
// result.
type hookedJournal struct {
	*switchedJournal
	afterAppend func([]journal.Record)
}

func (h *hookedJournal) Append(ctx context.Context, log journal.LogID, expect journal.Position, batch []journal.Record, notAfter time.Time) (journal.Result, error) {
	result, err := h.switchedJournal.Append(ctx, log, expect, batch, notAfter)
	if err == nil && result.Outcome == journal.Appended {
		h.afterAppend(batch)
	}
	return result, err
}

// A command that is refused in one batch with an accepted later one of the same sender stays
// refused, although another node was faster than the result: decided again, it would come after
// the later one.
func TestSubmit_RefusedCommandIsNotDecidedAfterALaterOne(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMemory()
		other := newHub(t, m, m)
		open(t, other)
		j := &hookedJournal{switchedJournal: &switchedJournal{Journal: m}, afterAppend: func(batch []journal.Record) {
			if strings.HasSuffix(string(batch[0].Key), "/second") {
				mustSubmit(t, other, demo, "moderator:lead", "frees", floor.MoveMeeting{Meeting: "m1", Table: "T4"})
			}
		}}
		p := dial(t, newHub(t, j, m), &oracle{mem: m}, "moderator:mod")
		j.holdAppends(true)
		p.send("gathers", announce("tea"))
		synctest.Wait()
		p.send("first", floor.MoveMeeting{Meeting: "m0", Table: "T2"})
		p.send("second", floor.MoveMeeting{Meeting: "m0", Table: "T1", Round: "R2"})
		j.holdAppends(false)
		synctest.Wait()
		_, rejected, _ := p.verdict("first")
		accepted, _, _ := p.verdict("second")
		if rejected == nil || rejected.Code != "table_taken" || accepted == nil {
			t.Errorf("the first: %+v, the second: %+v", rejected, accepted)
		}
		p.sync()
		if m := decodeCard[floor.MeetingCard](t, p.cards["meeting/m0"]); m.Place.Round != "R2" {
			t.Errorf("the meeting stands at %+v", m.Place)
		}
	})
}
