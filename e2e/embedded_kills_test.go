package e2e_test

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/archive"
	"github.com/matchfloor/matchfloor/journal/sqlitejournal"
)

// An embedded server is killed under load: nothing acknowledged is lost, nothing is applied
// twice, and every screen ends at the state of the log.
func TestEmbeddedServer_KilledUnderLoadLosesNothing(t *testing.T) {
	killEmbedded(t, 8, 600*time.Millisecond)
}

func TestTortureEmbeddedServer_KilledUnderLoadLosesNothing(t *testing.T) {
	torture(t)
	killEmbedded(t, 500, 900*time.Millisecond)
}

// killEmbedded kills the server a number of times, with random pauses of at most apart, and
// verifies the whole store each time.
func killEmbedded(t *testing.T, kills int, apart time.Duration) {
	v := embeddedVenue(t)
	balancer := newClientBalancer(v.addrs()...)
	balancer.jitter = func() float64 { return rand.Float64() / 10 } // with longer pauses clients would miss most of the restarts
	s := startLoad(v, balancer, 100, onlookers(t, 6)...)
	rng := s.faultRand
	began, head := time.Now(), uint64(0)
	for range kills {
		s.waitForCommander()
		sleep(t.Context(), randomBelow(rng, apart))
		v.nodes[0].kill()
		head = v.verifyStore(head)
		if rng.IntN(8) == 0 { // once more, while it starts
			v.nodes[0].launch()
			sleep(t.Context(), randomBelow(rng, 150*time.Millisecond))
			v.nodes[0].kill()
			head = v.verifyStore(head)
			v.killed++
		}
		v.killed++
		v.nodes[0].start()
	}
	took := time.Since(began)
	s.finish()
	t.Logf("the embedded server was killed %d times in %v, its store intact each time; connections broke %d times",
		v.killed, took.Round(time.Second), s.balancer.disconnects.all.Load())
	for _, g := range s.commanders {
		longest := slices.MaxFunc(g.sent, func(a, b sentCommand) int { return cmp.Compare(a.took, b.took) })
		t.Logf("%s sent %d commands and waited at most %v for a result", g.name, len(g.sent), longest.took.Round(time.Millisecond))
	}
}

// waitForCommander waits until at least one commander is connected again.
func (s *loadRun) waitForCommander() {
	s.t.Helper()
	eventually(s.t, time.Minute, "a commander to be connected", func() error {
		for _, g := range s.commanders {
			if g.Online() {
				return nil
			}
		}
		return errors.New("none is")
	})
}

// embeddedVenue returns a venue of one server whose SQLite file no other process keeps open:
// after a kill it must recover by itself.
func embeddedVenue(t *testing.T, flags ...string) *venue {
	t.Helper()
	dir := t.TempDir()
	v := &venue{t: t, storeFlags: append([]string{"--data", dir}, flags...), journal: reopenedJournal{dir: dir}}
	v.nodes = []*node{startNode(t, v.storeFlags...)}
	return v
}

// dir is the data directory of an embedded venue.
func (v *venue) dir() string { return v.storeFlags[1] }

// reopenedJournal is a journal that is opened for each read.
type reopenedJournal struct {
	journal.Journal // none: the test only reads
	dir             string
}

func (v reopenedJournal) Read(ctx context.Context, log journal.LogID, after uint64, limit int) (journal.Page, error) {
	j, err := sqlitejournal.Open(v.dir)
	if err != nil {
		return journal.Page{}, err
	}
	page, err := j.Read(ctx, log, after, limit)
	return page, errors.Join(err, j.Close())
}

// verifyStore verifies a copy of the store of a killed server, record by record. It returns
// the event's head, which must not be below before.
func (v *venue) verifyStore(before uint64) uint64 {
	v.t.Helper()
	copied := v.copyStore()
	defer os.RemoveAll(copied)
	j, err := sqlitejournal.Open(copied)
	if err != nil {
		v.t.Fatalf("after kill %d: %v", v.killed+1, err)
	}
	defer j.Close()
	var head uint64
	for _, log := range []journal.LogID{journal.InstanceLog, eventID} {
		l, err := archive.ReadLog(v.t.Context(), j, log)
		if err != nil {
			v.t.Fatalf("after kill %d: %v", v.killed+1, err)
		}
		head = l.Head().Seq
	}
	if head < before {
		v.t.Fatalf("after kill %d the log stands at %d, after the one before it stood at %d", v.killed+1, head, before)
	}
	return head
}

// copyStore copies the store of a server that is not running.
func (v *venue) copyStore() string {
	v.t.Helper()
	to, err := os.MkdirTemp(v.t.TempDir(), "copy")
	if err != nil {
		v.t.Fatal(err)
	}
	for _, name := range []string{sqlitejournal.FileName, sqlitejournal.FileName + "-wal", sqlitejournal.MarkerName} {
		content, err := os.ReadFile(filepath.Join(v.dir(), name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), content, 0o600)
		}
		if err != nil {
			v.t.Fatal(err)
		}
	}
	return to
}
