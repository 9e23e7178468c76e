// Command checks runs everything that CI checks; `make check` and .ci/run start
// it from the root of the module. It runs one step after another, some behind
// others, continues after a failed step so that one run shows every failure, and
// prints the time of each step. The exit code is 0 when every step passed.
//
// With CI=true in the environment a skipped test fails the run.
//
// With -figures, -lower or -comments it measures the module instead.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	var r report
	torture := flag.Bool("torture", false, "run the long versions: 10,000 runs of each property, and the tests that only this runs")
	compose := flag.Bool("compose", false, "only run docker-compose.yml with a container engine, and print each figure")
	flag.BoolVar(&r.figures, "figures", false, "print sizes, tangles, methods and denied words of the module instead of checking it")
	flag.BoolVar(&r.lower, "lower", false, "lower the ceilings in "+ceilingFolder+" to what is measured; a missing file is written with all cases")
	flag.StringVar(&r.comments, "comments", "", "print doc comments of the package in this `folder`, in random order")
	flag.IntVar(&r.count, "n", 20, "how many doc comments -comments prints")
	flag.Uint64Var(&r.seed, "seed", 1, "the seed of -comments")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ok := run(ctx, r, *torture, *compose)
	stop()
	if !ok {
		os.Exit(1)
	}
}

// run prints the report if one is wanted, or goes through the steps, and reports
// whether that succeeded.
func run(ctx context.Context, r report, torture, compose bool) bool {
	if r.wanted() {
		if err := r.print(ctx, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return false
		}
		return true
	}
	out := &lockedWriter{to: os.Stdout}
	c := &checker{out: out, progress: out, strict: os.Getenv("CI") == "true", torture: torture, compose: compose}
	if compose {
		return c.run(ctx, composeSteps())
	}
	return c.run(ctx, steps(torture))
}
