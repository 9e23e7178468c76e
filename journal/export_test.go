package journal

import "bytes"

// Flip changes a bit of a stored record, for the conformance suite.
func (m *Memory) Flip(log LogID, seq uint64, field string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := &m.logs[log].records[seq-1]
	switch field {
	case "body":
		r.Body = bytes.Clone(r.Body)
		r.Body[len(r.Body)/2] ^= 8
	case "key":
		key := []byte(r.Key)
		key[0] ^= 1
		r.Key = CommandKey(key)
	case "digest":
		r.Digest[7] ^= 2
	case "hash":
		r.Hash[31] ^= 1
	}
}
