package journal

import "fmt"

// Valid reports whether the id is 1 to 64 characters of [A-Za-z0-9_-].
func (id LogID) Valid() bool {
	if len(id) == 0 || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// Check returns an error that wraps ErrMalformed if the id is not Valid.
func (id LogID) Check() error {
	if !id.Valid() {
		return fmt.Errorf("%w: %q is not a log's id", ErrMalformed, string(id))
	}
	return nil
}

// CheckBatch is the first check of every Append, for implementations of Journal. It returns an
// error that wraps ErrMalformed unless log is a valid id and batch has 1 to MaxBatch records
// within the limits of size, with distinct keys, that follow from expect.
func CheckBatch(log LogID, expect Position, batch []Record) error {
	if err := log.Check(); err != nil {
		return err
	}
	if len(batch) == 0 || len(batch) > MaxBatch {
		return fmt.Errorf("%w: %d records; 1 to %d are allowed", ErrMalformed, len(batch), MaxBatch)
	}
	size := 0
	for _, r := range batch {
		size += len(r.Body)
	}
	if size > MaxBatchBytes {
		return fmt.Errorf("%w: %d bytes; at most %d are allowed", ErrMalformed, size, MaxBatchBytes)
	}
	if err := checkRecords(batch); err != nil {
		return err
	}
	if _, err := Verify(log, expect, batch); err != nil {
		return fmt.Errorf("%w: %v", ErrMalformed, err)
	}
	return nil
}

// Rechain is the first step of every Replace, for implementations of Journal. It returns a copy
// of records, chained in the epoch after that of expect, and the head of the copy. The error
// wraps ErrMalformed unless the records are numbered from 1 without a gap and within the
// limits of size, with distinct keys.
func Rechain(log LogID, expect Position, records []Record) ([]Record, Position, error) {
	if err := log.Check(); err != nil {
		return nil, Position{}, err
	}
	if err := checkRecords(records); err != nil {
		return nil, Position{}, err
	}
	for i, r := range records {
		if r.Seq != uint64(i)+1 {
			return nil, Position{}, fmt.Errorf("%w: record %d has the sequence number %d", ErrMalformed, i+1, r.Seq)
		}
	}
	chained := append([]Record(nil), records...)
	return chained, Chain(Genesis(log, expect.Epoch+1), chained), nil
}

// checkRecords checks the sizes of the records and that their keys are distinct.
func checkRecords(records []Record) error {
	keys := make(map[CommandKey]bool, len(records))
	for _, r := range records {
		switch {
		case len(r.Body) > MaxRecord:
			return fmt.Errorf("%w: record %d has %d bytes, more than %d", ErrMalformed, r.Seq, len(r.Body), MaxRecord)
		case len(r.Key) == 0 || len(r.Key) > MaxKey:
			return fmt.Errorf("%w: the key of record %d has %d bytes, not 1 to %d", ErrMalformed, r.Seq, len(r.Key), MaxKey)
		case keys[r.Key]:
			return fmt.Errorf("%w: two records have the key %q", ErrMalformed, string(r.Key))
		}
		keys[r.Key] = true
	}
	return nil
}
