package redisjournal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/redisjournal/redistest"
)

// Damaged command ids are reported as that, by the check and by an append, and not as a damaged
// record. The rebuild makes them again, and changes no record.
func TestRebuildIndex_RepairsDamagedCommandIDs(t *testing.T) {
	j := openTest(t, redistest.Start(t).URL, Options{})
	at := journal.Genesis(theLog, 1)
	for i := range 40 {
		at = mustAppend(t, j, at, fmt.Sprintf("key-%d", i+1))
	}
	ops := j.key(theLog, "ops")
	digest := strings.Repeat("\x00", 32)
	for name, damage := range map[string]func(context.Context) error{
		"an entry is missing": func(ctx context.Context) error { return j.client.HDel(ctx, ops, "key-20").Err() },
		"all are missing":     func(ctx context.Context) error { return j.client.Del(ctx, ops).Err() },
		"one too many":        func(ctx context.Context) error { return j.client.HSet(ctx, ops, "key-99", "40:"+digest).Err() },
		"another digest": func(ctx context.Context) error {
			return j.client.HSet(ctx, ops, "key-20", "20:"+strings.Repeat("x", 32)).Err()
		},
		"another record":       func(ctx context.Context) error { return j.client.HSet(ctx, ops, "key-20", "21:"+digest).Err() },
		"a record that is not": func(ctx context.Context) error { return j.client.HSet(ctx, ops, "key-20", "90:"+digest).Err() },
		"no number":            func(ctx context.Context) error { return j.client.HSet(ctx, ops, "key-20", "x").Err() },
		"another key's name": func(ctx context.Context) error {
			return errors.Join(j.client.HDel(ctx, ops, "key-20").Err(), j.client.HSet(ctx, ops, "key-2p", "20:"+digest).Err())
		},
	} {
		if err := j.CheckIndexes(t.Context(), theLog); err != nil {
			t.Fatalf("before %s: %v", name, err)
		}
		if err := damage(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := j.CheckIndexes(t.Context(), theLog); !errors.Is(err, journal.ErrIndex) {
			t.Errorf("%s: the check: %v", name, err)
		}
		if name != "another key's name" { // with as many entries as there are records
			again, _ := oneRecord(at, "key-20")
			next, end := oneRecord(at, "during "+name)
			repeat, fresh := j.appendErr(t, at, again), j.appendErr(t, at, next)
			if !errors.Is(repeat, journal.ErrIndex) && !errors.Is(fresh, journal.ErrIndex) {
				t.Errorf("%s: the repeat of a command: %v, a new one: %v", name, repeat, fresh)
			}
			if fresh == nil {
				at = end
			}
		}
		if strings.HasSuffix(name, "missing") {
			checkLookUps(t, j, at, name)
		}
		if err := j.RebuildIndex(t.Context(), theLog); err != nil {
			t.Errorf("%s: the rebuild: %v", name, err)
		}
		at = mustAppend(t, j, at, "after "+name)
		page, err := j.Read(t.Context(), theLog, 0, journal.MaxPage)
		if err != nil || page.Head != at {
			t.Errorf("%s: afterwards the log is at %v, %v; want %v", name, page.Head, err, at)
		}
	}
}

// checkLookUps checks that an append which stores nothing, at a position where the log does not
// stand or after its deadline, does not say that a command is not in the log.
func checkLookUps(t *testing.T, j *Journal, at journal.Position, damage string) {
	t.Helper()
	nowhere := at
	nowhere.Hash[0]++
	elsewhere, _ := oneRecord(nowhere, "key-20")
	if result, err := j.Append(t.Context(), theLog, nowhere, elsewhere, time.Time{}); !errors.Is(err, journal.ErrIndex) {
		t.Errorf("%s: whether a command is in the log: %+v, %v", damage, result, err)
	}
	late, _ := oneRecord(at, "key-20")
	if result, err := j.Append(t.Context(), theLog, at, late, time.Unix(1, 0)); !errors.Is(err, journal.ErrIndex) {
		t.Errorf("%s: a command that is too late: %+v, %v", damage, result, err)
	}
}

// The rebuild does not build on damaged records.
func TestRebuildIndex_RefusesDamagedRecords(t *testing.T) {
	j := openTest(t, redistest.Start(t).URL, Options{})
	mustAppend(t, j, journal.Genesis(theLog, 1), "first")
	if err := j.client.HSet(t.Context(), j.key(theLog, "meta"), "hash", strings.Repeat("x", 32)).Err(); err != nil {
		t.Fatal(err)
	}
	if err := j.client.Del(t.Context(), j.key(theLog, "ops")).Err(); err != nil {
		t.Fatal(err)
	}
	if err := j.RebuildIndex(t.Context(), theLog); !errors.Is(err, journal.ErrCorrupt) || errors.Is(err, journal.ErrIndex) {
		t.Errorf("the rebuild: %v", err)
	}
	if n, err := j.client.Exists(t.Context(), j.key(theLog, "ops")).Result(); err != nil || n != 0 {
		t.Errorf("it has written: %d, %v", n, err)
	}
}
