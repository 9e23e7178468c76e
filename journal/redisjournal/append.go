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

// Append implements journal.Journal. The clock is that of Redis, read inside the script, which
// no other command interrupts. With appendfsync always, Redis syncs its file after the script.
func (j *Journal) Append(ctx context.Context, log journal.LogID, expect journal.Position, batch []journal.Record, notAfter time.Time) (journal.Result, error) {
	if err := journal.CheckBatch(log, expect, batch); err != nil {
		return journal.Result{}, err
	}
	genesis, epochGenesis := journal.Genesis(log, 1).Hash, journal.Genesis(log, expect.Epoch).Hash
	args := []any{
		numberArg(expect.Epoch), numberArg(expect.Seq), expect.Hash[:], genesis[:], epochGenesis[:],
		journal.Window, boolArg(j.options.WaitReplicas > 0), journal.MaxPage, journal.MaxPageBytes,
		channelOf(j.options.Prefix, log), encodeHint(batch), deadlineArg(notAfter),
	}
	for _, r := range batch {
		args = append(args, string(r.Key), r.Digest[:], r.Hash[:], r.Body)
	}
	answer, err := j.callDurably(ctx, appendScript, log, j.keys(log, "log", "meta", "ops"), args...)
	if err != nil {
		return journal.Result{}, err
	}
	result := journal.Result{Head: answer.head, Clock: answer.clock}
	switch answer.outcome {
	case "appended":
		result.Outcome = journal.Appended
	case "known":
		result.Outcome = journal.AlreadyKnown
		result.Duplicates, err = j.parseDuplicates(ctx, log, answer.rest)
	case "expired":
		result.Outcome = journal.Expired
	default:
		result.Outcome = journal.Conflict
		// Without a list of missed records the position is not in this log's history.
		if result.Diverged = len(answer.rest) == 0; !result.Diverged {
			result.Missed, err = parsePage(log, expect, answer.head, journal.MaxPage, asList(answer.rest[0]))
		}
	}
	return result, err
}

// deadlineArg returns an instant as append.lua compares it with Redis's clock: in whole
// microseconds since 1970, rounded down; empty for none.
func deadlineArg(notAfter time.Time) string {
	if notAfter.IsZero() {
		return ""
	}
	return strconv.FormatInt(notAfter.UnixMicro(), 10)
}

// parseDuplicates returns the keys that the log has. Each comes with the digest that is stored
// with the key, and with digest and key of the record, which must be equal.
func (j *Journal) parseDuplicates(ctx context.Context, log journal.LogID, rest []any) (duplicates []journal.Duplicate, err error) {
	outer := fields{values: rest}
	for _, entry := range outer.list() {
		f := fields{values: asList(entry)}
		d := journal.Duplicate{Key: journal.CommandKey(f.text()), Seq: f.number(), Digest: f.hash()}
		if stored, key := f.hash(), f.text(); f.broken || d.Digest != stored || key != string(d.Key) {
			return nil, j.blameIndex(ctx, log, d.Key, d.Seq)
		}
		duplicates = append(duplicates, d)
	}
	return duplicates, nil
}

