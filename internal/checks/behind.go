package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
)

// behindSteps are the steps that run behind another one.
type behindSteps struct {
	front    *checker
	running  sync.WaitGroup
	outcomes []outcome // complete when running has ended
}

// startBehind starts a goroutine that runs steps, one after another. The caller must
// call wait.
func (c *checker) startBehind(ctx context.Context, steps []step) *behindSteps {
	b := &behindSteps{front: c}
	b.running.Go(func() {
		for _, s := range steps {
			b.outcomes = append(b.outcomes, b.run(ctx, s))
		}
	})
	return b
}

// run runs one step. What it prints is shown when it has ended, so that it does not
// mix with the lines of the step in front.
func (b *behindSteps) run(ctx context.Context, s step) outcome {
	var said bytes.Buffer
	c := &checker{
		out: &lockedWriter{to: &said}, progress: b.front.progress,
		strict: b.front.strict, torture: b.front.torture, polite: true,
	}
	b.front.say("   meanwhile: %s", s.name)
	o := c.measure(ctx, s)
	o.behind = true
	text := strings.TrimRight("\n"+said.String(), "\n")
	b.front.say("   meanwhile: %s took %.1fs%s", s.name, o.took.Seconds(), text)
	return o
}

// wait waits until all steps have ended and returns their outcomes.
func (b *behindSteps) wait() []outcome {
	b.running.Wait()
	return b.outcomes
}

// lockedWriter makes a writer safe for concurrent use.
type lockedWriter struct {
	mu sync.Mutex
	to io.Writer
}

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(p)
}
