package journal_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/journaltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemory_KeepsTheContract(t *testing.T) {
	journaltest.Run(t, func(*testing.T) journaltest.Env {
		m := journal.NewMemory(time.Now)
		return journaltest.Env{
			Journal:   m,
			Snapshots: m,
			Other:     m,
			Flip: func(log journal.LogID, seq uint64, field journaltest.Field) {
				m.Flip(log, seq, string(field))
			},
		}
	})
}
