package node

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/journal"
)

// timedLines holds what one goroutine writes, each line with the time since began.
type timedLines struct {
	began time.Time
	lines []string
}

func (l *timedLines) Write(line []byte) (int, error) {
	l.lines = append(l.lines, fmt.Sprintf("%v %s", time.Since(l.began), line))
	return len(line), nil
}

// A start says within 2 s what it waits for, also where the journal does not answer at all. It
// says each reason once.
func TestReportStart_ReportsWithinTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		printed := &timedLines{began: time.Now()}
		calls := 0
		store := &Store{Probe: func(ctx context.Context) ([]journal.Finding, error) {
			switch calls++; calls {
			case 1, 2: // it hangs
				<-ctx.Done()
				return nil, &journal.Finding{Code: "no_answer", Text: "it does not answer"}
			case 3:
				return nil, &journal.Finding{Code: "password", Text: "the password is wrong"}
			}
			return []journal.Finding{{Code: "late", Text: "it syncs late"}}, nil
		}}
		stop := ReportStart(t.Context(), store, slog.New(slog.NewTextHandler(printed, nil)))
		time.Sleep(time.Minute)
		stop()
		want := []struct{ at, line string }{
			{"1.5s ", `level=WARN msg="waiting for the journal: it does not answer" code=no_answer`},
			{"5s ", `level=WARN msg="waiting for the journal: the password is wrong" code=password`},
			{"6s ", `level=INFO msg="the journal can be used now"`},
			{"6s ", `level=WARN msg="it syncs late" code=late`},
		}
		if len(printed.lines) != len(want) {
			t.Fatalf("%q, want %q", printed.lines, want)
		}
		for i, w := range want {
			if line := printed.lines[i]; !strings.HasPrefix(line, w.at) || !strings.Contains(line, w.line) {
				t.Errorf("%s, want %s…%s", line, w.at, w.line)
			}
		}
	})
}
