// Command follow-event follows an event with anyone's link and prints each change of
// what that link may see, until it is interrupted:
//
//	go run ./examples/follow-event 'https://host/display#green-2026.display-d1.…'
//
// An organiser's link belongs to no event; name one with -event.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
)

func main() {
	event := flag.String("event", "", "the `id` of the event, with an organiser's link")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: follow-event [-event ID] LINK")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := follow(ctx, flag.Arg(0), floor.EventID(*event)); err != nil {
		fmt.Fprintln(os.Stderr, "follow-event:", err)
		os.Exit(1)
	}
}

// follow prints changes until ctx ends or the server refuses the link for good.
func follow(ctx context.Context, link string, event floor.EventID) error {
	dialing, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	c, err := client.Dial(dialing, link, client.Options{
		Event: event, Observe: printChange, OnlineChanged: printConnection,
	})
	if err != nil {
		return err
	}
	defer c.Close()
	fmt.Printf("following %s as %s\n", c.Event(), c.You().Who)
	select {
	case <-ctx.Done():
		return nil
	case <-c.Done():
		return c.Err()
	}
}

// printChange is called for each frame, in order. The next frame waits for it: a
// program that does more than print a line hands the change to a goroutine of its own.
func printChange(change client.ViewChange) {
	seq := change.To.Seq
	if change.Snapshot { // at the start, and when the server no longer has the changes
		fmt.Printf("%d the whole view: %d cards\n", seq, len(change.Set))
		return
	}
	for _, key := range slices.Sorted(maps.Keys(change.Set)) {
		fmt.Printf("%d %s %s\n", seq, key, describe(client.View{Cards: change.Set}, key))
	}
	for _, key := range change.Drop {
		fmt.Printf("%d %s removed\n", seq, key)
	}
}

// describe decodes a card that it knows; docs/CARDS.md lists all. It returns the JSON
// of any other.
func describe(changed client.View, key floor.CardKey) string {
	kind, _, _ := strings.Cut(string(key), "/")
	switch kind {
	case "announcement":
		if card, ok := client.Get[floor.AnnouncementCard](changed, key); ok {
			return card.Text.En
		}
	case "meeting": // staff see where it is; an attendee's own meeting is a floor.OwnMeetingCard
		if card, ok := client.Get[floor.MeetingCard](changed, key); ok && card.Place.Round != "" {
			return fmt.Sprintf("is in round %s at table %s", card.Place.Round, card.Place.Table)
		}
	}
	return string(changed.Cards[key])
}

// printConnection is called when the connection ends and when the view is current
// again. The client connects by itself, unless it was refused for good, and receives
// only what has changed since.
func printConnection(online bool, reason error) {
	_, refused := errors.AsType[*client.ClosedError](reason)
	switch {
	case online:
		fmt.Println("online")
	case !refused:
		fmt.Println("offline, connecting again:", reason)
	}
}
