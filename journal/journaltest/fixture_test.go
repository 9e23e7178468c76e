package journaltest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal"
)

// lateReplace is a journal whose first Replace returns ErrUnknown and is stored at the beginning
// of the second. If another is set, those records are stored instead, as by another caller.
type lateReplace struct {
	journal.Journal
	another []journal.Record
	first   func() error
}

func (j *lateReplace) Replace(ctx context.Context, log journal.LogID, expect journal.Position, records []journal.Record) (journal.Position, error) {
	if j.first == nil {
		if j.another != nil {
			records = j.another
		}
		j.first = func() error { _, err := j.Journal.Replace(ctx, log, expect, records); return err }
		return journal.Position{}, journal.ErrUnknown
	}
	if err := j.first(); err != nil {
		return journal.Position{}, err
	}
	return j.Journal.Replace(ctx, log, expect, records)
}

func TestFixture_ReplaceTellsItsLateWriteFromAnothers(t *testing.T) {
	genesis := journal.Genesis(theLog, 1)
	records := chained(genesis, numbered("restored", 3)...)
	for name, another := range map[string][]journal.Record{"its own": nil, "another's": chained(genesis, numbered("other", 3)...)} {
		t.Run(name, func(t *testing.T) {
			f := &fixture{T: t, Env: Env{Journal: &lateReplace{Journal: journal.NewMemory(time.Now), another: another}, Faulty: true}}
			head, err := f.replace(theLog, genesis, records)
			if another != nil {
				if !errors.Is(err, journal.ErrPositionMismatch) {
					t.Errorf("replace: %v, %v, want ErrPositionMismatch", head, err)
				}
				return
			}
			if err != nil {
				t.Fatalf("replace: %v", err)
			}
			f.wantLog(theLog, head, chained(journal.Genesis(theLog, 2), records...))
		})
	}
}
