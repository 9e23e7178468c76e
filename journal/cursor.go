package journal

import (
	"context"
	"errors"
	"fmt"
)

// The errors of a [Cursor] that cannot go on by itself. Compare with errors.Is.
var (
	// ErrGap says that a hint does not follow the cursor's position, or is empty, which means
	// the same. The caller must read the log with CatchUp or ReadOn.
	ErrGap = errors.New("journal: the hint does not follow the position; read the log")
	// ErrDiverged says that the cursor's position is not in the log's history: the log is in
	// another epoch, its head is before the position, or it has other records at the cursor's
	// sequence numbers.
	ErrDiverged = errors.New("journal: the position is not in the log's history")
)

// Cursor follows one log. It holds a position and moves it forward over records that follow
// from it by the chain of hashes. It never moves back, nor over a gap. After an error it is
// at the last record that it returned, so it returns every record exactly once.
//
// A Cursor is not safe for concurrent use and starts no goroutine.
type Cursor struct {
	log LogID
	at  Position
}

// NewCursor returns a cursor at a position of log. [Genesis](log, 1) is the start of a log that
// was never replaced. With the zero Position the first CatchUp or ReadOn begins before the
// first record of the epoch that the log is in.
func NewCursor(log LogID, at Position) *Cursor { return &Cursor{log: log, at: at} }

// Log returns the log that is followed.
func (c *Cursor) Log() LogID { return c.log }

// At returns the position after the last record that was returned.
func (c *Cursor) At() Position { return c.at }

// Take moves over the records of a hint that are new and follow, and returns them. The hint may
// also be an append's Missed or a batch that the caller has appended. Records at or below the
// cursor's sequence number are ignored even if their contents differ: a hint proves nothing.
// If the rest does not follow, or the hint is empty, Take returns the records up to there and
// ErrGap. It reads nothing and does not block.
func (c *Cursor) Take(hint []Record) ([]Record, error) {
	if len(hint) == 0 {
		return nil, ErrGap
	}
	var taken []Record
	for _, r := range hint {
		if r.Seq <= c.at.Seq {
			continue
		}
		next := c.at.Next(r)
		if r.Seq != next.Seq || r.Hash != next.Hash {
			return taken, ErrGap
		}
		c.at = next
		taken = append(taken, r)
	}
	return taken, nil
}

// CatchUp reads from the cursor's position to the log's head and returns the verified records.
// It blocks as the journal's Read does. With an error it also returns the records that were
// verified before, and the cursor is after them. The error wraps ErrDiverged if the cursor's
// position is not in the log's history.
//
// All records are in memory at once: call ReadOn if they may be a whole log.
func (c *Cursor) CatchUp(ctx context.Context, j Journal) ([]Record, error) {
	var all []Record
	for {
		page, head, err := c.ReadOn(ctx, j)
		all = append(all, page...)
		if err != nil || c.at == head {
			return all, err
		}
	}
}

// ReadOn is one step of CatchUp: it returns the next page of records, and the log's head at the
// time of the read. The cursor has caught up when At equals that head.
func (c *Cursor) ReadOn(ctx context.Context, j Journal) ([]Record, Position, error) {
	page, err := j.Read(ctx, c.log, c.at.Seq, MaxPage)
	if err != nil {
		return nil, page.Head, err
	}
	if c.at == (Position{}) {
		c.at = Genesis(c.log, page.Head.Epoch)
	}
	if err := c.checkHistory(page); err != nil {
		return nil, page.Head, err
	}
	if len(page.Records) == 0 && c.at != page.Head {
		return nil, page.Head, &CorruptError{Log: c.log, Seq: c.at.Seq + 1}
	}
	at, err := Verify(c.log, c.at, page.Records)
	if err != nil {
		return nil, page.Head, err
	}
	c.at = at
	return page.Records, page.Head, nil
}

// checkHistory returns an error that wraps ErrDiverged if the cursor's position is not in the
// log's history. It compares the position with the log's head and with the first record after
// it. The journal has verified that record against the stored one before it, so if it does not
// follow from the cursor's position, the histories differ.
func (c *Cursor) checkHistory(page Page) error {
	follows := true
	switch {
	case page.Head.Epoch != c.at.Epoch, page.Head.Seq < c.at.Seq:
		follows = false
	case page.Head.Seq == c.at.Seq:
		follows = page.Head == c.at
	case len(page.Records) > 0:
		follows = page.Records[0].Hash == c.at.Next(page.Records[0]).Hash
	}
	if !follows {
		return fmt.Errorf("%w: log %q is at %v, the cursor at %v", ErrDiverged, c.log, page.Head, c.at)
	}
	return nil
}
