//go:build linux

// Package loadtest measures a server with thousands of phones from one machine. For each
// scenario it makes an event, signs everybody in, runs the scenario, and writes the results
// as one JSON line. At the end it compares each client's view with the server's digest of
// it.
//
// The phones are cheap: one goroutine reads and writes for all of them, a frame that many
// received is decoded once, and cards are materialized only at the end. The moderators'
// consoles are clients of package client.
package loadtest

// Locks: pool, console, floorTarget and chatTarget each have one. No goroutine holds two of
// them. Everything else of a pool and its phones belongs to the goroutine of pool.run.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
)

// ErrViewsDiffer means that some client's view differed from the server's at the end, or that a
// change was not delivered.
var ErrViewsDiffer = errors.New("load: a client's view differs from the server's, or a change was not delivered: see the fields digests and lost of the results")

// Run runs the scenarios one after the other and writes their results. It blocks until all
// have ended. It returns ErrViewsDiffer if that was true of a scenario; the others are run
// nevertheless. Any other error ends the run.
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
		if o.OnResult != nil {
			o.OnResult(name, r)
		}
		if o.Chat == "" && (r.Lost > 0 || r.Digests.Wrong > 0) {
			not = ErrViewsDiffer
		}
	}
	return not
}
