package journal

import (
	"context"
	"errors"
	"fmt"
)

// Indexed is a Journal that finds command keys, or records, by indexes that it stores next to the
// records. The hash chain covers the records only.
type Indexed interface {
	Journal
	// CheckIndexes compares the indexes of the logs with their records. It returns an error
	// that wraps an *IndexError for each log whose index is damaged, and changes nothing. It
	// reads everything that is stored of the logs.
	CheckIndexes(ctx context.Context, logs ...LogID) error
}

// ErrIndex is wrapped, as is ErrCorrupt, by every IndexError.
var ErrIndex = errors.New("journal: an index does not match the records")

// IndexError says that an index is damaged, while nothing says so of the records. The index can be
// made again from them.
type IndexError struct {
	Log    LogID  // "" if the index is of all logs
	Index  string // what it is an index of, such as "command ids"
	Detail string // how it differs from the records
}

func (e *IndexError) Error() string {
	of := "of all logs"
	if e.Log != "" {
		of = fmt.Sprintf("of log %q", e.Log)
	}
	return fmt.Sprintf("journal: the index of %s %s is damaged (%s), not the records: matchfloor repair --indexes makes it again from them", e.Index, of, e.Detail)
}

// Unwrap returns ErrIndex and ErrCorrupt: a caller that may not use a damaged log may not use one
// whose index is damaged.
func (e *IndexError) Unwrap() []error { return []error{ErrIndex, ErrCorrupt} }
