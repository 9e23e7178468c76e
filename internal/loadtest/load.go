//go:build linux

// Package loadtest measures a server with thousands of phones from one machine: it
// makes an event, signs everybody in, plays a scenario, and tells what it saw as
// one JSON line. At the end of every scenario each phone's view is held against
// the server's digest of it.
//
// The phones are lean: one goroutine reads and writes for all of them, a frame
// that many were sent is read once, and cards are only put together at the end. The
// moderators' consoles are whole clients of package client.
package loadtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
)

// ErrNotWhole says that some client did not hold at the end what the server said it
// should, or was not sent something.
var ErrNotWhole = errors.New("load: not every client came to hold what it should")

// Run plays the scenarios one after the other and writes their results. It blocks
// until all are done. The error is ErrNotWhole if that was so in any of them, which
// all the same are all played; any other error ends the run.
func Run(ctx context.Context, o Options) error {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := o.check(); err != nil {
		return err
	}
	var not error
	for _, name := range o.Scenarios {
		o.Log.Info("scenario", "name", name, "phones", o.Phones)
		r, err := o.playScenario(ctx, name)
		if err != nil {
			return fmt.Errorf("load: %s: %w", name, err)
		}
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(o.Out, "%s\n", line); err != nil {
			return err
		}
		if o.Told != nil {
			o.Told(name, r)
		}
		if o.Chat == "" && (r.Lost > 0 || r.Digests.Wrong > 0) {
			not = ErrNotWhole
		}
	}
	return not
}
