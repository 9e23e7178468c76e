package replica

import (
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal"
)

// LostLog says that a log is without the records that it must have. Until it has them
// again, or an operator decides, the replica keeps its versions, decides nothing and
// appends nothing.
type LostLog struct {
	Why   Loss
	Held  journal.Position // of this node; without records if it holds none
	Found journal.Position // of the log
	Since time.Time        // wall time
}

// Loss says how a lost log is recognised.
type Loss string

// The losses. A log that has lost its newest records only, or that an operator has erased
// or restored, has diverged, and is not lost: see recovery.
const (
	LossEmpty   Loss = "empty"   // it has no records, although this node holds some or the instance lists its event
	LossForeign Loss = "foreign" // it begins with another first record
	LossOlder   Loss = "older"   // it is in an earlier epoch: from before an erasure or a restore
)

// origin names a log over all of its epochs, by its first record. An erasure or a restore
// keeps the record's key, its payload's digest and its wall time. The key alone is not
// enough: the first records of every instance's log have the same keys.
type origin struct {
	key    journal.CommandKey
	digest journal.Digest
	wall   floor.Instant
}

// originOf returns the origin of a log whose first record is given, and the zero origin
// if the record cannot be read.
func originOf(c *core, first journal.Record) origin {
	record, err := c.Decode(first.Body)
	if err != nil {
		return origin{}
	}
	return origin{first.Key, first.Digest, record.Wall}
}

// lossOf returns how a log is lost that ends at found and has the given origin, and nil
// if it is not: then it is this node's log, or what became of it lawfully. A node
// that holds no record loses none.
func lossOf(c *core, ours origin, found journal.Position, theirs origin) *LostLog {
	held, why := c.history.Head().At, Loss("")
	switch {
	case held.Seq == 0:
	case found.Seq == 0:
		why = LossEmpty
	case theirs != ours:
		why = LossForeign
	case found.Epoch < held.Epoch:
		why = LossOlder
	}
	if why == "" {
		return nil
	}
	return &LostLog{Why: why, Held: held, Found: found, Since: c.now()}
}

// listed reports whether the instance lists the event of this log: then the log has had a
// record, because an event is listed only after its import is stored.
func listed(c *core) bool {
	instance := c.InstanceHistory()
	if c.log == journal.InstanceLog || instance == nil {
		return false
	}
	head, _ := instance.HeadAndLineage()
	for e := range head.State.Events() {
		if journal.LogID(e.ID) == c.log {
			return true
		}
	}
	return false
}
