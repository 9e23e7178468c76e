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

// reply is what every script answers first, and the rest of it.
type reply struct {
	outcome string
	head    journal.Position
	clock   time.Time
	rest    []any
}

// wrote reports whether a script with this outcome left a write behind that WAIT
// can count.
func wrote(outcome any) bool {
	return outcome == "appended" || outcome == "known" || outcome == "confirmed" || outcome == "replaced"
}

// parse answers a function for the answer to a script on log.
func parse(log journal.LogID) func([]any, error) (reply, error) {
	return func(values []any, err error) (reply, error) {
		if err != nil {
			return reply{}, sorted(log, err)
		}
		f := fields{values: values}
		r := reply{outcome: f.text()}
		r.head = journal.Position{Epoch: f.number(), Seq: f.number(), Hash: journal.Hash(f.hash())}
		r.clock = clock(f.number(), f.number())
		r.rest = f.values
		if f.broken {
			return reply{}, &journal.CorruptError{Log: log, Seq: r.head.Seq}
		}
		return r, nil
	}
}

// fields takes values apart; broken tells at the end that one was not as it
// should be.
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

// record reads one stream entry; ok is false where it is not as XADD took it.
func record(entry any) (r journal.Record, ok bool) {
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
	l, _ := v.([]any) // what is none is found broken by its missing fields
	return l
}

// page verifies entries from the position before them, and up to the head if
// they reach it.
func page(log journal.LogID, at, head journal.Position, limit int, entries []any) ([]journal.Record, error) {
	records := make([]journal.Record, 0, len(entries))
	size := 0
	for i, entry := range entries {
		r, ok := record(entry)
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

// sorted wraps an error of the client in the contract's. Only where the command
// surely did not run is it ErrUnavailable.
func sorted(log journal.LogID, err error) error {
	switch {
	case errors.Is(err, journal.ErrUnavailable), errors.Is(err, journal.ErrUnknown):
		return err
	case redis.HasErrorPrefix(err, "MFCORRUPT"):
		return fmt.Errorf("%w: %w", &journal.CorruptError{Log: log, Seq: 1}, err)
	case refused(err),
		errors.Is(err, errDial),
		errors.Is(err, redis.ErrClosed),
		errors.Is(err, redis.ErrPoolTimeout),
		errors.Is(err, redis.ErrPoolExhausted):
		return fmt.Errorf("%w: %w", journal.ErrUnavailable, err)
	default:
		return fmt.Errorf("%w: %w", journal.ErrUnknown, err)
	}
}

// refusals begin the errors by which Redis says that it does not run a command,
// or, from inside a script, not its first write: whether a script may write is
// asked before its first write only.
var refusals = []string{
	"READONLY",    // a replica, or a master no more
	"NOREPLICAS",  // fewer replicas in time than min-replicas-to-write
	"MISCONF",     // it cannot write its files
	"OOM",         // maxmemory
	"LOADING",     // it reads its files, or a master's
	"MASTERDOWN",  // a replica without a master
	"CLUSTERDOWN", // a part of the cluster is away, or this node is cut off from it
	"MOVED",       // another node has the slot
	"ASK",         // another node has the keys already
	"TRYAGAIN",    // some of the keys are here and some there
	"CROSSSLOT",
	"BUSY", // somebody else's script runs
	"NOAUTH", "WRONGPASS", "NOPERM",
	"max number of clients reached",
	"Protocol error: unauthenticated", // how Redis refuses the large command of one who has not signed in
}

// refused reports whether Redis answered that it wrote nothing.
func refused(err error) bool {
	for _, prefix := range refusals {
		if redis.HasErrorPrefix(err, prefix) {
			// What a user may not do is asked at each of a script's commands. The
			// scripts ask before, where Redis can be asked; this is for the others.
			return prefix != "NOPERM" || !strings.Contains(err.Error(), "script")
		}
	}
	return false
}

// unwritten is sorted for what writes nothing to a log: no answer is then as
// good as none of it done.
func unwritten(err error) error {
	if err == nil || errors.Is(err, journal.ErrUnavailable) || errors.Is(err, journal.ErrCorrupt) {
		return err
	}
	return fmt.Errorf("%w: %w", journal.ErrUnavailable, err)
}
