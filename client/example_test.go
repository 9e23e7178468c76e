package client_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// A phone learns whom its link belongs to, and which version of the schedule is released.
func ExampleDial() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	v, err := openVenue()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer v.close()
	link := v.link(floor.RoleAttendee, nil) // as it is printed on the invitation

	c, err := client.Dial(ctx, link, client.Options{HTTP: v.http.Client()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	event, _ := client.Get[floor.EventCard](c.View(), "event/green-2026")
	me, _ := client.Get[floor.AttendeeSelfCard](c.View(), floor.CardKey("me/"+c.You().Who.ID()))
	fmt.Println(c.You().Who.Role(), "of", me.Company, "with version", event.Version, "of the schedule")
	// Output: attendee of c01 with version 1 of the schedule
}

// A command with an ID is applied at most once, even if it is given again.
func ExampleClient_Do() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	v, err := openVenue()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer v.close()
	c, err := client.Dial(ctx, v.link(floor.RoleModerator, lead), client.Options{HTTP: v.http.Client()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	closeTable := wire.Command{ID: client.NewID(), Base: c.Base(), Body: floor.CloseTable{Table: "T26", Reason: "leaks"}}
	first, err := c.Do(ctx, closeTable)
	if err != nil {
		fmt.Println(err)
		return
	}
	again, err := c.Do(ctx, closeTable) // the same answer
	fmt.Println("the same record:", err == nil && first.Seq == again.Seq)

	if err := c.Wait(ctx, first.Seq); err == nil {
		table, _ := client.Get[floor.TableCard](c.View(), "table/T26")
		fmt.Println("closed:", table.Closed, "because it", table.Reason)
	}

	_, err = c.Do(ctx, wire.Command{Body: floor.MoveMeeting{Meeting: "nobody", Table: "T26"}})
	if refused, ok := errors.AsType[*wire.Rejected](err); ok {
		fmt.Println("refused:", refused.Code)
	}
	// Output:
	// the same record: true
	// closed: true because it leaks
	// refused: unknown
}

// A program that restarts resumes from its saved view, which it may have stored as JSON.
// The server sends what has changed since then instead of a snapshot.
func ExampleClient_Save() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	v, err := openVenue()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer v.close()
	link := v.link(floor.RoleDisplay, nil)
	c, err := client.Dial(ctx, link, client.Options{HTTP: v.http.Client()})
	if err != nil {
		fmt.Println(err)
		return
	}
	saved := c.Save()
	c.Close()

	var snapshots atomic.Int64
	c, err = client.Dial(ctx, link, client.Options{HTTP: v.http.Client(), Saved: saved, Observe: func(change client.ViewChange) {
		if change.Snapshot {
			snapshots.Add(1)
		}
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	fmt.Println("at the saved position or later:", c.At().Seq >= saved.At.Seq)
	fmt.Println("snapshots:", snapshots.Load())
	// Output:
	// at the saved position or later: true
	// snapshots: 0
}

// WaitFor waits for a condition on the view instead of polling it.
func ExampleClient_WaitFor() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	v, err := openVenue()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer v.close()
	moderator, err := client.Dial(ctx, v.link(floor.RoleModerator, lead), client.Options{HTTP: v.http.Client()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer moderator.Close()
	display, err := client.Dial(ctx, v.link(floor.RoleDisplay, nil), client.Options{HTTP: v.http.Client()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer display.Close()

	go moderator.Do(ctx, wire.Command{Body: floor.Announce{Text: floor.Text{En: "Lunch is served"}}})
	err = display.WaitFor(ctx, func(v client.View) bool {
		for _, a := range client.Each[floor.AnnouncementCard](v, "announcement") {
			fmt.Println(a.Text.En)
			return true
		}
		return false
	})
	fmt.Println(err)
	// Output:
	// Lunch is served
	// <nil>
}
