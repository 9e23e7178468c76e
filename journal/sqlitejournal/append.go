package sqlitejournal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/internal/backend"
)

// Append implements journal.Journal. Its clock is this machine's. It is compared with notAfter
// after the records have been written in the transaction, right before the COMMIT: the wait for
// a turn and for other processes lies before. The COMMIT itself, with its sync, lies after. If
// the disk hangs there, the batch is durable, and acknowledged, as much later as it hangs.
func (j *Journal) Append(ctx context.Context, log journal.LogID, expect journal.Position, batch []journal.Record, notAfter time.Time) (journal.Result, error) {
	if err := journal.CheckBatch(log, expect, batch); err != nil {
		return journal.Result{}, err
	}
	var result journal.Result
	err := j.db.write(ctx, func(tx *transaction) (err error) {
		if !j.checked[log] {
			if err := checkKeys(tx, log); err != nil {
				return err
			}
			j.checked[log] = true
		}
		result, err = tx.append(log, expect, batch, notAfter)
		return err
	})
	if result.Outcome != journal.Expired {
		result.Clock = time.Now()
	}
	switch {
	case errors.Is(err, errUnchanged):
		return result, nil
	case err != nil:
		return journal.Result{}, err
	}
	j.hints.Post(log, cloneRecords(batch))
	return result, nil
}

// append stores batch if the log stands at expect and holds none of its keys, and notAfter has
// not passed. Otherwise it returns the result together with errUnchanged. The index finds a duplicate key when the
// batch is stored: duplicates are rare, and a look-up for each key before would cost more.
func (tx *transaction) append(log journal.LogID, expect journal.Position, batch []journal.Record, notAfter time.Time) (journal.Result, error) {
	l, err := tx.find(log)
	if err != nil {
		return journal.Result{}, err
	}
	result := journal.Result{Head: l.head}
	if l.head == expect {
		head, err := tx.store(l, batch)
		if err == nil {
			return appendedInTime(head, expect, notAfter)
		}
		if !isDuplicateKey(err) {
			return result, err
		}
	}
	if result.Duplicates, err = tx.duplicates(l, batch); err != nil {
		return result, err
	}
	switch {
	case len(result.Duplicates) > 0:
		result.Outcome = journal.AlreadyKnown
		return result, errUnchanged
	case l.head == expect:
		return result, blameKey(tx, l, batch)
	}
	return tx.conflict(l, expect)
}

// appendedInTime returns the result of an append that has been written up to head, and that of
// an expired one if notAfter has passed.
func appendedInTime(head, expect journal.Position, notAfter time.Time) (journal.Result, error) {
	if now := time.Now(); !notAfter.IsZero() && now.After(notAfter) {
		return journal.Result{Outcome: journal.Expired, Head: expect, Clock: now}, errUnchanged
	}
	return journal.Result{Outcome: journal.Appended, Head: head}, nil
}

// conflict returns the result of an append that expects another position than the head.
func (tx *transaction) conflict(l storedLog, expect journal.Position) (journal.Result, error) {
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
	return result, errUnchanged
}

// store writes chained records at the log's end and returns its new head.
func (tx *transaction) store(l storedLog, chained []journal.Record) (journal.Position, error) {
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
	tx.last = marker{l.name, head}
	return head, nil
}

// Replace implements journal.Journal. The old records are overwritten in the file, and the
// write-ahead log is truncated. A reader may be in the way of that: Replace waits lockTimeout
// for it. If the wait is in vain the new head is returned with ErrUnknown, which then means
// that the old records may still be in the write-ahead log.
func (j *Journal) Replace(ctx context.Context, log journal.LogID, expect journal.Position, records []journal.Record) (journal.Position, error) {
	chained, head, err := journal.Rechain(log, expect, records)
	if err != nil {
		return journal.Position{}, err
	}
	err = j.db.write(ctx, func(tx *transaction) error {
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
	err = j.db.withWriteConn(context.WithoutCancel(ctx), func(tx *transaction) error { return retryWhileBusy(ctx, tx.truncateLog) })
	if isDiskError(err) {
		err = j.db.fail(err)
	}
	if err != nil { // the cause is not wrapped: ErrUnavailable would say that nothing was written
		return head, fmt.Errorf("%w: replaced, but the write-ahead log could not be emptied: %v", journal.ErrUnknown, err)
	}
	return head, nil
}

// cloneRecords copies a batch for the watches: its caller may change it after Append.
func cloneRecords(batch []journal.Record) []journal.Record {
	records := append([]journal.Record(nil), batch...)
	for i := range records {
		records[i].Body = append([]byte(nil), records[i].Body...)
	}
	return records
}

// notNil returns an empty body for nil, which would be stored as NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
