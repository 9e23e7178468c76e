package sqlitejournal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/internal/backend"
)

// Append implements journal.Journal. Its clock is this machine's.
func (j *Journal) Append(ctx context.Context, log journal.LogID, expect journal.Position, batch []journal.Record) (journal.Result, error) {
	if err := journal.CheckBatch(log, expect, batch); err != nil {
		return journal.Result{}, err
	}
	var result journal.Result
	err := j.write(ctx, func(tx *tx) (err error) {
		if err := j.checkKeys(tx, log); err != nil {
			return err
		}
		result, err = tx.judge(log, expect, batch)
		return err
	})
	result.Clock = time.Now()
	switch {
	case errors.Is(err, errNothing):
		return result, nil
	case err != nil:
		return journal.Result{}, err
	}
	j.hints.Post(log, cloned(batch))
	return result, nil
}

// judge decides what becomes of batch, and stores it if it is to be stored;
// otherwise its error is errNothing. That a key is in the log already is told by the
// index when the batch is stored: nearly none is, and to ask first would cost a look
// for each.
func (tx *tx) judge(log journal.LogID, expect journal.Position, batch []journal.Record) (journal.Result, error) {
	l, err := tx.find(log)
	if err != nil {
		return journal.Result{}, err
	}
	result := journal.Result{Head: l.head}
	if l.head == expect {
		head, err := tx.store(l, batch)
		if err == nil {
			return journal.Result{Outcome: journal.Appended, Head: head}, nil
		}
		if !keyKnown(err) {
			return result, err
		}
	}
	if result.Duplicates, err = tx.known(l, batch); err != nil {
		return result, err
	}
	switch {
	case len(result.Duplicates) > 0:
		result.Outcome = journal.AlreadyKnown
		return result, errNothing
	case l.head == expect:
		return result, &journal.CorruptError{Log: log, Seq: l.head.Seq + 1} // a key of no record up to the head
	}
	return tx.conflict(l, expect)
}

func (tx *tx) conflict(l storedLog, expect journal.Position) (journal.Result, error) {
	result := journal.Result{Outcome: journal.Conflict, Head: l.head}
	held, err := tx.holds(l, expect)
	if err != nil {
		return result, err
	}
	if result.Diverged = !held; held {
		if result.Missed, err = tx.page(l, expect.Seq, journal.MaxPage); err != nil {
			return result, err
		}
	}
	return result, errNothing
}

// store writes chained records at the log's end and answers its new head.
func (tx *tx) store(l storedLog, chained []journal.Record) (journal.Position, error) {
	head := l.head
	if len(chained) > 0 {
		last := chained[len(chained)-1]
		head = journal.Position{Epoch: head.Epoch, Seq: last.Seq, Hash: last.Hash}
	}
	var err error
	if l.id == 0 {
		err = tx.row("INSERT INTO logs (name, epoch, seq, hash) VALUES (?, ?, ?, ?) RETURNING id",
			string(l.name), head.Epoch, head.Seq, head.Hash[:]).Scan(&l.id)
	} else {
		err = tx.exec("UPDATE logs SET epoch = ?, seq = ?, hash = ? WHERE id = ?", head.Epoch, head.Seq, head.Hash[:], l.id)
	}
	if err != nil {
		return head, err
	}
	for _, r := range chained {
		err := tx.exec("INSERT INTO records (log, seq, key, digest, hash, body) VALUES (?, ?, ?, ?, ?, ?)",
			l.id, r.Seq, []byte(r.Key), r.Digest[:], r.Hash[:], notNil(r.Body))
		if err != nil {
			return head, err
		}
	}
	tx.last = mark{l.name, head}
	return head, nil
}

// Replace implements journal.Journal. What was replaced is overwritten in the file,
// and the write-ahead log emptied. Whoever reads may be in the way of that: it waits
// lockPatience for them, and an ErrUnknown then says that the old records may still
// stand in the write-ahead log.
func (j *Journal) Replace(ctx context.Context, log journal.LogID, expect journal.Position, records []journal.Record) (journal.Position, error) {
	chained, head, err := journal.Rechain(log, expect, records)
	if err != nil {
		return journal.Position{}, err
	}
	err = j.write(ctx, func(tx *tx) error {
		l, err := tx.find(log)
		if err != nil {
			return err
		}
		if l.head != expect {
			return backend.Mismatch(l.head, expect)
		}
		if err := tx.exec("DELETE FROM records WHERE log = ?", l.id); err != nil {
			return err
		}
		if err := tx.exec("DELETE FROM snapshots WHERE log = ?", string(log)); err != nil {
			return err
		}
		l.head = journal.Genesis(log, expect.Epoch+1)
		_, err = tx.store(l, chained)
		return err
	})
	if err != nil {
		return journal.Position{}, err
	}
	j.hints.Post(log, nil)
	err = j.hold(context.WithoutCancel(ctx), func(tx *tx) error { return patiently(ctx, tx.emptyLog) })
	if diskError(err) {
		err = j.fail(err)
	}
	if err != nil { // no cause is wrapped: one says that nothing was written
		return head, fmt.Errorf("%w: replaced, but the write-ahead log could not be emptied: %v", journal.ErrUnknown, err)
	}
	return head, nil
}

// cloned gives the watches bodies that the caller of Append cannot change.
func cloned(batch []journal.Record) []journal.Record {
	records := append([]journal.Record(nil), batch...)
	for i := range records {
		records[i].Body = append([]byte(nil), records[i].Body...)
	}
	return records
}

// notNil keeps an empty body apart from SQL's NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
