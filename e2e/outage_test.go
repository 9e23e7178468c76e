package e2e_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

// outage is how long the journal, or the only server, is unavailable.
const outage = 20 * time.Second

// 15:10: the journal is unavailable for 20 s. Commands wait in the outboxes and are applied
// once, in order. Screens keep their views; with a running server they show since when these
// are stale.
func (d *acceptanceDay) journalOutage() {
	before := d.logState().Seq()
	began := time.Now()
	var restart func()
	if d.redis != nil {
		d.redis.Kill()
		restart = d.redis.Restart
	} else {
		d.nodes[0].kill()
		restart = d.nodes[0].start
	}
	texts := []string{"one", "two", "three"}
	var waiting sync.WaitGroup
	commandIDs := map[*person][]string{}
	for _, p := range []*person{d.lead, d.second} {
		var commands []wire.Command
		for _, text := range texts {
			c := wire.Command{ID: client.NewID(), Body: floor.Announce{Text: floor.Text{En: p.name + " " + text}, Minutes: 60}}
			commands, commandIDs[p] = append(commands, c), append(commandIDs[p], c.ID)
		}
		waiting.Go(func() { p.submitAll(d.t, commands) })
	}
	if d.redis != nil {
		d.wantStaleStatus()
	}
	timer := time.NewTimer(outage - time.Since(began))
	<-timer.C
	if seq := d.lead.At().Seq; seq > before {
		d.t.Errorf("the console is at %d, the log was at %d", seq, before)
	}
	restart()
	back := time.Now()
	waiting.Wait()
	d.t.Logf("all commands have results %v after the journal is back", time.Since(back).Round(time.Millisecond))
	d.checkConverged()
	d.wantAppliedOnceInOrder(before, commandIDs)
}

// submitAll submits commands one after the other, as an outbox does.
func (p *person) submitAll(t *testing.T, commands []wire.Command) {
	ctx, cancel := context.WithTimeout(t.Context(), outage+60*time.Second)
	defer cancel()
	for _, c := range commands {
		if _, err := p.Do(ctx, c); err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
	}
}

// wantStaleStatus checks that a phone keeps its view and receives the time since which it is
// stale.
func (d *acceptanceDay) wantStaleStatus() {
	phone := d.people[d.phones[7]]
	cards := len(phone.View().Cards)
	eventually(d.t, 10*time.Second, "the phone's stale status", func() error {
		if phone.Status().StaleSince == 0 {
			return context.DeadlineExceeded
		}
		return nil
	})
	if len(phone.View().Cards) != cards || !phone.Online() {
		d.t.Error("the phone lost its view")
	}
}

// wantAppliedOnceInOrder checks that the log has each person's commands once and in order,
// after a sequence number.
func (d *acceptanceDay) wantAppliedOnceInOrder(after uint64, ids map[*person][]string) {
	d.t.Helper()
	page, err := d.journal.Read(d.t.Context(), eventID, after, 1000)
	if err != nil {
		d.t.Fatal(err)
	}
	for p, want := range ids {
		var got []string
		for _, r := range page.Records {
			for _, id := range want {
				if string(r.Key) == string(p.You().Link)+"/"+id {
					got = append(got, id)
				}
			}
		}
		if len(got) != len(want) {
			d.t.Fatalf("%s: %d of %d commands are in the log", p.name, len(got), len(want))
		}
		for i := range want {
			if got[i] != want[i] {
				d.t.Errorf("%s: commands are in another order", p.name)
			}
		}
	}
}
