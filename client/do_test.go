package client_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/wire"
)

type doResult struct {
	accepted wire.Accepted
	err      error
}

// doInOrder calls Do for each command, each in a goroutine of its own.
func doInOrder(t *testing.T, c *client.Client, commands ...wire.Command) []chan doResult {
	answers := make([]chan doResult, len(commands))
	for i, command := range commands {
		answers[i] = make(chan doResult, 1)
		go func() {
			a, err := c.Do(t.Context(), command)
			answers[i] <- doResult{a, err}
		}()
		synctest.Wait() // so that they are in the outbox in this order
	}
	return answers
}

func accepted(id string, seq uint64) string {
	return fmt.Sprintf(`{"accepted":{"id":%q,"seq":%d,"notes":[{"code":"no_rest"}]}}`, id, seq)
}

func rejected(id, code string) string {
	return fmt.Sprintf(`{"rejected":{"id":%q,"code":%q,"params":{"of":"meeting/m1"}}}`, id, code)
}

func TestDo_SendsOneCommandAtATimeAndReturnsItsAnswer(t *testing.T) {
	scripted(t, func(t *testing.T, f *fakeServer) {
		c, p := f.connected(f.options(), `{}`)
		move := wire.Command{ID: "c2", Base: c.Base(), Body: floor.MoveMeeting{Meeting: "m1", Tray: true}}
		answers := doInOrder(t, c, release, move)
		first := p.command()
		if len(first.ID) < 20 || first.Base != nil || first.Body != release.Body {
			t.Errorf("%+v", first)
		}
		synctest.Wait()
		if len(p.frames) != 0 {
			t.Error("the second command was sent before the answer to the first")
		}
		p.send(accepted("unknown", 1)) // of no command of this client
		p.send(accepted(first.ID, 6))
		if d := <-answers[0]; d.err != nil || d.accepted.Seq != 6 || d.accepted.Notes[0].Code != floor.NoteNoRest {
			t.Errorf("%+v", d)
		}
		second := p.command()
		if second.ID != "c2" || *second.Base != 5 || second.Body != move.Body {
			t.Errorf("%+v", second)
		}
		p.send(rejected("c2", "stale"))
		d := <-answers[1]
		var refused *wire.Rejected
		if !errors.As(d.err, &refused) || refused.Code != "stale" || refused.Params["of"] != "meeting/m1" {
			t.Errorf("%v", d.err)
		}
	})
}

func TestDo_SendsTheCommandAgainUntilItIsAnswered(t *testing.T) {
	scripted(t, func(t *testing.T, f *fakeServer) {
		c, p := f.connected(f.options(), `{}`)
		answers := doInOrder(t, c, release, wire.Command{ID: "c2", Body: floor.ReleaseSchedule{}})
		id := p.command().ID
		p.close(wire.CloseRestart) // before the answer
		p = f.accept()
		p.hello()
		synctest.Wait()
		if len(p.frames) != 0 {
			t.Error("a command was sent before the answer to hello")
		}
		p.welcome()
		if again := p.command(); again.ID != id {
			t.Errorf("the command was sent again with the ID %s, not %s", id, again.ID)
		}
		for _, pause := range []time.Duration{500, 1000} { // temporary refusals: the same command, later
			start := time.Now()
			p.send(rejected(id, wire.CodeUnavailable))
			again := p.command()
			if took := time.Since(start); again.ID != id || took != pause*time.Millisecond {
				t.Errorf("%s after %v", again.ID, took)
			}
		}
		p.send(accepted(id, 6))
		if d := <-answers[0]; d.err != nil {
			t.Error(d.err)
		}
		if next := p.command(); next.ID != "c2" {
			t.Errorf("%+v", next)
		}
		p.send(accepted("c2", 7))
		<-answers[1]
	})
}

