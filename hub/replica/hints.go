package replica

import (
	"sync"

	"github.com/matchfloor/matchfloor/journal"
)

// hints holds what the journal has hinted at until the replica looks. It is bounded
// and never blocks.
type hints struct {
	mu      sync.Mutex // guards the fields below
	records []journal.Record
	read    bool // the log must be read: a hint was empty, or there were too many
}

// put adds records; none means that the log must be read.
func (h *hints) put(records []journal.Record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(records) == 0 || len(h.records)+len(records) > journal.MaxPage {
		h.records, h.read = nil, true
	}
	if !h.read {
		h.records = append(h.records, records...)
	}
}

// take removes and returns the records, and reports whether the log must be read.
func (h *hints) take() (records []journal.Record, read bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	records, read = h.records, h.read
	h.records, h.read = nil, false
	return records, read
}
