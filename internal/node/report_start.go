package node

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/matchfloor/matchfloor/journal"
)

const (
	probeTimeout = 1500 * time.Millisecond // so that an operator knows within 2 s what a start waits for
	probeEvery   = time.Second
)

// ReportStart probes a store until the journal can be used, and logs what the start waits
// for, each reason once. It then logs which settings of the journal break a promise. It
// returns at once; stop ends the probing and returns when it has ended. A store without
// Probe is not probed.
func ReportStart(ctx context.Context, store *Store, log *slog.Logger) (stop func()) {
	if store.Probe == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		reportStart(ctx, store, log)
	}()
	return func() {
		cancel()
		<-ended
	}
}

func reportStart(ctx context.Context, store *Store, log *slog.Logger) {
	reported := ""
	for ctx.Err() == nil {
		probing, cancel := context.WithTimeout(ctx, probeTimeout)
		warnings, err := store.Probe(probing)
		cancel()
		if err == nil {
			if reported != "" {
				log.Info("the journal can be used now")
			}
			for _, w := range warnings {
				log.Warn(w.Text, "code", w.Code)
			}
			return
		}
		if err.Error() != reported && ctx.Err() == nil {
			reported = err.Error()
			code := "journal_not_ready"
			if f, ok := errors.AsType[*journal.Finding](err); ok {
				code = f.Code
			}
			log.Warn("waiting for the journal: "+reported, "code", code)
		}
		_ = sleep(ctx, probeEvery) // the loop looks at ctx
	}
}
