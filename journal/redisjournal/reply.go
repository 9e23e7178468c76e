package redisjournal

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/matchfloor/matchfloor/journal"
)

// reply is the answer of a script: the values that all scripts begin with, and the rest.
type reply struct {
	outcome string
	head    journal.Position
	clock   time.Time
	rest    []any
}

// leavesWrite reports whether a script with this outcome has made a write that WAIT can count.
func leavesWrite(outcome any) bool {
	switch outcome {
	case "appended", "known", "expired", "confirmed", "replaced":
		return true
	}
	return false
}

// parseReply returns a function that parses the answer of a script on log.
func parseReply(log journal.LogID) func([]any, error) (reply, error) {
	return func(values []any, err error) (reply, error) {
		if err != nil {
			return reply{}, contractError(log, err)
		}
		f := fields{values: values}
		r := reply{outcome: f.text()}
		r.head = journal.Position{Epoch: f.number(), Seq: f.number(), Hash: journal.Hash(f.hash())}
		r.clock = redisTime(f.number(), f.number())
		r.rest = f.values
		if f.broken {
			return reply{}, &journal.CorruptError{Log: log, Seq: r.head.Seq}
		}
		return r, nil
	}
}

// fields takes values off a list. After the last one, broken says whether a value was missing or
// of another type.
type fields struct {
	values []any
	broken bool
}

func (f *fields) next() any {
	if len(f.values) == 0 {
		f.broken = true
		return nil
	}
	v := f.values[0]
	f.values = f.values[1:]
	return v
}

func (f *fields) text() string {
	s, ok := f.next().(string)
	f.broken = f.broken || !ok
	return s
}

func (f *fields) number() uint64 {
	n, err := strconv.ParseUint(f.text(), 10, 64)
	f.broken = f.broken || err != nil
	return n
}

func (f *fields) hash() (h [32]byte) {
	s := f.text()
	f.broken = f.broken || len(s) != len(h)
	copy(h[:], s)
	return h
}

func (f *fields) list() []any {
	l, ok := f.next().([]any)
	f.broken = f.broken || !ok
	return l
}

// parseRecord reads one stream entry; ok is false if it differs from what append.lua adds.
func parseRecord(entry any) (r journal.Record, ok bool) {
	pair := fields{values: asList(entry)}
	id := pair.text()
	f := fields{values: pair.list()}
	number, isOurs := strings.CutSuffix(id, "-0")
	seq, err := strconv.ParseUint(number, 10, 64)
	r.Seq = seq
	f.text()
	r.Key = journal.CommandKey(f.text())
	f.text()
	r.Digest = f.hash()
	f.text()
	r.Hash = f.hash()
	f.text()
	r.Body = []byte(f.text())
	return r, isOurs && err == nil && !pair.broken && !f.broken && len(f.values) == 0
}

func asList(v any) []any {
	l, _ := v.([]any) // another type is an empty list, whose missing fields are noticed
	return l
}

// parsePage returns the records of a page, verified from the position before it, and against the
// head if the page reaches it.
func parsePage(log journal.LogID, at, head journal.Position, limit int, entries []any) ([]journal.Record, error) {
	records := make([]journal.Record, 0, len(entries))
	size := 0
	for i, entry := range entries {
		r, ok := parseRecord(entry)
		if !ok {
			return nil, &journal.CorruptError{Log: log, Seq: at.Seq + uint64(i) + 1}
		}
		size += len(r.Body)
		records = append(records, r)
	}
	end, err := journal.Verify(log, at, records)
	switch {
	case err != nil:
		return nil, err
	case size <= journal.MaxPageBytes && end.Seq != min(head.Seq, at.Seq+uint64(limit)):
		return nil, &journal.CorruptError{Log: log, Seq: end.Seq + 1}
	case end.Seq == head.Seq && end != head:
		return nil, &journal.CorruptError{Log: log, Seq: end.Seq}
	}
	return records, nil
}

// contractError wraps an error of the client library in one of the contract: ErrUnavailable if
// the command certainly did not run, otherwise ErrUnknown.
func contractError(log journal.LogID, err error) error {
	switch {
	case errors.Is(err, journal.ErrUnavailable), errors.Is(err, journal.ErrUnknown):
		return err
	case redis.HasErrorPrefix(err, "MFCORRUPT"):
		return fmt.Errorf("%w: %w", &journal.CorruptError{Log: log, Seq: 1}, err)
	case redis.HasErrorPrefix(err, "MFINDEX"):
		return indexError(log, "%s", strings.TrimPrefix(err.Error(), "MFINDEX "))
	case isRefusal(err),
		errors.Is(err, errDial),
		errors.Is(err, redis.ErrClosed),
		errors.Is(err, redis.ErrPoolTimeout),
		errors.Is(err, redis.ErrPoolExhausted):
		return fmt.Errorf("%w: %w", journal.ErrUnavailable, withoutArguments(err))
	default:
		return fmt.Errorf("%w: %w", journal.ErrUnknown, withoutArguments(err))
	}
}

// refusals are the prefixes of errors that mean that nothing was written. Redis refuses a whole
// command, or a script at its first write; it does not check later writes of the script.
var refusals = []string{
	"READONLY",    // a replica, or a former master
	"NOREPLICAS",  // fewer replicas than min-replicas-to-write are in touch
	"MISCONF",     // it cannot write its files
	"OOM",         // maxmemory
	"LOADING",     // it is loading its files, or those of a master
	"MASTERDOWN",  // a replica without a master
	"CLUSTERDOWN", // slots of the cluster are not served, or this node is cut off from it
	"MOVED",       // another node has the slot
	"ASK",         // another node has the keys already
	"TRYAGAIN",    // some of the keys are here and some there
	"CROSSSLOT",
	"BUSY", // another script is running
	"NOAUTH", "WRONGPASS", "NOPERM",
	"max number of clients reached",
	"Protocol error: unauthenticated",               // a large command before AUTH
	"unknown command",                               // renamed, and not in a script
	"Invalid command passed to redis.acl_check_cmd", // renamed, found before the script writes
}

// isRefusal reports whether err says that Redis wrote nothing.
func isRefusal(err error) bool {
	for _, prefix := range refusals {
		if redis.HasErrorPrefix(err, prefix) {
			// Redis checks the permissions at every command of a script. The scripts check
			// them before, if Redis has acl_check_cmd; this is for older versions.
			return prefix != "NOPERM" || !strings.Contains(err.Error(), "script")
		}
	}
	return false
}

// readError turns ErrUnknown into ErrUnavailable for a call that writes nothing to a log: without
// an answer nothing has happened.
func readError(err error) error {
	if err == nil || errors.Is(err, journal.ErrUnavailable) || errors.Is(err, journal.ErrCorrupt) {
		return err
	}
	return fmt.Errorf("%w: %w", journal.ErrUnavailable, err)
}

// redisTime returns the time in a result of Redis's TIME.
func redisTime(seconds, micros uint64) time.Time {
	return time.Unix(int64(seconds), int64(micros)*int64(time.Microsecond))
}
