package redisjournal

import (
	"encoding/binary"

	"github.com/matchfloor/matchfloor/journal"
)

// An append publishes a message: a version (one byte), the number of records, and for each its
// seq, key, digest, hash and body. Numbers are uvarints; key and body are preceded by their
// length. A batch that is too large for a message, or a message of another version, is an empty
// hint: the watcher reads the log.
const (
	messageVersion = 1
	maxMessage     = 256 << 10 // bytes; Redis disconnects subscribers that are too slow
)

// encodeHint returns the message for batch, or that of an empty hint if batch is empty or too
// large.
func encodeHint(batch []journal.Record) []byte {
	message := binary.AppendUvarint([]byte{messageVersion}, uint64(len(batch)))
	for _, r := range batch {
		if len(message)+len(r.Body) > maxMessage {
			return encodeHint(nil)
		}
		message = binary.AppendUvarint(message, r.Seq)
		message = appendField(message, []byte(r.Key))
		message = append(message, r.Digest[:]...)
		message = append(message, r.Hash[:]...)
		message = appendField(message, r.Body)
	}
	return message
}

// decodeHint returns the records of a message; none if it has none or is malformed.
func decodeHint(message string) []journal.Record {
	d := decoder{rest: []byte(message)}
	if version := d.take(1); d.broken || version[0] != messageVersion {
		return nil
	}
	n := d.number()
	var records []journal.Record
	for range min(n, journal.MaxBatch) {
		r := journal.Record{Seq: d.number(), Key: journal.CommandKey(d.field())}
		copy(r.Digest[:], d.take(len(r.Digest)))
		copy(r.Hash[:], d.take(len(r.Hash)))
		r.Body = d.field()
		records = append(records, r)
	}
	if d.broken || len(d.rest) > 0 {
		return nil
	}
	return records
}

func appendField(message, field []byte) []byte {
	return append(binary.AppendUvarint(message, uint64(len(field))), field...)
}

// decoder takes fields off a message. Once broken is set it returns zero values only.
type decoder struct {
	rest   []byte
	broken bool
}

func (d *decoder) take(n int) []byte {
	if n < 0 || n > len(d.rest) {
		d.broken, d.rest = true, nil
		return nil
	}
	taken := d.rest[:n:n]
	d.rest = d.rest[n:]
	return taken
}

func (d *decoder) number() uint64 {
	n, size := binary.Uvarint(d.rest)
	if size <= 0 {
		d.broken, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

func (d *decoder) field() []byte {
	return d.take(int(min(d.number(), maxMessage+1)))
}
