package sqlitejournal

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/journal/internal/backend"
)

// storedLog is a log as a transaction sees it; id is 0 where nobody has written it.
type storedLog struct {
	id   int64
	name journal.LogID
	head journal.Position
}

// Read implements journal.Journal.
func (j *Journal) Read(ctx context.Context, log journal.LogID, after uint64, limit int) (journal.Page, error) {
	var page journal.Page
	err := j.readLog(ctx, log, func(tx *tx, l storedLog) (err error) {
		page.Head = l.head
		page.Records, err = tx.page(l, after, limit)
		return err
	})
	return page, err
}

// CheckHead implements journal.Journal. What a transaction sees is on the disk.
func (j *Journal) CheckHead(ctx context.Context, log journal.LogID, at journal.Position) (time.Time, error) {
	if err := j.standing(); err != nil {
		return time.Time{}, err
	}
	err := j.readLog(ctx, log, func(_ *tx, l storedLog) error {
		if l.head != at {
			return backend.Mismatch(l.head, at)
		}
		return nil
	})
	return time.Now(), err
}

// Watch implements journal.Journal. Records of this journal come at once; those
// of another process make an empty hint within a second.
func (j *Journal) Watch(ctx context.Context, log journal.LogID, hint func([]journal.Record)) error {
	if err := log.Check(); err != nil {
		return err
	}
	var told journal.Hash // of the last record or head that was hinted at
	deliver := func(records []journal.Record) {
		if len(records) > 0 {
			told = records[len(records)-1].Hash
		}
		hint(records)
	}
	moved := func() bool {
		page, err := j.Read(ctx, log, 0, 0)
		if err != nil {
			return ctx.Err() == nil // whoever watches reads, and gets the error
		}
		changed := page.Head.Hash != told
		told = page.Head.Hash
		return changed
	}
	return j.hints.Watch(ctx, log, func() { j.hints.Post(log, nil) }, headCheck, moved, deliver)
}

func (j *Journal) readLog(ctx context.Context, log journal.LogID, do func(*tx, storedLog) error) error {
	if err := log.Check(); err != nil {
		return err
	}
	return j.read(ctx, func(tx *tx) error {
		l, err := tx.find(log)
		if err != nil {
			return err
		}
		return do(tx, l)
	})
}

func (tx *tx) logNames() (names []journal.LogID, err error) {
	rows, err := tx.conn.QueryContext(tx.ctx, "SELECT name FROM logs")
	if err != nil {
		return nil, err
	}
	for rows.Next() && err == nil {
		var name string
		err = rows.Scan(&name)
		names = append(names, journal.LogID(name))
	}
	return names, errors.Join(err, rows.Err(), rows.Close())
}

func (tx *tx) find(log journal.LogID) (storedLog, error) {
	l := storedLog{name: log, head: journal.Genesis(log, 1)}
	var hash []byte
	err := tx.row("SELECT id, epoch, seq, hash FROM logs WHERE name = ?", string(log)).Scan(&l.id, &l.head.Epoch, &l.head.Seq, &hash)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return l, nil
	case err == nil && len(hash) != len(l.head.Hash):
		return l, &journal.CorruptError{Log: log, Seq: l.head.Seq}
	}
	copy(l.head.Hash[:], hash)
	return l, err
}

// position answers where the log stood after the record seq, as it is stored.
func (tx *tx) position(l storedLog, seq uint64) (journal.Position, error) {
	if seq == 0 {
		return journal.Genesis(l.name, l.head.Epoch), nil
	}
	at := journal.Position{Epoch: l.head.Epoch, Seq: seq}
	var hash []byte
	err := tx.row("SELECT hash FROM records WHERE log = ? AND seq = ?", l.id, int64(seq)).Scan(&hash)
	if errors.Is(err, sql.ErrNoRows) || err == nil && len(hash) != len(at.Hash) {
		err = &journal.CorruptError{Log: l.name, Seq: seq}
	}
	copy(at.Hash[:], hash)
	return at, err
}

// holds reports whether p is a position of the log.
func (tx *tx) holds(l storedLog, p journal.Position) (bool, error) {
	if p.Epoch != l.head.Epoch || p.Seq > l.head.Seq {
		return false, nil
	}
	at, err := tx.position(l, p.Seq)
	return at == p, err
}

// page answers what follows the record number after, verified from that record
// to the page's end, and to the head if it reaches it.
func (tx *tx) page(l storedLog, after uint64, limit int) ([]journal.Record, error) {
	limit = min(limit, journal.MaxPage)
	if after >= l.head.Seq || limit <= 0 {
		return nil, nil
	}
	at, err := tx.position(l, after)
	if err != nil {
		return nil, err
	}
	records, whole, err := tx.scan(l, after, limit)
	if err != nil {
		return nil, err
	}
	end, err := journal.Verify(l.name, at, records)
	switch {
	case err != nil:
		return nil, err
	case whole && end.Seq != min(l.head.Seq, after+uint64(limit)):
		return nil, &journal.CorruptError{Log: l.name, Seq: end.Seq + 1}
	case end.Seq == l.head.Seq && end != l.head:
		return nil, &journal.CorruptError{Log: l.name, Seq: end.Seq}
	}
	return records, nil
}

// scan answers the stored records unverified; whole is false if the page was
// ended by its bytes.
func (tx *tx) scan(l storedLog, after uint64, limit int) (records []journal.Record, whole bool, err error) {
	rows, err := tx.conn.QueryContext(tx.ctx, `SELECT seq, key, digest, hash, body FROM records
		WHERE log = ? AND seq > ? ORDER BY seq LIMIT ?`, l.id, int64(after), limit)
	if err != nil {
		return nil, false, err
	}
	size := 0
	for err == nil && size <= journal.MaxPageBytes && rows.Next() {
		var r journal.Record
		var key, digest, hash []byte
		err = rows.Scan(&r.Seq, &key, &digest, &hash, &r.Body)
		if len(digest) != len(r.Digest) || len(hash) != len(r.Hash) {
			err = errors.Join(err, &journal.CorruptError{Log: l.name, Seq: r.Seq})
		}
		r.Key = journal.CommandKey(key)
		copy(r.Digest[:], digest)
		copy(r.Hash[:], hash)
		records = append(records, r)
		size += len(r.Body)
	}
	return records, size <= journal.MaxPageBytes, errors.Join(err, rows.Err(), rows.Close())
}

// known answers those keys of batch that the log holds up to its head, which is not
// what the transaction has stored itself, each with its record verified, so that a
// damaged digest is never told.
func (tx *tx) known(l storedLog, batch []journal.Record) (known []journal.Duplicate, err error) {
	for _, r := range batch {
		var seq uint64
		err := tx.row("SELECT seq FROM records WHERE log = ? AND key = ? AND seq <= ?", l.id, []byte(r.Key), l.head.Seq).Scan(&seq)
		if err == nil {
			known = append(known, journal.Duplicate{Key: r.Key, Seq: seq})
		} else if !errors.Is(err, sql.ErrNoRows) {
			return nil, err
		}
	}
	for i, k := range known {
		records, err := tx.page(l, max(k.Seq, 1)-1, 1)
		if err == nil && (len(records) != 1 || records[0].Seq != k.Seq || records[0].Key != k.Key) {
			err = &journal.CorruptError{Log: l.name, Seq: k.Seq} // found by an index that is damaged
		}
		if err != nil {
			return nil, err
		}
		known[i].Digest = records[0].Digest
	}
	return known, nil
}
