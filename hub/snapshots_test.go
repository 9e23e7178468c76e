package hub_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub"
	"github.com/matchfloor/matchfloor/journal"
)

// snapshotLog records which snapshots were stored, and how large they were.
type snapshotLog struct {
	*journal.Memory
	at    []uint64
	bytes []int
	dead  bool // nothing is stored any more
	fails bool // and an error is returned
	tries int
}

func (p *snapshotLog) PutSnapshot(ctx context.Context, log journal.LogID, at journal.Position, state []byte) error {
	p.tries++
	switch {
	case p.fails:
		return journal.ErrUnavailable
	case p.dead:
		return nil
	}
	p.at, p.bytes = append(p.at, at.Seq), append(p.bytes, len(state))
	return p.Memory.PutSnapshot(ctx, log, at, state)
}

// A snapshot is stored when the records since the last one have as many bytes as it: not before
// SnapshotEvery records, and after four times as many at the latest. A node that starts after
// another was killed continues to count from the stored one.
func TestSnapshots_WriteNoMoreThanTheLog(t *testing.T) {
	for name, text := range map[string]floor.Text{
		"small records": {En: "tea"},
		"large records": {En: strings.Repeat("tea", 100), Ko: strings.Repeat("차", 300)},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := &snapshotLog{Memory: newMemory()}
				every := func(o *hub.Options) { o.SnapshotEvery = 5 }
				h := newHub(t, p.Memory, p, every)
				open(t, h)
				for i := range 45 {
					if i == 25 {
						p.dead = true // the node is killed
						if err := h.Close(); err != nil {
							t.Fatal(err)
						}
						p.dead = false
						h = newHub(t, p.Memory, p, every)
					}
					mustSubmit(t, h, demo, "moderator:lead", fmt.Sprint("n", i), floor.Announce{Text: text, Minutes: 200})
					synctest.Wait()
				}
				p.check(t)
			})
		})
	}
}

// check checks the stored snapshots against the log.
func (p *snapshotLog) check(t *testing.T) {
	page, err := p.Read(t.Context(), demo, 0, journal.MaxPage)
	if err != nil {
		t.Fatal(err)
	}
	t.Log("put at", p.at, "bytes", p.bytes)
	at, size := uint64(0), 0
	for i, put := range append(p.at, page.Head.Seq) {
		since, due := 0, false
		for seq := at + 1; seq <= put; seq++ {
			if due {
				t.Errorf("after %d the next was put at %d, not at %d", at, put, seq-1)
				break
			}
			since += len(page.Records[seq-1].Body)
			due = seq-at >= 20 || seq-at >= 5 && since >= size
		}
		if i < len(p.at) {
			if !due {
				t.Errorf("after %d, of %d bytes, the next was put at %d already", at, size, put)
			}
			at, size = put, p.bytes[i]
		}
	}
	if len(p.at) < 3 {
		t.Error("too few snapshots for this test")
	}
}

// A snapshot that could not be stored is tried again: after as few records as may lie between two,
// and at the end, even if nothing has come since.
func TestSnapshots_FailedOneIsStoredAgain(t *testing.T) {
	for name, more := range map[string]int{"at the end": 0, "after a few records": 5} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := &snapshotLog{Memory: newMemory()}
				h := newHub(t, p.Memory, p, func(o *hub.Options) { o.SnapshotEvery = 5 })
				open(t, h)
				seq := uint64(0)
				announceNth := func(what string, n int) {
					seq = mustSubmit(t, h, demo, "moderator:lead", fmt.Sprint(what, n), floor.Announce{Text: floor.Text{En: "tea"}, Minutes: 200})
					synctest.Wait()
				}
				for i := 0; p.tries < 2 && i < 40; i++ { // the first is stored, and large
					announceNth("n", i)
					p.fails = p.tries == 1
				}
				p.fails = false
				for i := range more {
					announceNth("m", i)
				}
				if more == 0 {
					if err := h.Close(); err != nil {
						t.Fatal(err)
					}
				}
				if at, _, ok, err := p.Snapshot(t.Context(), demo); err != nil || !ok || at.Seq != seq {
					t.Errorf("stored at %v, not %d: %v", at, seq, err)
				}
			})
		})
	}
}
