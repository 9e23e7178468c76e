package redisjournal

import (
	"context"
	_ "embed" // for the scripts
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/matchfloor/matchfloor/journal"
)

//go:embed check_index.lua
var checkIndexLua string

//go:embed rebuild_index.lua
var rebuildIndexLua string

var (
	checkIndexScript   = redis.NewScript(preludeLua + checkIndexLua)
	rebuildIndexScript = redis.NewScript(preludeLua + rebuildIndexLua)
)

var _ journal.Indexed = (*Journal)(nil)

// indexError says that the known command keys of a log do not match its records.
func indexError(log journal.LogID, format string, args ...any) error {
	return &journal.IndexError{Log: log, Index: "command ids", Detail: fmt.Sprintf(format, args...)}
}

// CheckIndexes implements journal.Indexed. Nodes may append meanwhile.
func (j *Journal) CheckIndexes(ctx context.Context, logs ...journal.LogID) error {
	var all error
	for _, log := range logs {
		all = errors.Join(all, j.checkIndex(ctx, log))
	}
	return all
}

func (j *Journal) checkIndex(ctx context.Context, log journal.LogID) error {
	if err := log.Check(); err != nil {
		return err
	}
	genesis := journal.Genesis(log, 1).Hash
	for after := uint64(0); ; {
		answer, err := j.call(ctx, checkIndexScript, log, j.keys(log, "log", "meta", "ops"),
			numberArg(after), journal.MaxPage, journal.Window, genesis[:])
		if err != nil {
			return readError(err)
		}
		f := fields{values: answer.rest}
		known, last, wrong := f.number(), f.number(), f.number()
		switch want := min(answer.head.Seq, journal.Window); {
		case f.broken:
			return &journal.CorruptError{Log: log, Seq: after + 1}
		case wrong != 0:
			return indexError(log, "it does not lead to record %d", wrong)
		case known != want:
			return indexError(log, "it has %d entries in place of %d", known, want)
		case last >= answer.head.Seq || last == after: // a record that is missing is found when the log is read
			return nil
		}
		after = last
	}
}

// RebuildIndex makes the known command keys of a log again from its records, in one step. Nodes may
// be running. It verifies the records first, and changes nothing if one of them is damaged.
func (j *Journal) RebuildIndex(ctx context.Context, log journal.LogID) error {
	if _, err := journal.NewCursor(log, journal.Position{}).CatchUp(ctx, j); err != nil {
		return err
	}
	genesis := journal.Genesis(log, 1).Hash
	_, err := j.callDurably(ctx, rebuildIndexScript, log, j.keys(log, "log", "meta", "ops"), journal.Window, genesis[:])
	return err
}

// blameIndex returns the reason why the entry of a command key does not match record seq: an
// *journal.IndexError if the record is undamaged.
func (j *Journal) blameIndex(ctx context.Context, log journal.LogID, key journal.CommandKey, seq uint64) error {
	page, err := j.Read(ctx, log, max(seq, 1)-1, 1)
	if err != nil {
		return err
	}
	if len(page.Records) == 1 && page.Records[0].Key == key {
		return indexError(log, "it has another digest of a command than record %d", seq)
	}
	return indexError(log, "it leads from a command's id to record %d, which is not that command's", seq)
}
