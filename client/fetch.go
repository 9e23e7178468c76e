package client

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/matchfloor/matchfloor/wire"
)

// maxFetchRetries is how often a fetch that failed temporarily is repeated.
const maxFetchRetries = 3

// snapshotFetcher fetches a large snapshot over HTTP while frames go on arriving.
type snapshotFetcher struct {
	api    *api
	jitter jitter

	results chan fetchedSnapshot
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// fetchedSnapshot is the result of a fetch.
type fetchedSnapshot struct {
	frame    wire.Snapshot // that named the path
	snapshot wire.Snapshot
	arrival
	err error
}

func newSnapshotFetcher(a *api, j jitter) *snapshotFetcher {
	return &snapshotFetcher{
		api: a, jitter: j,
		results: make(chan fetchedSnapshot), cancel: func() {},
	}
}

// start fetches the path of a snapshot frame in a goroutine, which sends the result
// to results unless it is stopped before.
func (f *snapshotFetcher) start(ctx context.Context, frame wire.Snapshot) {
	ctx, cancel := context.WithCancel(ctx)
	f.cancel = cancel
	f.running.Go(func() {
		defer cancel()
		s, size, err := f.fetch(ctx, frame.Get)
		select {
		case f.results <- fetchedSnapshot{frame, s, arrival{size, time.Now()}, err}:
		case <-ctx.Done():
		}
	})
}

// stop makes the goroutine of the last start end without a result; wait waits for it.
func (f *snapshotFetcher) stop() { f.cancel() }

func (f *snapshotFetcher) wait() { f.running.Wait() }

// fetch gets a snapshot and retries temporary failures.
func (f *snapshotFetcher) fetch(ctx context.Context, path string) (s wire.Snapshot, size int, err error) {
	for try := 1; ; try++ {
		s, size, err = f.api.snapshot(ctx, path)
		var status *StatusError
		if err == nil || errors.As(err, &status) && !status.temporary() || try > maxFetchRetries {
			return s, size, err
		}
		pause := f.jitter.usualPause(try)
		if status != nil {
			pause = max(pause, status.Retry)
		}
		if !sleep(ctx, pause) {
			return s, size, ctx.Err()
		}
	}
}
