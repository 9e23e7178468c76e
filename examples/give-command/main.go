// Command give-command gives one command with a moderator's link, waits for its
// result and prints it:
//
//	go run ./examples/give-command LINK announce 'Lunch is served'
//	go run ./examples/give-command LINK move MEETING ROUND TABLE
//
// Built (go build ./examples/give-command), it exits with 0 if the command is in the log, 1 if it is not and will not be, 2 after
// a mistake in the arguments, and 3 if its result is unknown; go run makes each failure 1.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

var (
	id     = flag.String("id", client.NewID(), "the `id` of the command: to learn an unknown result, give the command again with the same id")
	base   = flag.Uint64("base", 0, "the `sequence` that the sender's screen showed; default: the newest")
	within = flag.Duration("within", 20*time.Second, "how long to wait for the result")
)

func main() {
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: give-command [flags] LINK announce TEXT | LINK move MEETING ROUND TABLE")
		flag.PrintDefaults()
	}
	flag.Parse()
	body := parse(flag.Args())
	if body == nil {
		flag.Usage()
		os.Exit(2)
	}
	os.Exit(give(flag.Arg(0), wire.Command{ID: *id, Body: body}))
}

// parse returns the command of the arguments after the link, or nil.
func parse(args []string) floor.Command {
	switch {
	case len(args) == 3 && args[1] == "announce":
		return floor.Announce{Text: floor.Text{En: args[2]}}
	case len(args) == 5 && args[1] == "move":
		return floor.MoveMeeting{
			Meeting: floor.MeetingID(args[2]), Round: floor.RoundID(args[3]), Table: floor.TableID(args[4]),
		}
	}
	return nil
}

// give gives a command, prints its result and returns the exit code.
func give(link string, command wire.Command) int {
	ctx, cancel := context.WithTimeout(context.Background(), *within)
	defer cancel()
	c, err := client.Dial(ctx, link, client.Options{})
	if err != nil { // nothing was sent
		fmt.Fprintln(os.Stderr, "give-command:", err)
		return 1
	}
	defer c.Close()
	// If somebody has changed the same thing after this sequence, the command is refused.
	if command.Base = c.Base(); *base > 0 {
		command.Base = base
	}
	done, err := c.Do(ctx, command)
	refused, isRefusal := errors.AsType[*wire.Rejected](err)
	_, isUnknown := errors.AsType[*client.UnknownOutcomeError](err)
	switch {
	case err == nil:
		return printAccepted(ctx, c, done)
	case isRefusal && refused.Code == string(floor.CodeStale):
		fmt.Printf("conflict: %s was changed by %s in record %s; look at it again\n",
			refused.Params["of"], refused.Params["by"], refused.Params["seq"])
	case isRefusal: // the pages have a sentence in three languages for each code
		fmt.Println("refused:", refused.Problem.Error())
	case isUnknown: // no answer: it may or may not be in the log
		fmt.Printf("unknown: run this again with -id %s: %v\n", command.ID, err)
		return 3
	default: // it was not sent
		fmt.Fprintln(os.Stderr, "give-command:", err)
	}
	return 1
}

// printAccepted waits until the view shows the effect of a command, and prints where.
func printAccepted(ctx context.Context, c *client.Client, done wire.Accepted) int {
	fmt.Printf("accepted: record %d\n", done.Seq)
	for _, note := range done.Notes { // such as companies that have met before
		fmt.Println("note:", note)
	}
	if err := c.Wait(ctx, done.Seq); err != nil {
		fmt.Println("the view does not show it yet:", err)
		return 0
	}
	c.Read(func(v client.View) { fmt.Printf("shown at %s\n", v.At) })
	return 0
}
