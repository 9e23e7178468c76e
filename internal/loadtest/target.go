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

// stage is a server as scenarios see it.
type stage interface {
	// slot starts or ends a round: something small that everybody sees.
	slot(ctx context.Context) (change, error)
	// move moves a meeting: something that five phones and the consoles see. It may
	// be called by many at once; i picks the console.
	move(ctx context.Context, i int) (change, error)
	// large makes changes of about 16 KB that everybody sees.
	large(ctx context.Context) ([]change, error)
	// check compares what everybody holds with what the server says.
	check(ctx context.Context, l *pool) (digests, error)
	// seen answers how many frames the consoles were sent so far.
	seen() int
}

// errNoMore says that a stage has nothing left to do of a kind.
var errNoMore = errors.New("load: all rounds are over")

// digests is how many clients' views were held against the server's.
type digests struct {
	Checked int `json:"checked"`
	Wrong   int `json:"wrong"`
}
