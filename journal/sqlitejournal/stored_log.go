package sqlitejournal

import (
	"database/sql"
	"errors"

	"github.com/matchfloor/matchfloor/journal"
)

// storedLog is a log as a transaction sees it; id is 0 if nothing was ever written to it.
type storedLog struct {
	id   int64
	name journal.LogID
	head journal.Position
}

func (tx *transaction) logNames() (names []journal.LogID, err error) {
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

// find returns the log as it is stored; one that was never written is empty, in epoch 1.
func (tx *transaction) find(log journal.LogID) (storedLog, error) {
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

// position returns the position after the record seq, as it is stored.
func (tx *transaction) position(l storedLog, seq uint64) (journal.Position, error) {
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
func (tx *transaction) holds(l storedLog, p journal.Position) (bool, error) {
	if p.Epoch != l.head.Epoch || p.Seq > l.head.Seq {
		return false, nil
	}
	at, err := tx.position(l, p.Seq)
	return at == p, err
}

// page returns the records that follow sequence number after. They are verified from the record
// before them to the page's end, and against the head if the page reaches it.
func (tx *transaction) page(l storedLog, after uint64, limit int) ([]journal.Record, error) {
	limit = min(limit, journal.MaxPage)
	if after >= l.head.Seq || limit <= 0 {
		return nil, nil
	}
	at, err := tx.position(l, after)
	if err != nil {
		return nil, err
	}
	records, complete, err := tx.scan(l, after, limit)
	if err != nil {
		return nil, err
	}
	end, err := journal.Verify(l.name, at, records)
	switch {
	case err != nil:
		return nil, err
	case complete && end.Seq != min(l.head.Seq, after+uint64(limit)):
		return nil, &journal.CorruptError{Log: l.name, Seq: end.Seq + 1}
	case end.Seq == l.head.Seq && end != l.head:
		return nil, &journal.CorruptError{Log: l.name, Seq: end.Seq}
	}
	return records, nil
}

// scan returns the stored records unverified. complete is false if the page ends early
// because its bodies have reached journal.MaxPageBytes.
func (tx *transaction) scan(l storedLog, after uint64, limit int) (records []journal.Record, complete bool, err error) {
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

// duplicates returns the keys of batch that the log holds up to its head: not those that the
// transaction has stored itself. Each record is verified, so that no damaged digest is
// returned.
func (tx *transaction) duplicates(l storedLog, batch []journal.Record) (found []journal.Duplicate, err error) {
	for _, r := range batch {
		var seq uint64
		err := tx.row("SELECT seq FROM records WHERE log = ? AND key = ? AND seq <= ?", l.id, []byte(r.Key), l.head.Seq).Scan(&seq)
		if err == nil {
			found = append(found, journal.Duplicate{Key: r.Key, Seq: seq})
		} else if !errors.Is(err, sql.ErrNoRows) {
			return nil, err
		}
	}
	for i, d := range found {
		records, err := tx.page(l, max(d.Seq, 1)-1, 1)
		if err == nil && (len(records) != 1 || records[0].Seq != d.Seq || records[0].Key != d.Key) {
			err = &journal.CorruptError{Log: l.name, Seq: d.Seq} // found by an index that is damaged
		}
		if err != nil {
			return nil, err
		}
		found[i].Digest = records[0].Digest
	}
	return found, nil
}
