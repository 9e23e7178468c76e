//go:build linux

package loadtest

import (
	"context"
	"errors"
	"time"
)

// change is something that was done and that phones are to see.
type change struct {
	sent   time.Time
	seq    uint64
	phones []*phone // nil: all
}

// target is a server as scenarios see it.
type target interface {
	// slot starts or ends a round: something small that everybody sees.
	slot(ctx context.Context) (change, error)
	// move moves a meeting: something that five phones and the consoles see. It may
	// be called by many at once; i picks the console.
	move(ctx context.Context, i int) (change, error)
	// large makes changes of about 16 KB that everybody sees.
	large(ctx context.Context) ([]change, error)
	// check compares what everybody holds with what the server says.
	check(ctx context.Context, l *pool) (viewChecks, error)
	// consoleFrames answers how many frames the consoles were sent so far.
	consoleFrames() int
}

// errNoMoreRounds says that a stage has nothing left to do of a kind.
var errNoMoreRounds = errors.New("load: all rounds are over")

// viewChecks is how many clients' views were held against the server's.
type viewChecks struct {
	Checked int `json:"checked"`
	Wrong   int `json:"wrong"`
}
