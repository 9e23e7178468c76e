package e2e_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal/sqlitejournal"
	"github.com/matchfloor/matchfloor/wire"
)

// A command's deadline passes while the journal hangs with the command's append on its way:
// Redis is stopped, or another process holds SQLite's file. The command is refused for good,
// and not applied when the journal goes on.
func TestUntil_PassesWhileTheJournalHangs(t *testing.T) {
	for name, open := range topologies {
		for _, hang := range []time.Duration{1500 * time.Millisecond, 4 * time.Second} {
			t.Run(name+" "+hang.String(), func(t *testing.T) {
				v := open(t)
				lead := v.importAndRelease(v.nodes[0].url())
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				late := wire.Command{ID: client.NewID(), Until: lead.Wall() + 500, Body: floor.Announce{Text: floor.Text{En: "late"}, Minutes: 60}}
				goOn := v.hangJournal()
				result := make(chan error, 1)
				go func() {
					_, err := lead.Do(ctx, late)
					result <- err
				}()
				sleep(t.Context(), hang)
				goOn()
				v.wantRefusal(<-result, floor.CodeTooLate)
				lead.mustSubmit(floor.Announce{Text: floor.Text{En: "next"}, Minutes: 60})
				v.logState()
				for i, r := range v.records {
					if strings.HasSuffix(string(r.Key), "/"+late.ID) {
						t.Errorf("record %d of %v applies the command after its deadline %v", i+1, r.Wall, late.Until)
					}
				}
				v.checkConverged()
			})
		}
	}
}

// hangJournal makes the journal execute nothing until the function that it returns is called.
func (v *venue) hangJournal() (goOn func()) {
	v.t.Helper()
	if v.redis != nil {
		v.redis.Pause()
		return v.redis.Resume
	}
	db, err := sql.Open("sqlite", filepath.Join(v.storeFlags[1], sqlitejournal.FileName))
	if err != nil {
		v.t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	v.t.Cleanup(func() { db.Close() })
	exec := func(query string) {
		if _, err := db.Exec(query); err != nil {
			v.t.Fatal(err)
		}
	}
	exec("PRAGMA busy_timeout = 5000")
	exec("BEGIN IMMEDIATE")
	return func() { exec("ROLLBACK") }
}
