package hub

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/matchfloor/matchfloor/hub/replica"
	"github.com/matchfloor/matchfloor/journal"
)

// Recovered says what Recover did about one log.
type Recovered struct {
	Log     journal.LogID
	Records int   // in the log, if Err is nil
	Err     error // why it was not recovered
}

// Recover writes the lost logs that this node holds back into the journal: see
// [replica.Replica.Refill]. The result names each log that is or was lost, the instance's
// last: a node that finds an event in the instance's log must find the event's own. It
// writes nothing if one of them holds other records, unless over is set: the journal may be
// another instance's. A log that has come back, as from another node, is left as it is. It blocks until all of that is durable, or ctx ends. Nodes that hold
// the same logs follow them again by themselves.
func Recover(ctx context.Context, h *Hub, over bool) (all []Recovered) {
	lost := h.Stats().LostLogs
	slices.SortStableFunc(lost, func(a, b LostLog) int { return instanceLast(a.Log) - instanceLast(b.Log) })
	if !over {
		if all, empty := checkEmpty(ctx, h, lost); !empty {
			return all
		}
	}
	for _, l := range lost {
		all = append(all, recoverLog(ctx, h, l.Log, over))
	}
	at := slices.IndexFunc(all, func(r Recovered) bool { return r.Log == journal.InstanceLog })
	if at < 0 {
		at = len(all)
	}
	return slices.Insert(all, at, lostUnopened(ctx, h, lost)...)
}

func instanceLast(log journal.LogID) int {
	if log == journal.InstanceLog {
		return 1
	}
	return 0
}

// checkEmpty reports whether the journal holds nothing under the names of those given logs that
// are still lost.
// If it does, or if it does not answer, the result says so for each.
func checkEmpty(ctx context.Context, h *Hub, lost []LostLog) (all []Recovered, empty bool) {
	empty = true
	for _, l := range lost {
		result := Recovered{Log: l.Log, Err: errOthersNotEmpty}
		lost, err := stillLost(ctx, h, l.Log)
		page := journal.Page{}
		if err == nil && lost {
			page, err = h.journal.Read(ctx, l.Log, 0, 0)
		}
		switch {
		case err != nil:
			result.Err, empty = err, false
		case page.Head.Seq > 0:
			result.Err, empty = fmt.Errorf("%w: it is at %v", replica.ErrNotEmpty, page.Head), false
		}
		all = append(all, result)
	}
	return all, empty
}

// stillLost reports whether a log is lost, after it was read once more.
func stillLost(ctx context.Context, h *Hub, log journal.LogID) (bool, error) {
	e, err := h.open(ctx, log)
	if err != nil {
		return false, err
	}
	defer h.events.release(e)
	return e.replica.StillLost(ctx)
}

// errOthersNotEmpty is why an empty log is not refilled.
var errOthersNotEmpty = errors.New("hub: not touched, because another lost log holds other records or cannot be read")

func recoverLog(ctx context.Context, h *Hub, log journal.LogID, over bool) Recovered {
	e, err := h.open(ctx, log)
	if err != nil {
		return Recovered{Log: log, Err: err}
	}
	defer h.events.release(e)
	refilled := e.replica.Refill(ctx, over)
	if errors.Is(refilled.Err, replica.ErrNotLost) { // it has come back
		return Recovered{Log: log, Records: int(e.replica.History().Head().At.Seq)}
	}
	return Recovered{log, refilled.Records, refilled.Err}
}

// lostUnopened returns the events that the instance lists, that are not open on this node,
// and whose logs are empty.
func lostUnopened(ctx context.Context, h *Hub, known []LostLog) (all []Recovered) {
	instance, _, err := h.State(ctx, journal.InstanceLog)
	if err != nil {
		return []Recovered{{Log: journal.InstanceLog, Err: err}}
	}
	for entry := range instance.Events() {
		log := journal.LogID(entry.ID)
		if slices.ContainsFunc(known, func(l LostLog) bool { return l.Log == log }) {
			continue
		}
		switch page, err := h.journal.Read(ctx, log, 0, 0); {
		case err != nil:
			all = append(all, Recovered{Log: log, Err: err})
		case page.Head.Seq == 0:
			all = append(all, Recovered{Log: log, Err: replica.ErrNotHeld})
		}
	}
	slices.SortFunc(all, func(a, b Recovered) int { return strings.Compare(string(a.Log), string(b.Log)) })
	return all
}
