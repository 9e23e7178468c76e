package replica

import (
	"crypto/sha256"
	"errors"
	"time"

	"github.com/matchfloor/matchfloor/journal"
	"github.com/matchfloor/matchfloor/wire"
)

// lookupCommands asks the journal which of the given commands are in the log, on
// whichever state they were refused.
func (c *core) lookupCommands(refused []refusedCommand) (map[journal.CommandKey]journal.Duplicate, error) {
	var batch []journal.Record
	seen := make(map[journal.CommandKey]bool)
	for _, r := range refused {
		key := journal.CommandKey(r.Envelope.Key)
		if !seen[key] {
			seen[key] = true
			batch = append(batch, journal.Record{Key: key, Digest: r.digest})
		}
	}
	return c.lookupDuplicates(batch)
}

// lookupDuplicates asks the journal which keys of at most MaxBatch records are in the
// log. It appends them after a position at which the log cannot stand: such a batch is
// never stored, and the result says only what is known.
func (c *core) lookupDuplicates(records []journal.Record) (map[journal.CommandKey]journal.Duplicate, error) {
	nowhere := c.history.Head().At
	nowhere.Hash = journal.Hash(sha256.Sum256(append([]byte("nowhere"), nowhere.Hash[:]...)))
	batch := make([]journal.Record, len(records))
	for i, r := range records {
		batch[i] = journal.Record{Key: r.Key, Digest: r.Digest}
	}
	journal.Chain(nowhere, batch)
	ctx, cancel := c.callContext()
	defer cancel()
	result, err := c.Journal.Append(ctx, c.log, nowhere, batch, time.Time{})
	if err != nil {
		return nil, err
	}
	if result.Outcome == journal.Appended {
		return nil, errors.New("replica: the journal stored a batch that follows from no position of the log")
	}
	known := make(map[journal.CommandKey]journal.Duplicate, len(result.Duplicates))
	for _, d := range result.Duplicates {
		known[d.Key] = d
	}
	return known, nil
}

// duplicateResult returns the verdict on a command whose key is in the log: the
// original result, or a refusal if the key was used for a different command.
func (c *core) duplicateResult(command *Command, d journal.Duplicate) Verdict {
	if d.Digest != command.digest {
		c.countRefusal(wire.CodeIDReused)
		return refusal(wire.CodeIDReused)
	}
	c.Counters.Duplicates.Add(1)
	return Verdict{Seq: d.Seq}
}