// Read implements journal.Journal.
func (j *Journal) Read(ctx context.Context, log journal.LogID, after uint64, limit int) (journal.Page, error) {
	if err := log.Check(); err != nil {
		return journal.Page{}, err
	}
	genesis := journal.Genesis(log, 1).Hash
	limit = max(0, min(limit, journal.MaxPage))
	answer, err := j.call(ctx, readPageScript, log, j.keys(log, "log", "meta"), numberArg(after), limit, journal.MaxPageBytes, genesis[:])
	if err != nil {
		return journal.Page{}, readError(err)
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
	result.Records, err = parsePage(log, at, answer.head, limit, f.list())
	return result, err
}

// CheckHead implements journal.Journal. The clock is that of Redis.
func (j *Journal) CheckHead(ctx context.Context, log journal.LogID, at journal.Position) (time.Time, error) {
	if err := log.Check(); err != nil {
		return time.Time{}, err
	}
	genesis := journal.Genesis(log, 1).Hash
	answer, err := j.callDurably(ctx, checkHeadScript, log, j.keys(log, "log", "meta"),
		numberArg(at.Epoch), numberArg(at.Seq), at.Hash[:], genesis[:], boolArg(j.options.WaitReplicas > 0))
	if err != nil {
		return time.Time{}, readError(err)
	}
	if answer.outcome != "confirmed" {
		return time.Time{}, backend.Mismatch(answer.head, at)
	}
	return answer.clock, nil
}

const (
	stagingBatch = 64        // records that a Replace sends to Redis at once
	stagingTTL   = time.Hour // how long staged records stay if the Replace never finishes
)

// Replace implements journal.Journal. It first stages the records in Redis under other keys, and
// then puts them in the place of the log in one step.
func (j *Journal) Replace(ctx context.Context, log journal.LogID, expect journal.Position, records []journal.Record) (journal.Position, error) {
	chained, head, err := journal.Rechain(log, expect, records)
	if err != nil {
		return journal.Position{}, err
	}
	if err := backend.CheckContext(ctx); err != nil {
		return journal.Position{}, err
	}
	// A mismatch that is found here saves the staging.
	if page, err := j.Read(ctx, log, 0, 0); err != nil || page.Head != expect {
		if err == nil {
			err = backend.Mismatch(page.Head, expect)
		}
		return journal.Position{}, err
	}
	return j.replaceStaged(ctx, log, expect, chained, head)
}

// replaceStaged stages chained, which ends at head, and puts it in the place of the log if the
// log is at expect.
func (j *Journal) replaceStaged(ctx context.Context, log journal.LogID, expect journal.Position, chained []journal.Record, head journal.Position) (journal.Position, error) {
	token := rand.Text()
	keys := j.keys(log, "log", "meta", "ops", "snap", "new:"+token+":log", "new:"+token+":ops")
	if err := j.stage(ctx, keys[4], keys[5], chained); err != nil {
		return journal.Position{}, fmt.Errorf("%w: staging the records: %w", journal.ErrUnavailable, err)
	}
	genesis := journal.Genesis(log, 1).Hash
	answer, err := j.callDurably(ctx, replaceScript, log, keys,
		numberArg(expect.Epoch), numberArg(expect.Seq), expect.Hash[:], genesis[:],
		numberArg(head.Epoch), numberArg(head.Seq), head.Hash[:], min(len(chained), journal.Window),
		channelOf(j.options.Prefix, log), encodeHint(nil))
	switch {
	case err != nil:
		return journal.Position{}, err
	case answer.outcome == "moved":
		return journal.Position{}, backend.Mismatch(answer.head, expect)
	case answer.outcome != "replaced":
		return journal.Position{}, fmt.Errorf("%w: not all staged records have arrived", journal.ErrUnavailable)
	}
	return answer.head, nil
}

// stage writes the records to keys that nobody reads. The keys expire unless they are put in
// place.
func (j *Journal) stage(ctx context.Context, logKey, opsKey string, chained []journal.Record) error {
	firstKnown := max(0, len(chained)-journal.Window)
	for start := 0; start < len(chained); start += stagingBatch {
		_, err := j.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i := start; i < min(start+stagingBatch, len(chained)); i++ {
				r := chained[i]
				p.XAdd(ctx, &redis.XAddArgs{Stream: logKey, ID: numberArg(r.Seq) + "-0",
					Values: []any{"k", string(r.Key), "d", r.Digest[:], "h", r.Hash[:], "b", r.Body}})
				if i >= firstKnown {
					p.HSet(ctx, opsKey, string(r.Key), numberArg(r.Seq)+":"+string(r.Digest[:]))
				}
			}
			p.Expire(ctx, logKey, stagingTTL)
			p.Expire(ctx, opsKey, stagingTTL)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// numberArg returns a number as the scripts compare it.
func numberArg(n uint64) string { return strconv.FormatUint(n, 10) }
