package redisjournal

import (
	"encoding/binary"

	"github.com/matchfloor/matchfloor/journal"
)

// What is published with an append: a version, the number of records, and of
// each its seq, key, digest, hash and body; numbers as uvarints, the key and the
// body with their lengths before them. A batch too large for that, or a version
// not known, makes an empty hint: the log is there to be read.
const (
	messageVersion = 1
	maxMessage     = 256 << 10 // bytes; Redis drops subscribers that fall too far behind
)

// encode answers the message for batch, or that for an empty hint.
func encode(batch []journal.Record) []byte {
	message := binary.AppendUvarint([]byte{messageVersion}, uint64(len(batch)))
	for _, r := range batch {
		if len(message)+len(r.Body) > maxMessage {
			return encode(nil)
		}
		message = binary.AppendUvarint(message, r.Seq)
		message = appendField(message, []byte(r.Key))
		message = append(message, r.Digest[:]...)
		message = append(message, r.Hash[:]...)
		message = appendField(message, r.Body)
	}
	return message
}

// decode answers the records of a message; none where it has none or is broken.
func decode(message string) []journal.Record {
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

// decoder takes a message apart; after broken is set it answers nothing more.
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