func TestDo_RetriesAtOnceWhenTheJournalIsBack(t *testing.T) {
	scripted(t, func(t *testing.T, f *fakeServer) {
		c, p := f.connected(f.options(), `{}`)
		answers := doInOrder(t, c, release)
		id := p.command().ID
		p.send(`{"live":{"staleSince":1}}`)
		for range 4 { // so that the pause grows
			p.send(rejected(id, wire.CodeUnavailable))
			p.command()
		}
		p.send(rejected(id, wire.CodeUnavailable))
		start := time.Now()
		p.send(`{"live":{}}`)
		if again := p.command(); again.ID != id || time.Since(start) > 0 {
			t.Errorf("%s after %v", again.ID, time.Since(start))
		}
		p.send(accepted(id, 6))
		if d := <-answers[0]; d.err != nil {
			t.Error(d.err)
		}
	})
}

func TestDo_ReturnsWhenItsContextEnds(t *testing.T) {
	scripted(t, func(t *testing.T, f *fakeServer) {
		c, p := f.connected(f.options(), `{}`)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Do(ctx, wire.Command{ID: "c1", Body: floor.ReleaseSchedule{}}); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		p.command()
		answers := doInOrder(t, c, wire.Command{ID: "c1", Body: floor.ReleaseSchedule{}}, wire.Command{ID: "c1", Body: floor.ReleaseSchedule{}})
		if d := <-answers[1]; d.err == nil {
			t.Error("the ID of a waiting command was accepted")
		}
		if again := p.command(); again.ID != "c1" {
			t.Errorf("%+v", again)
		}
		p.send(accepted("c1", 6))
		if d := <-answers[0]; d.err != nil || d.accepted.Seq != 6 {
			t.Errorf("%+v", d)
		}
		for _, bad := range []wire.Command{{}, {ID: "a b", Body: floor.ReleaseSchedule{}}} {
			if _, err := c.Do(t.Context(), bad); err == nil {
				t.Errorf("%+v was accepted", bad)
			}
		}
	})
}

// A program must be able to tell a command that may be applied from one that never left.
func TestDo_TellsAnUnknownOutcomeFromAnUnsentCommand(t *testing.T) {
	for name, end := range map[string]struct {
		cause error
		by    func(*client.Client, context.CancelFunc)
	}{
		"the context ends": {context.Canceled, func(_ *client.Client, cancel context.CancelFunc) { cancel() }},
		"the client ends":  {client.ErrClosed, func(c *client.Client, _ context.CancelFunc) { c.Close() }},
	} {
		t.Run(name, func(t *testing.T) {
			scripted(t, func(t *testing.T, f *fakeServer) {
				c, p := f.connected(f.options(), `{}`)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				errs := map[string]chan error{"sent": make(chan error, 1), "waiting": make(chan error, 1)}
				for _, id := range []string{"sent", "waiting"} {
					go func() {
						_, err := c.Do(ctx, wire.Command{ID: id, Body: floor.ReleaseSchedule{}})
						errs[id] <- err
					}()
					synctest.Wait() // so that they are in the outbox in this order
				}
				p.command()
				p.close(wire.CloseRestart)
				f.accept().hello() // on this connection, nothing was sent yet
				synctest.Wait()
				end.by(c, cancel)
				err := <-errs["sent"]
				unknown, ok := errors.AsType[*client.UnknownOutcomeError](err)
				if !ok || unknown.ID != "sent" || !errors.Is(err, end.cause) {
					t.Errorf("the command that was sent: %v, want an unknown outcome because of %v", err, end.cause)
				}
				err = <-errs["waiting"]
				if _, ok := errors.AsType[*client.UnknownOutcomeError](err); ok || !errors.Is(err, end.cause) {
					t.Errorf("the command behind it: %v, want it unsent because of %v", err, end.cause)
				}
			})
		})
	}
}

func TestDo_RefusesMoreThan256WaitingCommands(t *testing.T) {
	scripted(t, func(t *testing.T, f *fakeServer) {
		c, _ := f.connected(f.options(), `{}`)
		answers := doInOrder(t, c, releases257()...)
		if d := <-answers[256]; !errors.Is(d.err, client.ErrOutboxFull) {
			t.Error(d.err)
		}
		c.Close()
		for _, a := range answers[:256] {
			if d := <-a; !errors.Is(d.err, client.ErrClosed) {
				t.Fatal(d.err)
			}
		}
	})
}

func releases257() (all []wire.Command) {
	for range 257 {
		all = append(all, release)
	}
	return all
}
