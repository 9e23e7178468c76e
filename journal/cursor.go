package journal

import (
	"context"
	"errors"
	"fmt"
)

// What a [Cursor] answers when it cannot go on by itself. Compare with errors.Is.
var (
	// ErrGap says that a hint does not join what the cursor holds (or is empty,
	// which means the same): read the log with CatchUp.
	ErrGap = errors.New("journal: the hint does not join the position held; read the log")
	// ErrDiverged says that the log's history is not the cursor's: another epoch,
	// a head before the cursor's position, or other records under its numbers.
	ErrDiverged = errors.New("journal: the log's history is not the one held")
)

// Cursor follows one log: it holds a position and moves it forward over records
// that are proven, by the chain, to follow from it. It never moves back and
// never over a gap. After an error it stands where the last record it answered
// put it, so every record is answered exactly once.
//
// A Cursor is not safe for concurrent use and starts no goroutine.
type Cursor struct {
	log LogID
	at  Position
}

// NewCursor stands at the position at of log; [Genesis](log, 1) is the start of
// a log that was never replaced, and the zero Position asks the log itself: the
// first CatchUp or ReadOn then begins before the first record of the epoch that
// the log is in.
func NewCursor(log LogID, at Position) *Cursor { return &Cursor{log: log, at: at} }

// Log answers the log that is followed.
func (c *Cursor) Log() LogID { return c.log }

// At answers the position after the last record taken.
func (c *Cursor) At() Position { return c.at }

// Take moves over those records of a hint, an append's Missed or one's own
// appended batch that are new and follow, and answers them. Records under
// sequence numbers that the cursor holds already are ignored, whatever they
// contain: a hint is no evidence. If the rest does not join, or the hint is
// empty, the error is ErrGap beside whatever could be taken. It reads nothing
// and does not block.
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

// CatchUp reads from the cursor's position to the log's head and answers the
// records that follow, verified. It blocks as the journal's Read does. An error
// that wraps ErrDiverged says that the caller's history is not the log's; with any
// error the records that were verified before it are answered too, and the
// cursor stands after them.
//
// All of them are in memory at once: where that may be a whole log, call ReadOn.
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

// ReadOn is one step of CatchUp: it answers the next page of records and the
// log's head at the time; the cursor has caught up when At equals that head.
func (c *Cursor) ReadOn(ctx context.Context, j Journal) ([]Record, Position, error) {
	page, err := j.Read(ctx, c.log, c.at.Seq, MaxPage)
	if err != nil {
		return nil, page.Head, err
	}
	if c.at == (Position{}) {
		c.at = Genesis(c.log, page.Head.Epoch)
	}
	if err := c.sameLineage(page); err != nil {
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

// sameLineage judges by what the log says of its head and of the first record
// after the cursor's. The journal has verified that record against the stored
// one before it, so if it does not follow from the cursor's, the histories differ.
func (c *Cursor) sameLineage(page Page) error {
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
		return fmt.Errorf("%w: log %q stands at %v, held was %v", ErrDiverged, c.log, page.Head, c.at)
	}
	return nil
}
