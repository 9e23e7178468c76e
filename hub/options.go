package hub

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/hub/presence"
	"github.com/matchfloor/matchfloor/journal"
)

// Options configure a hub. The zero value of each field stands for its default.
type Options struct {
	// SnapshotPath returns the path of a snapshot that is too large for a frame. The client fetches
	// from it the view at seq or later. The default returns the path of docs/PROTOCOL.md.
	SnapshotPath func(log journal.LogID, link floor.LinkID, seq uint64) string
	// DecodeRecord decodes the records of logs. The default is floor.DecodeRecord; tests of rolling
	// upgrades replace it to imitate another version of the program.
	DecodeRecord func(body []byte) (floor.Record, error)
	// Presence passes between nodes who is connected to each. The default knows only
	// this node.
	Presence presence.Store
	// Node names this node to the others. The default is random.
	Node string
	// Logger takes what an operator should know, without names and payloads. The default
	// is slog.Default().
	Logger *slog.Logger

	MaxEvents     int           // logs open at a time, "_" included; 256
	MaxSessions   int           // sessions of all events together; 20,000
	HistorySize   int           // versions held of each event, to make patches from; 2,048
	QueueSize     int           // commands that may wait at one event; 1,024
	IdleTimeout   time.Duration // an event without sessions is closed after this; 5 min
	SnapshotEvery int           // records between two stored snapshots, at least; 1,000
}

func (o Options) withDefaults() Options {
	if o.SnapshotPath == nil {
		o.SnapshotPath = snapshotPath
	}
	if o.DecodeRecord == nil {
		o.DecodeRecord = floor.DecodeRecord
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Node == "" {
		o.Node = rand.Text()
	}
	for _, d := range []struct {
		field    *int
		standard int
	}{{&o.MaxEvents, 256}, {&o.MaxSessions, 20_000}, {&o.HistorySize, 2048}, {&o.QueueSize, 1024}, {&o.SnapshotEvery, 1000}} {
		if *d.field <= 0 {
			*d.field = d.standard
		}
	}
	if o.IdleTimeout <= 0 {
		o.IdleTimeout = 5 * time.Minute
	}
	return o
}

func snapshotPath(log journal.LogID, link floor.LinkID, seq uint64) string {
	return fmt.Sprintf("/api/v1/events/%s/snapshot?as=%s&seq=%d", url.PathEscape(string(log)), url.QueryEscape(string(link)), seq)
}
