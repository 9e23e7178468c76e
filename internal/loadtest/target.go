//go:build linux

package loadtest

import (
	"context"
	"errors"
	"time"
)

// change is a change that phones are to receive.
type change struct {
	sent   time.Time
	seq    uint64
	phones []*phone // nil: all
}

// target is a server as the scenarios see it.
type target interface {
	// slot starts or ends a round: a small change for every phone.
	slot(ctx context.Context) (change, error)
	// move moves a meeting: a change for five phones and the consoles. It may be called
	// concurrently; i selects the console.
	move(ctx context.Context, i int) (change, error)
	// one changes something that concerns the i-th phone and the consoles. It may be called
	// concurrently, once for each phone.
	one(ctx context.Context, i int) (change, error)
	// large makes changes of about 16 KB for every phone.
	large(ctx context.Context) ([]change, error)
	// check compares all views with the server's.
	check(ctx context.Context, l *pool) (viewChecks, error)
}

// errNoMoreRounds means that all rounds have ended.
var errNoMoreRounds = errors.New("load: all rounds are over")

// viewChecks counts the views that were compared with the server's.
type viewChecks struct {
	Checked int `json:"checked"`
	Wrong   int `json:"wrong"`
}
