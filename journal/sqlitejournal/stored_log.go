package sqlitejournal

import (
	"database/sql"
	"errors"
	"fmt"

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
		return l, checkUnnamed(tx, log)
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
	if errors.Is(err, sql.ErrNoRows) && tx.row("SELECT hash FROM records NOT INDEXED WHERE log = ? AND seq = ?", l.id, int64(seq)).Scan(&hash) == nil {
		return at, sequenceIndexError(l.name, seq)
	}
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
	var page scanned
	if err == nil {
		page, err = tx.scan(l, "", after, limit)
	}
	if err == nil {
		err = l.verifyPage(at, page, after, limit)
	}
	if errors.Is(err, journal.ErrCorrupt) {
		return nil, blameIndex(tx, l, after, limit, err)
	}
	if err != nil {
		return nil, err
	}
	return page.records, nil
}

// verifyPage verifies the page after a sequence number, which begins at a position.
func (l storedLog) verifyPage(at journal.Position, page scanned, after uint64, limit int) error {
	end, err := journal.Verify(l.name, at, page.records)
	switch {
	case err != nil:
		return err
	case page.complete && end.Seq != min(l.head.Seq, after+uint64(limit)):
		return &journal.CorruptError{Log: l.name, Seq: end.Seq + 1}
	case end.Seq == l.head.Seq && end != l.head:
		return &journal.CorruptError{Log: l.name, Seq: end.Seq}
	}
	return nil
}

// scanned are stored records, unverified. complete is false if they end early because their
// bodies have reached journal.MaxPageBytes.
type scanned struct {
	records  []journal.Record
	complete bool
}

// scan returns stored records. hint is "", or SQL that says by which index they are to be found.
func (tx *transaction) scan(l storedLog, hint string, after uint64, limit int) (page scanned, err error) {
	rows, err := tx.conn.QueryContext(tx.ctx, `SELECT seq, key, digest, hash, body FROM records `+hint+`
		WHERE log = ? AND seq > ? ORDER BY seq LIMIT ?`, l.id, int64(after), limit)
	if err != nil {
		return page, err
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
		page.records = append(page.records, r)
		size += len(r.Body)
	}
	page.complete = size <= journal.MaxPageBytes
	return page, errors.Join(err, rows.Err(), rows.Close())
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
			err = &journal.IndexError{Log: l.name, Index: indexOf["known"], Detail: fmt.Sprintf("it leads from a command's id to record %d, which is another's", d.Seq)}
		}
		if err != nil {
			return nil, err
		}
		found[i].Digest = records[0].Digest
	}
	return found, nil
}
