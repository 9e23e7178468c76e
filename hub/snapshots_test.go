package hub_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"matchfloor/floor"
	"matchfloor/hub"
	"matchfloor/journal"
)

// putLog notes which snapshots were put, and how large they were.
type putLog struct {
	*journal.Memory
	at    []uint64
	bytes []int
	dead  bool // nothing is stored any more
}

func (p *putLog) PutSnapshot(ctx context.Context, log journal.LogID, at journal.Position, state []byte) error {
	if p.dead {
		return nil
	}
	p.at, p.bytes = append(p.at, at.Seq), append(p.bytes, len(state))
	return p.Memory.PutSnapshot(ctx, log, at, state)
}

// A snapshot is put when the records since the last hold as many bytes as it had:
// not before SnapEvery records, and with four times as many at the latest. A node
// that starts after another was killed counts on from what is stored.
func TestSnapshotsWriteNoMoreThanTheLog(t *testing.T) {
	for name, text := range map[string]floor.Text{
		"small records": {En: "tea"},
		"large records": {En: strings.Repeat("tea", 100), Ko: strings.Repeat("차", 300)},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := &putLog{Memory: newMemory()}
				every := func(o *hub.Options) { o.SnapEvery = 5 }
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
					give(t, h, demo, "moderator:lead", fmt.Sprint("n", i), floor.Announce{Text: text, Minutes: 200})
					synctest.Wait()
				}
				p.check(t)
			})
		})
	}
}

// check holds what was put against the log.
func (p *putLog) check(t *testing.T) {
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
		t.Error("the snapshots are too few to tell")
	}
}
