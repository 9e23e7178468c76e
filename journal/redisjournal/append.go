package redisjournal

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/internal/backend"
)

// Append implements journal.Journal. Its clock is that of Redis.
func (j *Journal) Append(ctx context.Context, log journal.LogID, expect journal.Position, batch []journal.Record) (journal.Result, error) {
	if err := journal.CheckBatch(log, expect, batch); err != nil {
		return journal.Result{}, err
	}
	genesis, epochGenesis := journal.Genesis(log, 1).Hash, journal.Genesis(log, expect.Epoch).Hash
	args := []any{
		number(expect.Epoch), number(expect.Seq), expect.Hash[:], genesis[:], epochGenesis[:],
		journal.Window, flag(j.options.WaitReplicas > 0), journal.MaxPage, journal.MaxPageBytes,
		channel(j.options.Prefix, log), encode(batch),
	}
	for _, r := range batch {
		args = append(args, string(r.Key), r.Digest[:], r.Hash[:], r.Body)
	}
	answer, err := j.askDurably(ctx, appendScript, log, j.keys(log, "log", "meta", "ops"), args...)
	if err != nil {
		return journal.Result{}, err
	}
	result := journal.Result{Head: answer.head, Clock: answer.clock}
	switch answer.outcome {
	case "appended":
		result.Outcome = journal.Appended
	case "known":
		result.Outcome = journal.AlreadyKnown
		result.Duplicates, err = known(log, answer.rest)
	default:
		result.Outcome = journal.Conflict
		// Without a list of what was missed the position is not of this log.
		if result.Diverged = len(answer.rest) == 0; !result.Diverged {
			result.Missed, err = page(log, expect, answer.head, journal.MaxPage, asList(answer.rest[0]))
		}
	}
	return result, err
}

// known reads which keys the log holds: each with the digest that is kept beside
// the key and the one in the record, which have to agree.
func known(log journal.LogID, rest []any) (all []journal.Duplicate, err error) {
	outer := fields{values: rest}
	for _, one := range outer.list() {
		f := fields{values: asList(one)}
		k := journal.Duplicate{Key: journal.CommandKey(f.text()), Seq: f.number(), Digest: f.hash()}
		if stored := f.hash(); f.broken || k.Digest != stored {
			return nil, &journal.CorruptError{Log: log, Seq: k.Seq}
		}
		all = append(all, k)
	}
	return all, nil
}

// Read implements journal.Journal.
func (j *Journal) Read(ctx context.Context, log journal.LogID, after uint64, limit int) (journal.Page, error) {
	if err := log.Check(); err != nil {
		return journal.Page{}, err
	}
	genesis := journal.Genesis(log, 1).Hash
	limit = max(0, min(limit, journal.MaxPage))
	answer, err := j.ask(ctx, readScript, log, j.keys(log, "log", "meta"), number(after), limit, journal.MaxPageBytes, genesis[:])
	if err != nil {
		return journal.Page{}, unwritten(err)
	}
	result := journal.Page{Head: answer.head}
	if after >= answer.head.Seq || limit == 0 {
		return result, nil
	}
	f := fields{values: answer.rest}
	at := journal.Genesis(log, answer.head.Epoch)
	if before := f.text(); after > 0 {
		if len(before) != len(at.Hash) {
			return result, &journal.CorruptError{Log: log, Seq: after}
		}
		at = journal.Position{Epoch: answer.head.Epoch, Seq: after, Hash: journal.Hash([]byte(before))}
	}
	result.Records, err = page(log, at, answer.head, limit, f.list())
	return result, err
}

// CheckHead implements journal.Journal. The clock is that of Redis.
func (j *Journal) CheckHead(ctx context.Context, log journal.LogID, at journal.Position) (time.Time, error) {
	if err := log.Check(); err != nil {
		return time.Time{}, err
	}
	genesis := journal.Genesis(log, 1).Hash
	answer, err := j.askDurably(ctx, confirmScript, log, j.keys(log, "log", "meta"),
		number(at.Epoch), number(at.Seq), at.Hash[:], genesis[:], flag(j.options.WaitReplicas > 0))
	if err != nil {
		return time.Time{}, unwritten(err)
	}
	if answer.outcome != "confirmed" {
		return time.Time{}, backend.Mismatch(answer.head, at)
	}
	return answer.clock, nil
}

// staging is how many records go to Redis at once on the way to a Replace, and
// stagingKept how long they stay there if it is never finished.
const (
	staging     = 64
	stagingKept = time.Hour
)

// Replace implements journal.Journal. The records are brought to Redis beside
// the log first, and then put in its place in one step.
func (j *Journal) Replace(ctx context.Context, log journal.LogID, expect journal.Position, records []journal.Record) (journal.Position, error) {
	chained, head, err := journal.Rechain(log, expect, records)
	if err != nil {
		return journal.Position{}, err
	}
	if err := backend.CheckContext(ctx); err != nil {
		return journal.Position{}, err
	}
	// Telling at once that the log stands elsewhere spares the staging.
	if page, err := j.Read(ctx, log, 0, 0); err != nil || page.Head != expect {
		if err == nil {
			err = backend.Mismatch(page.Head, expect)
		}
		return journal.Position{}, err
	}
	return j.swap(ctx, log, expect, chained, head)
}

// swap puts chained, which ends at head, in the log's place if it stands at expect.
func (j *Journal) swap(ctx context.Context, log journal.LogID, expect journal.Position, chained []journal.Record, head journal.Position) (journal.Position, error) {
	token := rand.Text()
	keys := j.keys(log, "log", "meta", "ops", "snap", "new:"+token+":log", "new:"+token+":ops")
	if err := j.stage(ctx, keys[4], keys[5], chained); err != nil {
		return journal.Position{}, fmt.Errorf("%w: bringing the records: %w", journal.ErrUnavailable, err)
	}
	genesis := journal.Genesis(log, 1).Hash
	answer, err := j.askDurably(ctx, replaceScript, log, keys,
		number(expect.Epoch), number(expect.Seq), expect.Hash[:], genesis[:],
		number(head.Epoch), number(head.Seq), head.Hash[:], min(len(chained), journal.Window),
		channel(j.options.Prefix, log), encode(nil))
	switch {
	case err != nil:
		return journal.Position{}, err
	case answer.outcome == "moved":
		return journal.Position{}, backend.Mismatch(answer.head, expect)
	case answer.outcome != "replaced":
		return journal.Position{}, fmt.Errorf("%w: the records did not all arrive", journal.ErrUnavailable)
	}
	return answer.head, nil
}

// stage writes the records to keys that nobody reads, which go away by
// themselves unless they are put in place.
func (j *Journal) stage(ctx context.Context, logKey, opsKey string, chained []journal.Record) error {
	window := max(0, len(chained)-journal.Window)
	for start := 0; start < len(chained); start += staging {
		_, err := j.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i := start; i < min(start+staging, len(chained)); i++ {
				r := chained[i]
				p.XAdd(ctx, &redis.XAddArgs{Stream: logKey, ID: number(r.Seq) + "-0",
					Values: []any{"k", string(r.Key), "d", r.Digest[:], "h", r.Hash[:], "b", r.Body}})
				if i >= window {
					p.HSet(ctx, opsKey, string(r.Key), number(r.Seq)+":"+string(r.Digest[:]))
				}
			}
			p.Expire(ctx, logKey, stagingKept)
			p.Expire(ctx, opsKey, stagingKept)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// number writes a number as the scripts compare it.
func number(n uint64) string { return strconv.FormatUint(n, 10) }
