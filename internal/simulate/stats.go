package simulate

import (
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"

	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// Stats counts what simulated people do. It is safe for concurrent use.
type Stats struct {
	online, turnedAway atomic.Int64

	mu       sync.Mutex // guards the fields below
	accepted map[floor.CommandKind]int64
	refused  map[wire.Code]int64
}

// Online returns how many are connected now.
func (t *Stats) Online() int64 { return t.online.Load() }

// RefusedLinks returns how many the server refused for good.
func (t *Stats) RefusedLinks() int64 { return t.turnedAway.Load() }

// Accepted returns how many of their commands were accepted, by kind. The caller owns the
// map.
func (t *Stats) Accepted() map[floor.CommandKind]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.accepted)
}

// Refused returns how many of their commands were refused, by code: people also try what
// somebody else has just done. The caller owns the map.
func (t *Stats) Refused() map[wire.Code]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.refused)
}

func (t *Stats) addAccepted(kind floor.CommandKind) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.accepted == nil {
		t.accepted = make(map[floor.CommandKind]int64)
	}
	t.accepted[kind]++
}

func (t *Stats) addRefused(code wire.Code) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.refused == nil {
		t.refused = make(map[wire.Code]int64)
	}
	t.refused[code]++
}

// LogValue implements slog.LogValuer.
func (t *Stats) LogValue() slog.Value {
	return slog.GroupValue(slog.Int64("online", t.Online()), slog.Int64("turnedAway", t.RefusedLinks()),
		slog.Any("accepted", t.Accepted()), slog.Any("refused", t.Refused()))
}
