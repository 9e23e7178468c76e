package journal

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// Hash is a SHA-256 link of a log's chain. As text it is 64 lower-case hex digits.
type Hash [sha256.Size]byte

// Digest is the SHA-256 of a command's payload.
type Digest [sha256.Size]byte

// MarshalText returns lower-case hex.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText reads 64 hex digits.
func (h *Hash) UnmarshalText(text []byte) error {
	if hex.DecodedLen(len(text)) != len(h) {
		return fmt.Errorf("journal: a hash is %d hex digits, not %d", 2*len(h), len(text))
	}
	_, err := hex.Decode(h[:], text)
	return err
}

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Position is a place in a log's history. Its hash covers the history: two logs that have the
// same position have the same records before it.
type Position struct {
	Epoch uint64 `json:"epoch"` // 1 for a new log; every Replace starts the next one
	Seq   uint64 `json:"seq"`   // sequence number of the last record; 0 for an empty log
	Hash  Hash   `json:"hash"`  // of the last record; of the genesis for an empty log
}

func (p Position) String() string { return fmt.Sprintf("%d/%d/%x", p.Epoch, p.Seq, p.Hash[:4]) }

// Genesis is the position of log before its first record in an epoch.
func Genesis(log LogID, epoch uint64) Position {
	h := sha256.New()
	writeField(h, []byte("matchfloor.log.v1"))
	writeField(h, []byte(log))
	writeUint(h, epoch)
	return Position{Epoch: epoch, Hash: Hash(h.Sum(nil))}
}

// Next returns the position after r is appended at p. Its hash is the SHA-256 of p's hash, the
// next sequence number, and r's key, digest and body; r.Seq and r.Hash are not used. Fields of
// variable length are preceded by their length, so no two records have the same encoding.
func (p Position) Next(r Record) Position {
	h := sha256.New()
	h.Write(p.Hash[:])
	writeUint(h, p.Seq+1)
	writeField(h, []byte(r.Key))
	h.Write(r.Digest[:])
	writeField(h, r.Body)
	return Position{Epoch: p.Epoch, Seq: p.Seq + 1, Hash: Hash(h.Sum(nil))}
}

// Chain sets Seq and Hash of each record so that they follow from p, and returns the position
// after the last.
func Chain(p Position, records []Record) Position {
	for i := range records {
		p = p.Next(records[i])
		records[i].Seq, records[i].Hash = p.Seq, p.Hash
	}
	return p
}

// Verify returns the position after records if each follows from the one before it, and the
// first from p. Otherwise it returns a CorruptError that names the first record that does not
// follow.
func Verify(log LogID, p Position, records []Record) (Position, error) {
	for _, r := range records {
		next := p.Next(r)
		if r.Seq != next.Seq || r.Hash != next.Hash {
			return p, &CorruptError{Log: log, Seq: next.Seq}
		}
		p = next
	}
	return p, nil
}

type byteWriter interface{ Write([]byte) (int, error) }

func writeField(w byteWriter, field []byte) {
	writeUint(w, uint64(len(field)))
	w.Write(field)
}

func writeUint(w byteWriter, n uint64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n)
	w.Write(b[:])
}
