package compose_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matchfloor/matchfloor/client"
	"github.com/matchfloor/matchfloor/floor"
	"github.com/matchfloor/matchfloor/journal/archive"
	"github.com/matchfloor/matchfloor/wire"
)

const (
	ownMeeting  = floor.MeetingID("m043") // of k01a in R3
	otherTable  = floor.TableID("T25")    // is free in every round, as is T26
	nodeUser    = 65532                   // of the Dockerfile
	commandWait = 30 * time.Second        // after which a command counts as lost

	// nodeDeathAim is how long a command may wait when the node of its sender has died; half of
	// it is the client's pause before it connects again.
	nodeDeathAim   = 1500 * time.Millisecond
	nodeDeathBound = 3 * time.Second
)

func submit(t *testing.T, c *client.Client, command wire.Command) (wire.Accepted, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandWait)
	defer cancel()
	return c.Do(ctx, command)
}

// checkMove moves the phone's meeting from the console on the other node.
func (s *stack) checkMove(lead, phone *client.Client) {
	s.t.Helper()
	var took []time.Duration
	for _, table := range []floor.TableID{otherTable, "T26", otherTable, "T26", otherTable} {
		began := time.Now()
		if _, err := submit(s.t, lead, wire.Command{Body: floor.MoveMeeting{Meeting: ownMeeting, Table: table}}); err != nil {
			s.t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(s.t.Context(), commandWait)
		err := phone.WaitFor(ctx, func(v client.View) bool { return showsTable(v, table) })
		cancel()
		if err != nil {
			s.t.Fatalf("the phone never showed %s: %v", table, err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	s.t.Logf("from a move on one node to the phone on the other: median %v, at most %v", took[len(took)/2].Round(time.Millisecond/10), took[len(took)-1].Round(time.Millisecond/10))
}

// showsTable reports whether a phone's view names a table.
func showsTable(v client.View, table floor.TableID) bool {
	for _, card := range v.Cards {
		if strings.Contains(string(card), fmt.Sprintf("%q", table)) {
			return true
		}
	}
	return false
}

// commander gives commands one after another until it is told to stop.
type commander struct {
	t       *testing.T
	console *client.Client
	stop    chan struct{}
	done    chan struct{}

	mu      sync.Mutex        // guards the fields below while run runs
	acked   map[string]uint64 // the records' sequence numbers by the commands' IDs
	longest time.Duration
	err     error
}

func (s *stack) startCommands(console *client.Client) *commander {
	c := &commander{t: s.t, console: console, stop: make(chan struct{}), done: make(chan struct{}), acked: map[string]uint64{}}
	go c.run()
	return c
}

func (c *commander) run() {
	defer close(c.done)
	for locked := true; ; locked = !locked {
		select {
		case <-c.stop:
			if locked { // the meeting is as it was before
				return
			}
		default:
		}
		began := time.Now()
		command := wire.Command{ID: client.NewID(), Body: floor.LockMeeting{Meeting: "m101", Locked: locked}}
		answer, err := submit(c.t, c.console, command)
		c.mu.Lock()
		if err != nil {
			c.err = err
			c.mu.Unlock()
			return
		}
		c.acked[command.ID], c.longest = answer.Seq, max(c.longest, time.Since(began))
		c.mu.Unlock()
	}
}

// finish stops the commander, and remembers what was acknowledged for checkLog.
func (s *stack) finish(c *commander) {
	s.t.Helper()
	close(c.stop)
	<-c.done
	if c.err != nil {
		s.t.Fatalf("command %d: %v", len(c.acked), c.err)
	}
	maps.Copy(s.acked, c.acked)
}

// backup returns the event's log out of a backup.
func (s *stack) backup(name string) archive.Log {
	s.t.Helper()
	folder := filepath.Join(s.dir, name)
	if err := os.Mkdir(folder, 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Chown(folder, nodeUser, nodeUser); err != nil {
		s.t.Fatal(err)
	}
	s.compose(time.Minute, "run", "--rm", "-v", folder+":/backup", "node-a", "backup", "--to", "/backup/all")
	file, err := os.Open(filepath.Join(folder, "all"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer file.Close()
	var found archive.Log
	err = archive.Read(file, func(l archive.Log) error {
		if string(l.ID) == s.event {
			found = l
		}
		return nil
	})
	if err != nil || len(found.Records) == 0 {
		s.t.Fatalf("the backup has %d records of %s: %v", len(found.Records), s.event, err)
	}
	return found
}

// checkLog checks that a log has each acknowledged command once, as the record that the answer
// named.
func (s *stack) checkLog(log archive.Log) {
	s.t.Helper()
	seqs := map[string][]uint64{}
	for _, r := range log.Records {
		id := string(r.Key[strings.LastIndex(string(r.Key), "/")+1:])
		seqs[id] = append(seqs[id], r.Seq)
	}
	for id, seq := range s.acked {
		if got := seqs[id]; !slices.Equal(got, []uint64{seq}) {
			s.t.Errorf("the command that was acknowledged as record %d is in the log as %v", seq, got)
		}
	}
	s.t.Logf("%d commands were acknowledged, and each is in the log once", len(s.acked))
}

// waitFor waits until some more commands were acknowledged.
func (c *commander) waitFor(more int) {
	c.t.Helper()
	count := func() int {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.acked)
	}
	before := count()
	eventually(c.t, time.Minute, "commands to be acknowledged", func() error {
		select {
		case <-c.done:
			c.t.Fatalf("command %d: %v", count(), c.err)
		default:
		}
		if n := count() - before; n < more {
			return fmt.Errorf("%d of %d", n, more)
		}
		return nil
	})
}

// checkNodeKilled kills the console's node, which then connects to the other one, and later
// that one, and so on. Each time it starts the killed node again.
func (s *stack) checkNodeKilled(lead *client.Client, node string) {
	s.t.Helper()
	var waits []time.Duration
	for range 5 {
		c := s.startCommands(lead)
		c.waitFor(20)
		s.run(time.Minute, "docker", "kill", s.compose(time.Minute, "ps", "-q", node))
		c.waitFor(20)
		s.finish(c)
		waits = append(waits, c.longest.Round(time.Millisecond))
		s.t.Logf("%s was killed: %d commands; the longest wait was %v", node, len(c.acked), waits[len(waits)-1])
		s.compose(time.Minute, "up", "-d", "--no-build")
		s.waitHealthy()
		node = map[string]string{"node-a": "node-b", "node-b": "node-a"}[node]
	}
	slices.Sort(waits)
	middle := waits[len(waits)/2]
	s.t.Logf("a command waits %v after the death of its sender's node (median of %v; the aim is %v)", middle, waits, nodeDeathAim)
	if middle > nodeDeathAim || waits[len(waits)-1] > nodeDeathBound {
		s.t.Errorf("the aim is %v, and nothing may wait longer than %v", nodeDeathAim, nodeDeathBound)
	}
}

// checkRedisRestarted restarts Redis under commands.
func (s *stack) checkRedisRestarted(lead *client.Client) {
	s.t.Helper()
	c := s.startCommands(lead)
	c.waitFor(20)
	began := time.Now()
	s.compose(time.Minute, "restart", "redis")
	took := since(began)
	c.waitFor(20)
	s.finish(c)
	s.t.Logf("Redis was restarted in %v: %d commands; the longest wait was %v", took, len(c.acked), c.longest.Round(time.Millisecond))
}

// checkEverythingRecreated removes all containers and networks and starts again: the volume and
// the key are enough for links and logs.
func (s *stack) checkEverythingRecreated(phone *client.Client) {
	s.t.Helper()
	before, began := s.backup("before"), time.Now()
	s.compose(3*time.Minute, "down")
	s.t.Logf("`down` took %v", since(began))
	s.start()
	after, n := s.backup("after"), len(before.Records)
	if after.Epoch != before.Epoch || len(after.Records) < n || after.Records[n-1].Hash != before.Records[n-1].Hash {
		s.t.Errorf("%d records before and %d after, and the later log does not continue the earlier one", n, len(after.Records))
	}
	s.checkLog(after)
	ctx, cancel := context.WithTimeout(s.t.Context(), commandWait)
	defer cancel()
	if _, err := phone.Sync(ctx); err != nil {
		s.t.Errorf("the phone that was open: %v", err)
	}
	again := s.dial("attendee:k01a")
	if !showsTable(again.View(), otherTable) {
		s.t.Errorf("after the restart the phone does not show %s", otherTable)
	}
	for who, url := range s.printLinks() {
		if s.links[who] != url {
			s.t.Errorf("the link of %s has changed", who)
		}
	}
	s.t.Logf("recreated with volume and key kept: links work; %s", strings.ReplaceAll(s.verified(), "\n", "; "))
}
